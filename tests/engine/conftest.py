"""What tests over the whole registry of layers share."""

import functools
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

collect_ignore = ["keras_suite/plugin.py"]  # puts lamina in the place of Keras when it is imported

CONTRACT = Path(__file__).parent / "layers" / "test_contract.py"


@functools.cache
def _contract() -> dict[str, Any]:
    """What stands in the layers' contract: the least each layer needs, and types of inputs."""
    return runpy.run_path(str(CONTRACT))


@pytest.fixture
def smallest_model() -> Callable[[str], tuple[Any, list[np.ndarray]]]:
    """Makes the model of one layer, its weights shaken, and a batch for each of its inputs."""
    import lamina

    def make(name: str) -> tuple[lamina.Model, list[np.ndarray]]:
        layer, shapes = _contract()["smallest"](name)
        dtype = _contract()["TYPES"].get(name)
        sizes = [tuple(5 if size is None else size for size in shape) for shape in shapes]
        symbols = [lamina.Input(shape=shape, dtype=dtype) for shape in sizes]
        output = layer(symbols if len(symbols) > 1 else symbols[0])
        model = lamina.Model(symbols if len(symbols) > 1 else symbols[0], output)
        random = np.random.default_rng(5)
        model.set_weights([random.uniform(0.1, 0.7, w.shape) for w in model.get_weights()])
        if dtype is not None:
            tokens = [random.integers(0, 4, (3, *size), dtype=np.int32) for size in sizes]
            return model, [x.astype(str) if dtype == "string" else x for x in tokens]
        return model, [random.normal(size=(3, *size)).astype(np.float32) for size in sizes]

    return make
