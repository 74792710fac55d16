"""What tests over the whole registry of layers share."""

import functools
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

CONTRACT = Path(__file__).parent / "layers" / "test_contract.py"


@functools.cache
def _smallest() -> Callable[[str], Any]:
    """The table of the least each layer needs, which stands beside the layers' contract."""
    return runpy.run_path(str(CONTRACT))["smallest"]


@pytest.fixture
def smallest_model() -> Callable[[str], tuple[Any, list[np.ndarray]]]:
    """Makes the model of one layer, its weights shaken, and a batch for each of its inputs."""
    import lamina

    def make(name: str) -> tuple[lamina.Model, list[np.ndarray]]:
        layer, shapes = _smallest()(name)
        is_tokens = name == "Embedding"
        sizes = [tuple(5 if size is None else size for size in shape) for shape in shapes]
        symbols = [
            lamina.Input(shape=shape, dtype="int32" if is_tokens else None) for shape in sizes
        ]
        output = layer(symbols if len(symbols) > 1 else symbols[0])
        model = lamina.Model(symbols if len(symbols) > 1 else symbols[0], output)
        random = np.random.default_rng(5)
        model.set_weights([random.uniform(0.1, 0.7, w.shape) for w in model.get_weights()])
        if is_tokens:
            return model, [random.integers(0, 4, (3, *size), dtype=np.int32) for size in sizes]
        return model, [random.normal(size=(3, *size)).astype(np.float32) for size in sizes]

    return make
