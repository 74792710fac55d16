"""`keras.ops`: functions on tensors, arrays and numbers, and on symbolic tensors, where they become nodes.

>>> from lamina import ops
>>> ops.add([1, 2], 0.5).tolist()
[1.5, 2.5]
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lamina.ops import (
    activations,
    arrays,
    attention,
    convolution,
    creation,
    elementwise,
    linalg,
    linear,
    losses,
    nn,
    normalization,
    reductions,
    signal,
)
from lamina.ops.convert import convert, result_type
from lamina.ops.registry import OPERATORS, OPS, define, op
from lamina.ops.shapes import TensorSpec, infer

__all__ = ["OPERATORS", "OPS", "TensorSpec", "convert", "define", "infer", "op", "result_type"]

_PARTS = (
    activations, arrays, attention, convolution, creation, elementwise, linalg, linear, losses, nn, normalization, reductions,
    signal,
)  # fmt: skip
"""Importing them registers their ops."""


def __getattr__(name: str) -> Callable[..., Any]:
    if name in OPS:
        return OPS.get(name)
    close = OPS.close_to(name)
    hint = f" Did you mean {' or '.join(close)}?" if close else ""
    raise AttributeError(f"lamina.ops has no {name!r}.{hint}")


def __dir__() -> list[str]:
    return sorted({*__all__, *OPS.names(), *OPS.aliases()})
