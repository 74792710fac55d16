"""Names of Keras' inside that its tests and its harness use, in terms of lamina's public interface."""

from __future__ import annotations

import contextlib
import os
import types
from collections.abc import Iterator
from typing import Any

import pytest
import torch

import lamina
from lamina import calls, ops


def is_tensor(x: Any) -> bool:
    return isinstance(x, torch.Tensor)


def convert_to_numpy(x: Any) -> Any:
    return ops.convert_to_numpy(x)


@contextlib.contextmanager
def name_scope(name: str, **_options: Any) -> Iterator[None]:
    yield


@contextlib.contextmanager
def device(name: str) -> Iterator[None]:
    yield


def skip_if_backend(backend: str, reason: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(backend == "torch", reason=reason)


def _shape(x: Any) -> tuple[int, ...]:
    return tuple(x.shape)


def compute_output_spec(function: Any, *args: Any, **kwargs: Any) -> Any:
    return function(*args, **kwargs)


NAMES: dict[str, Any] = {
    "models.Functional": lamina.Model,
    "models.functional.Functional": lamina.Model,
    "backend.KerasTensor": lamina.KerasTensor,
    "backend.SUPPORTS_COMPLEX_DTYPES": True,
    "backend.SUPPORTS_RAGGED_TENSORS": False,
    "backend.SUPPORTS_SPARSE_TENSORS": False,
    "backend.Variable": lamina.Variable,
    "backend.compute_output_spec": compute_output_spec,
    "backend.convert_to_numpy": convert_to_numpy,
    "backend.device": device,
    "backend.get_keras_mask": calls.mask_of,
    "backend.is_tensor": is_tensor,
    "backend.name_scope": name_scope,
    "backend.random": lamina.random,
    "backend.set_keras_mask": calls.set_mask,
    "backend.shape": _shape,
    "backend.standardize_shape": tuple,
    "utils.file_utils.exists": os.path.exists,
    "utils.io_utils.set_logging_verbosity": lambda level: None,
    "utils.file_utils.join": os.path.join,
    "utils.removesuffix": str.removesuffix,
    "utils.traceback_utils.disable_traceback_filtering": lamina.config.disable_traceback_filtering,
    "utils.traceback_utils.is_traceback_filtering_enabled": lamina.config.is_traceback_filtering_enabled,
    "backend.common.global_state.clear_session": lambda free_memory=True: (
        lamina.utils.clear_session()
    ),
}
"""By their place below `keras.src`; a name in a part of Keras counts for all modules in that part."""


def conftest() -> types.ModuleType:
    """What tests import from the `conftest.py` at the root of Keras' repository, which the wheel lacks."""
    module = types.ModuleType("conftest")
    module.skip_if_backend = skip_if_backend  # type: ignore[attr-defined]
    return module
