"""Shapes and types of an op's result without computing: two runs on torch's meta device.

Sizes that are not known are stood in for by two different sets of numbers; an axis on which the two runs differ is
not known in the result either.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from lamina.devices import inside
from lamina.errors import LaminaError, ShapeError
from lamina.ops.convert import dtype_name
from lamina.ops.registry import is_symbolic
from lamina.shapes import TensorSpec
from lamina.text import Text

STAND_INS = (2, 3), (5, 7)
"""For the first axis and for all others, in each run: the same everywhere, so that two batches still fit together."""


def infer(function: Callable[..., Any], args: Any, kwargs: Mapping[str, Any]) -> Any:
    """What `function(*args, **kwargs)` would give, each tensor of it as a `TensorSpec`.

    Args:
        function: An op.
        args: Positional arguments; symbolic tensors and `TensorSpec`s stand for tensors.
        kwargs: Keyword arguments, likewise.

    Raises:
        ShapeError: If the shapes do not fit, or the result depends on values.
    """
    results = []
    for stand_in in STAND_INS:
        real_args, real_kwargs = _filled((args, dict(kwargs)), stand_in)
        try:
            with torch.device("meta"), inside(torch.device("meta")):
                results.append(function(*real_args, **real_kwargs))
        except LaminaError:
            raise
        except (RuntimeError, ValueError, IndexError, NotImplementedError, TypeError) as error:
            name = getattr(function, "__name__", "op")
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ShapeError(
                Text(
                    f'The op "{name}" cannot take {_shapes_text((args, kwargs))}: {reason}',
                    f"运算“{name}”无法处理 {_shapes_text((args, kwargs))}：{reason}",
                )
            ) from error
    return _merged(*results)


def _filled(value: Any, stand_in: tuple[int, int]) -> Any:
    if isinstance(value, TensorSpec) or is_symbolic(value):
        sizes = [
            (stand_in[0] if axis == 0 else stand_in[1]) if size is None else size
            for axis, size in enumerate(value.shape)
        ]
        return torch.empty(sizes, dtype=getattr(torch, dtype_name(value.dtype)), device="meta")
    if isinstance(value, Tensor):
        return value.to("meta")
    if isinstance(value, (list, tuple)):
        return type(value)(_filled(item, stand_in) for item in value)
    if isinstance(value, dict):
        return {key: _filled(item, stand_in) for key, item in value.items()}
    return value


def _merged(first: Any, second: Any) -> Any:
    if isinstance(first, Tensor):
        if first.dim() != second.dim():
            raise ShapeError(
                Text(
                    "The number of axes of the result depends on a size that is not known.",
                    "结果的轴数取决于未知的大小。",
                )
            )
        shape = tuple(a if a == b else None for a, b in zip(first.shape, second.shape, strict=True))
        return TensorSpec(shape, dtype_name(first.dtype))
    if isinstance(first, (list, tuple)):
        if len(first) != len(second):
            raise ShapeError(
                Text(
                    "The number of results depends on a size that is not known.",
                    "结果的个数取决于未知的大小。",
                )
            )
        merged = [_merged(a, b) for a, b in zip(first, second, strict=True)]
        return tuple(merged) if isinstance(first, tuple) else merged
    if isinstance(first, dict):
        return {key: _merged(item, second[key]) for key, item in first.items()}
    return first if first == second else None


def _shapes_text(value: Any) -> str:
    found: list[str] = []

    def visit(item: Any) -> None:
        if isinstance(item, (Tensor, TensorSpec)) or is_symbolic(item):
            found.append(str(tuple(item.shape)))
        elif isinstance(item, (list, tuple)):
            for inner in item:
                visit(inner)
        elif isinstance(item, dict):
            visit(list(item.values()))

    visit(value)
    return ", ".join(found) or "these arguments"
