"""GlobalAveragePooling1D: one number for each feature of a sequence."""

from __future__ import annotations

from torch import Tensor

from lamina.fields import DataFormat, field
from lamina.layer import Layer, Shape, layer, need_rank
from lamina.text import Text


@layer(
    group="pooling",
    summary=Text("The mean over time.", "对时间轴取平均。"),
    aliases=("GlobalAvgPool1D",),
)
class GlobalAveragePooling1D(Layer):
    """The mean over the steps of a sequence, for each feature.

    Shapes:
        (batch, time, features) -> (batch, features), or (batch, 1, features) with keepdims
    """

    data_format: DataFormat = field(
        None, doc=Text("Order of the axes.", "轴的顺序。"), advanced=True
    )
    keepdims: bool = field(
        False, doc=Text("Keep time as an axis of size 1.", "保留大小为 1 的时间轴。"), advanced=True
    )

    def output_shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        need_rank(self, x, 3, "(batch, time, features)")
        return (x[0], 1, x[2]) if self.keepdims else (x[0], x[2])

    def forward(self, *inputs: Tensor) -> Tensor:
        return inputs[0].mean(1, keepdim=self.keepdims)
