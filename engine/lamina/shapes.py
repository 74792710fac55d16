"""Shapes as closed forms: sizes of the axes, the batch first, None for an axis of any size."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

Shape = tuple[int | None, ...]
"""Sizes of the axes, the batch first; None for an axis of any size."""


@dataclass(frozen=True)
class TensorSpec:
    """What is known of a tensor before there are values.

    Args:
        shape: Sizes of the axes, the batch (None) first.
        dtype: Type of the elements.
        has_mask: Whether it will carry a mask.
    """

    shape: Shape
    dtype: str = "float32"
    has_mask: bool = False


def shape_text(shape: Shape) -> str:
    """A shape as people read it: (batch, 28, 28, 1), with ? for an unknown size."""
    sizes = ["batch" if shape[0] is None else str(shape[0])] if shape else []
    sizes += ["?" if size is None else str(size) for size in shape[1:]]
    return f"({', '.join(sizes)})"


def product(sizes: Iterable[int | None]) -> int:
    """Product of sizes, unknown ones counted as 1."""
    total = 1
    for size in sizes:
        total *= 1 if size is None else size
    return total


def is_shape(value: Any) -> bool:
    """Whether a value is a tuple of sizes."""
    return isinstance(value, tuple) and is_sizes(value)


def is_sizes(value: Any) -> bool:
    """Whether a value is a shape, be it in a list, as JSON has it."""
    return isinstance(value, (list, tuple)) and all(
        size is None or isinstance(size, int) for size in value
    )


def is_nest_of_shapes(value: Any) -> bool:
    """Whether a value is a shape, or a nest of lists and dicts of shapes."""
    if isinstance(value, dict):
        return bool(value) and all(map(is_nest_of_shapes, value.values()))
    if not isinstance(value, (list, tuple)):
        return False
    return is_sizes(value) or all(map(is_nest_of_shapes, value))


def listed_shapes(given: tuple[Any, ...]) -> tuple[Shape, ...]:
    """Shapes that were passed one by one, or in a list; None for an input that is left out."""
    if len(given) == 1 and given[0] and isinstance(given[0][0], (list, tuple)):
        given = tuple(given[0])
    return tuple(tuple(shape) for shape in given if shape is not None)
