"""The axes that a layer normalizes over, one or several, and weights that lie along them."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from lamina.errors import ShapeError
from lamina.layer import Layer, Shape, need_known, shape_text
from lamina.text import Text


def chosen_axes(axis: int | Sequence[int]) -> tuple[int, ...]:
    """The axes in the order in which weights have their sizes."""
    return (axis,) if isinstance(axis, int) else tuple(sorted(axis))


def check_axes(layer: Layer, axis: int | Sequence[int], shape: Shape) -> tuple[int, ...]:
    """The sizes along the axes; a `ShapeError` where an axis is not there, comes twice or has no known size."""
    axes, rank = chosen_axes(axis), len(shape)
    within = [one % rank for one in axes if -rank <= one < rank] if rank else []
    if rank < 2 or not axes or len(set(within)) != len(axes):
        raise ShapeError(
            Text(
                f'{type(layer).__name__} "{layer.name}": axis {axis} of {shape_text(shape)} is out of bounds, or one '
                "comes twice. Count axes from 0, the batch, or from the end with a minus.",
                f"{type(layer).__name__}“{layer.name}”：{shape_text(shape)} 没有轴 {axis}，或某轴重复。"
                "请从 0（批次）开始数，或用负数从末尾数。",
            ),
            field="axis",
            suggest={"axis": -1},
        )
    return tuple(need_known(layer, shape, one, "feature") for one in axes)


def are_last(axis: int | Sequence[int], rank: int) -> bool:
    """Whether the axes are the last ones, one after the other."""
    axes = [one % rank for one in chosen_axes(axis)]
    return axes == list(range(rank - len(axes), rank))


def along(weight: Tensor, axis: int | Sequence[int], x: Tensor) -> Tensor:
    """A weight of sizes along the axes, to be multiplied with `x`."""
    axes = {one % x.dim() for one in chosen_axes(axis)}
    return weight.reshape([x.shape[a] if a in axes else 1 for a in range(x.dim())])
