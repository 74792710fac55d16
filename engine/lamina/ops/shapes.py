"""Shapes and types of an op's result without computing: two runs on torch's meta device.

Sizes that are not known are stood in for by two different sets of numbers; an axis on which the two runs differ is
not known in the result either. Where they do not fit, an axis that is not known may be as long as one that is: the
fewest such guesses that fit are taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from itertools import combinations, product
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
    try:
        return _inferred(function, args, kwargs, {})
    except ShapeError:
        for guess in _guesses((args, kwargs)):
            with suppress(ShapeError):
                return _inferred(function, args, kwargs, guess)
        raise


def _inferred(
    function: Callable[..., Any], args: Any, kwargs: Mapping[str, Any], guess: Mapping[int, int]
) -> Any:
    """The result where axes by their number are as long as guessed."""
    results = []
    for stand_in in STAND_INS:
        real_args, real_kwargs = _filled((args, dict(kwargs)), stand_in, guess)
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


def _guesses(given: Any) -> Iterator[dict[int, int]]:
    """Sizes that are known for one axis that is not, then for two."""
    shapes = _shapes_in(given)
    axes = sorted({axis for shape in shapes for axis, size in enumerate(shape) if size is None})
    sizes = sorted({size for shape in shapes for size in shape if size is not None and size > 1})
    for count in (1, 2):
        for chosen in combinations(axes, count):
            for known in product(sizes, repeat=count):
                yield dict(zip(chosen, known, strict=True))


def _filled(value: Any, stand_in: tuple[int, int], guess: Mapping[int, int]) -> Any:
    if isinstance(value, TensorSpec) or is_symbolic(value):
        sizes = [
            guess.get(axis, stand_in[min(axis, 1)]) if size is None else size
            for axis, size in enumerate(value.shape)
        ]
        return torch.empty(sizes, dtype=getattr(torch, dtype_name(value.dtype)), device="meta")
    if isinstance(value, Tensor):
        return value.to("meta")
    if isinstance(value, (list, tuple)):
        return type(value)(_filled(item, stand_in, guess) for item in value)
    if isinstance(value, dict):
        return {key: _filled(item, stand_in, guess) for key, item in value.items()}
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
    return ", ".join(map(str, _shapes_in(value))) or "these arguments"


def _shapes_in(value: Any) -> list[tuple[int | None, ...]]:
    """The shapes of all tensors, known or not."""
    found: list[tuple[int | None, ...]] = []

    def visit(item: Any) -> None:
        if isinstance(item, (Tensor, TensorSpec)) or is_symbolic(item):
            found.append(tuple(item.shape))
        elif isinstance(item, (list, tuple)):
            for inner in item:
                visit(inner)
        elif isinstance(item, dict):
            visit(list(item.values()))

    visit(value)
    return found
