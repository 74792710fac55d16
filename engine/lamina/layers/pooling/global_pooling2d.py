"""GlobalAveragePooling2D: one number for each channel of an image."""

from __future__ import annotations

from torch import Tensor

from lamina.fields import DataFormat, field
from lamina.layer import Layer, Shape, layer, need_rank
from lamina.text import Text


@layer(
    group="pooling",
    summary=Text("The mean of each channel.", "取每个通道的平均值。"),
    aliases=("GlobalAvgPool2D",),
)
class GlobalAveragePooling2D(Layer):
    """The mean over height and width, for each channel.

    Shapes:
        (batch, height, width, channels) -> (batch, channels), or (batch, 1, 1, channels) with keepdims
    """

    data_format: DataFormat = field(
        None, doc=Text("Order of the axes.", "轴的顺序。"), advanced=True
    )
    keepdims: bool = field(
        False,
        doc=Text("Keep height and width as axes of size 1.", "保留大小为 1 的高、宽两个轴。"),
        advanced=True,
    )

    def output_shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        need_rank(self, x, 4, "(batch, height, width, channels)")
        return (x[0], 1, 1, x[3]) if self.keepdims else (x[0], x[3])

    def forward(self, *inputs: Tensor) -> Tensor:
        return inputs[0].mean((1, 2), keepdim=self.keepdims)
