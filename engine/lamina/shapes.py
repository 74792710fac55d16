"""Shapes as closed forms: sizes of the axes, the batch first, None for an axis of any size."""

from __future__ import annotations

from collections.abc import Iterable

Shape = tuple[int | None, ...]
"""Sizes of the axes, the batch first; None for an axis of any size."""


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
