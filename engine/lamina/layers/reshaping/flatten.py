"""Flatten: all axes but the batch in one."""

from __future__ import annotations

from torch import Tensor

from lamina.fields import DataFormat, field
from lamina.layer import Layer, Shape, layer, product
from lamina.text import Text


@layer(group="reshaping", summary=Text("All axes in one.", "把所有轴展平为一个。"))
class Flatten(Layer):
    """Lay the values of each sample in a row.

    Shapes:
        (batch, a, b, …) -> (batch, a b …)
    """

    data_format: DataFormat = field(
        None, doc=Text("Order of the axes.", "轴的顺序。"), advanced=True
    )

    keeps_whole_numbers = True

    def output_shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        return (x[0], None if None in x[1:] else product(x[1:]))

    def forward(self, *inputs: Tensor) -> Tensor:
        return inputs[0].flatten(1) if len(self.built_for[0]) > 1 else inputs[0].unsqueeze(1)
