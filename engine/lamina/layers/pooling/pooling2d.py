"""MaxPooling2D and AveragePooling2D: the largest or the mean value of each window of an image."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from lamina.fields import DataFormat, Padding, Size2D, field
from lamina.layer import Layer, Shape, layer, need_rank
from lamina.layers.windows import (
    TO_CHANNELS_FIRST,
    TO_CHANNELS_LAST,
    pad_same,
    same_padding,
    window_size,
)
from lamina.text import Text

torch.fx.wrap(
    "pad_same"
)  # its padding depends on the size of the input: a call in a program, not traced

ONE = (1, 1)


@torch.fx.wrap
def average_pool_same(x: Tensor, sizes: tuple[int, int], strides: tuple[int, int]) -> Tensor:
    """The mean of each window of (batch, channels, height, width), padded to "same" sizes."""
    padding = same_padding(x.shape[2:], sizes, strides, ONE)
    if all(before == after for before, after in padding):
        both = [before for before, _ in padding]
        return F.avg_pool2d(x, sizes, strides, both, count_include_pad=False)
    return F.avg_pool2d(pad_same(x, sizes, strides, ONE, "replicate"), sizes, strides)


class _Pooling2D(Layer):
    """What the pooling layers share: the window and the shape rule."""

    pool_size: Size2D = field((2, 2), doc=Text("Height and width of the window.", "窗口的高和宽。"))
    strides: Size2D | None = field(
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
    def steps(self) -> tuple[int, int]:
        return self.pool_size if self.strides is None else self.strides

    def output_shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        need_rank(self, x, 4, "(batch, height, width, channels)")
        height, width = (
            window_size(
                self,
                x,
                axis + 1,
                self.pool_size[axis],
                self.steps[axis],
                self.padding,
                field="pool_size",
            )
            for axis in (0, 1)
        )
        return (x[0], height, width, x[3])


@layer(
    group="pooling",
    summary=Text("The largest value of each window.", "取每个窗口的最大值。"),
    aliases=("MaxPool2D",),
)
class MaxPooling2D(_Pooling2D):
    """The largest value of each window, for each channel.

    Shapes:
        (batch, height, width, channels) -> (batch, new height, new width, channels)
    """

    def forward(self, *inputs: Tensor) -> Tensor:
        x = inputs[0].permute(TO_CHANNELS_FIRST)
        if self.padding == "same":
            # The border's own values never win over the window's, so they may stand in for padding.
            x = pad_same(x, self.pool_size, self.steps, ONE, "replicate")
        return F.max_pool2d(x, self.pool_size, self.steps).permute(TO_CHANNELS_LAST)


@layer(
    group="pooling",
    summary=Text("The mean of each window.", "取每个窗口的平均值。"),
    aliases=("AvgPool2D",),
)
class AveragePooling2D(_Pooling2D):
    """The mean of each window, for each channel.

    With padding "same", padding that is equal on both sides does not count; where it cannot be equal the border's
    values are repeated, as Keras does on torch.

    Shapes:
        (batch, height, width, channels) -> (batch, new height, new width, channels)
    """

    def forward(self, *inputs: Tensor) -> Tensor:
        x = inputs[0].permute(TO_CHANNELS_FIRST)
        if self.padding == "same":
            x = average_pool_same(x, self.pool_size, self.steps)
        else:
            x = F.avg_pool2d(x, self.pool_size, self.steps)
        return x.permute(TO_CHANNELS_LAST)
