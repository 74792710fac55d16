"""Sizes and padding of sliding windows, shared by convolutions and pooling."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor

from lamina.errors import ShapeError
from lamina.layer import Layer, Shape, shape_text
from lamina.text import Text

AXES = {
    1: "(batch, time, channels)",
    2: "(batch, height, width, channels)",
    3: "(batch, depth, height, width, channels)",
}
"""Inputs with so many axes for a window to slide along, in words."""


def channels_first(rank: int) -> tuple[int, ...]:
    """Order of axes that brings the channels behind the batch, as torch's kernels have them."""
    return (0, rank + 1, *range(1, rank + 1))


def channels_last(rank: int) -> tuple[int, ...]:
    """The reverse of `channels_first`."""
    return (0, *range(2, rank + 2), 1)


def window_size(
    layer: Layer,
    shape: Shape,
    axis: int,
    window: int,
    stride: int,
    padding: str,
    dilation: int = 1,
    *,
    field: str,
) -> int | None:
    """Number of positions of a window along one axis; raises a `ShapeError` when it does not fit once."""
    size = shape[axis]
    if size is None:
        return None
    if padding == "same":
        return -(-size // stride)
    extent = (window - 1) * dilation + 1
    if extent > size:
        raise ShapeError(
            Text(
                f'{type(layer).__name__} "{layer.name}" looks at {extent} values along axis {axis}, but its input '
                f'{shape_text(shape)} has only {size}. Use a smaller {field} or padding "same".',
                f"{type(layer).__name__}“{layer.name}”在轴 {axis} 上需要 {extent} 个值，但输入 {shape_text(shape)} "
                f"只有 {size} 个。请减小 {field}，或把 padding 设为“same”。",
            ),
            field=field,
            suggest={"padding": "same"},
        )
    return (size - extent) // stride + 1


def even_same_padding(
    sizes: Sequence[int], strides: Sequence[int], dilations: Sequence[int]
) -> tuple[int, ...] | None:
    """Padding for "same" that is equal on both sides whatever the input's size; None when there is none."""
    totals = [(size - 1) * dilation for size, dilation in zip(sizes, dilations, strict=True)]
    if any(stride != 1 for stride in strides) or any(total % 2 for total in totals):
        return None
    return tuple(total // 2 for total in totals)


def same_padding(
    spatial: Sequence[int], sizes: Sequence[int], strides: Sequence[int], dilations: Sequence[int]
) -> list[tuple[int, int]]:
    """Padding before and after each axis for "same", the odd one after, as Keras does it."""
    padding = []
    for size, window, stride, dilation in zip(spatial, sizes, strides, dilations, strict=True):
        extent = (window - 1) * dilation + 1
        total = max((-(-size // stride) - 1) * stride + extent - size, 0)
        padding.append((total // 2, total - total // 2))
    return padding


def pad_same(
    x: Tensor,
    sizes: Sequence[int],
    strides: Sequence[int],
    dilations: Sequence[int],
    mode: str = "constant",
) -> Tensor:
    """Pad (batch, channels, …) so that a window gives "same" sizes."""
    padding = same_padding(x.shape[2:], sizes, strides, dilations)
    flat = [amount for sides in reversed(padding) for amount in sides]
    return F.pad(x, flat, mode=mode) if any(flat) else x
