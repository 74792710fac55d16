"""`keras.ops`: functions on tensors, arrays and numbers, and on symbolic tensors, where they become nodes.

>>> from lamina import ops
>>> ops.add([1, 2], 0.5).tolist()
[1.5, 2.5]
>>> ops.nn.relu is ops.relu
True
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lamina.ops import (
    activations,
    arrays,
    attention,
    convolution,
    core,
    creation,
    decoding,
    elementwise,
    image,
    linalg,
    linear,
    losses,
    missing_values,
    nn,
    normalization,
    numpy,
    ordering,
    patches,
    reductions,
    signal,
    warping,
)
from lamina.ops.convert import convert, result_type
from lamina.ops.registry import FUNCTIONS, OPS, by_name, define, op
from lamina.ops.shapes import infer
from lamina.shapes import TensorSpec

__all__ = [
    "OPS", "TensorSpec", "convert", "define", "image", "infer", "linalg", "nn", "numpy", "op",
    "result_type",
]  # fmt: skip

_PARTS = (
    activations, arrays, attention, convolution, core, creation, decoding, elementwise, linear, losses, missing_values, normalization,
    ordering, patches, reductions, signal, warping,
)  # fmt: skip
"""Importing them registers what they offer."""


def __getattr__(name: str) -> Callable[..., Any]:
    return by_name(name, __name__)


def __dir__() -> list[str]:
    return sorted({*__all__, *FUNCTIONS, *OPS.names(), *OPS.aliases()})
