"""MaxPooling and AveragePooling in 1D, 2D and 3D: the largest or the mean value of each window."""

from __future__ import annotations

from typing import Generic, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor

from lamina.fields import DataFormat, Padding, Size1D, Size2D, Size3D, field
from lamina.layer import Layer, Shape, layer, need_rank
from lamina.layers.windows import (
    AXES,
    channels_first,
    channels_last,
    pad_same,
    same_padding,
    window_size,
)
from lamina.text import Text

torch.fx.wrap(
    "pad_same"
)  # its padding depends on the size of the input: a call in a program, not traced

S = TypeVar("S", bound=tuple[int, ...])


@torch.fx.wrap
def average_pool_same(x: Tensor, sizes: tuple[int, ...], strides: tuple[int, ...]) -> Tensor:
    """The mean of each window of (batch, channels, …), padded to "same" sizes."""
    ones = (1,) * len(sizes)
    pool = (F.avg_pool1d, F.avg_pool2d, F.avg_pool3d)[len(sizes) - 1]
    padding = same_padding(x.shape[2:], sizes, strides, ones)
    if all(before == after for before, after in padding):
        both = [before for before, _ in padding]
        return pool(x, sizes, strides, both, count_include_pad=False)
    return pool(pad_same(x, sizes, strides, ones, "replicate"), sizes, strides)


class _Pooling(Layer, Generic[S]):
    """What the pooling layers share: the window and the shape rule."""

    pool_size: S = field(2, doc=Text("Size of the window along each axis.", "窗口沿各轴的大小。"))
    strides: S | None = field(
        None,
        doc=Text(
            "Steps between positions; the window's size when empty.",
            "滑动步长；留空则等于窗口大小。",
        ),
    )
    padding: Padding = field(
        "valid",
        doc=Text(
            '"same" pads the border, "valid" leaves out what does not fill a window.',
            "“same”填充边缘，“valid”舍去不足一个窗口的部分。",
        ),
    )
    data_format: DataFormat = field(
        None, doc=Text("Order of the axes.", "轴的顺序。"), advanced=True
    )

    @property
    def rank(self) -> int:
        return len(self.pool_size)

    @property
    def steps(self) -> S:
        return self.pool_size if self.strides is None else self.strides

    def output_shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        need_rank(self, x, self.rank + 2, AXES[self.rank])
        spatial = (
            window_size(
                self,
                x,
                axis + 1,
                self.pool_size[axis],
                self.steps[axis],
                self.padding,
                field="pool_size",
            )
            for axis in range(self.rank)
        )
        return (x[0], *spatial, x[-1])

    def pooled(self, x: Tensor) -> Tensor:
        """The windows of (batch, channels, …)."""
        raise NotImplementedError

    def forward(self, *inputs: Tensor) -> Tensor:
        x = inputs[0].permute(channels_first(self.rank))
        return self.pooled(x).permute(channels_last(self.rank))


class _MaxPooling(_Pooling[S]):
    """The largest value of each window, for each channel."""

    def pooled(self, x: Tensor) -> Tensor:
        if self.padding == "same":
            # The border's own values never win over the window's, so they may stand in for padding.
            x = pad_same(x, self.pool_size, self.steps, (1,) * self.rank, "replicate")
        pool = (F.max_pool1d, F.max_pool2d, F.max_pool3d)[self.rank - 1]
        return pool(x, self.pool_size, self.steps)


class _AveragePooling(_Pooling[S]):
    """The mean of each window, for each channel.

    With padding "same", padding that is equal on both sides does not count; where it cannot be equal the border's
    values are repeated, as Keras does on torch.
    """

    def pooled(self, x: Tensor) -> Tensor:
        if self.rank == 3:  # torch has no kernel for half precision on the CPU
            x = self.widened(x)
        if self.padding == "same":
            return self.narrowed(average_pool_same(x, self.pool_size, self.steps))
        pool = (F.avg_pool1d, F.avg_pool2d, F.avg_pool3d)[self.rank - 1]
        return self.narrowed(pool(x, self.pool_size, self.steps))


@layer(
    group="pooling",
    summary=Text("The largest value of each stretch of time.", "取序列中每个窗口的最大值。"),
    aliases=("MaxPool1D",),
)
class MaxPooling1D(_MaxPooling[Size1D]):
    """The largest value of each window of a sequence, for each channel.

    Shapes:
        (batch, time, channels) -> (batch, new time, channels)
    """


@layer(
    group="pooling",
    summary=Text("The largest value of each window.", "取每个窗口的最大值。"),
    aliases=("MaxPool2D",),
)
class MaxPooling2D(_MaxPooling[Size2D]):
    """The largest value of each window of an image, for each channel.

    Shapes:
        (batch, height, width, channels) -> (batch, new height, new width, channels)
    """


@layer(
    group="pooling",
    summary=Text("The largest value of each block of a volume.", "取三维数据中每个窗口的最大值。"),
    aliases=("MaxPool3D",),
)
class MaxPooling3D(_MaxPooling[Size3D]):
    """The largest value of each window of a volume, for each channel.

    Shapes:
        (batch, depth, height, width, channels) -> (batch, new depth, new height, new width, channels)
    """


@layer(
    group="pooling",
    summary=Text("The mean of each stretch of time.", "取序列中每个窗口的平均值。"),
    aliases=("AvgPool1D",),
)
class AveragePooling1D(_AveragePooling[Size1D]):
    """The mean of each window of a sequence, for each channel.

    Shapes:
        (batch, time, channels) -> (batch, new time, channels)
    """


@layer(
    group="pooling",
    summary=Text("The mean of each window.", "取每个窗口的平均值。"),
    aliases=("AvgPool2D",),
)
class AveragePooling2D(_AveragePooling[Size2D]):
    """The mean of each window of an image, for each channel.

    Shapes:
        (batch, height, width, channels) -> (batch, new height, new width, channels)
    """


@layer(
    group="pooling",
    summary=Text("The mean of each block of a volume.", "取三维数据中每个窗口的平均值。"),
    aliases=("AvgPool3D",),
)
class AveragePooling3D(_AveragePooling[Size3D]):
    """The mean of each window of a volume, for each channel.

    Shapes:
        (batch, depth, height, width, channels) -> (batch, new depth, new height, new width, channels)
    """
