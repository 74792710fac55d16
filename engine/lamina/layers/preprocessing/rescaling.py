"""Rescaling: another range of values."""

from __future__ import annotations

from torch import Tensor

from lamina.fields import Float, field
from lamina.layer import Layer, Shape, layer
from lamina.text import Text


@layer(
    group="preprocessing", summary=Text("Brings values to another range.", "把数值缩放到新的范围。")
)
class Rescaling(Layer):
    """scale x + offset, in training and inference alike.

    Shapes:
        (batch, …) of any numbers -> the same, float32

    >>> import torch
    >>> Rescaling(1 / 127.5, offset=-1)(torch.tensor([[0, 255]])).tolist()
    [[-1.0, 1.0]]
    """

    scale: Float = field(
        suggest=1 / 255, doc=Text("Factor of every value.", "每个数值的缩放系数。")
    )
    offset: Float = field(0.0, doc=Text("Added to every value.", "每个数值的偏移量。"))

    supports_masking = True

    def output_shape(self, *inputs: Shape) -> Shape:
        return inputs[0]

    def range_of_values(self, given: tuple[float, float]) -> tuple[float, float]:
        ends = [end * self.scale + self.offset for end in given]
        return (min(ends), max(ends))

    def forward(self, *inputs: Tensor) -> Tensor:
        return self.as_fractions(inputs[0]) * self.scale + self.offset
