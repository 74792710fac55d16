"""Identity: what comes in goes out."""

from __future__ import annotations

from torch import Tensor

from lamina.layer import Layer, Shape, layer
from lamina.text import Text


@layer(group="core", summary=Text("Passes its input on.", "原样传递输入。"))
class Identity(Layer):
    """x itself: a place in a network that does nothing.

    Shapes:
        (batch, …) -> the same
    """

    supports_masking = True
    keeps_whole_numbers = True
    keeps_value_range = True

    def output_shape(self, *inputs: Shape) -> Shape:
        return inputs[0]

    def forward(self, *inputs: Tensor) -> Tensor:
        return inputs[0]
