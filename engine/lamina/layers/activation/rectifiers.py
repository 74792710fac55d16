"""ReLU and LeakyReLU."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from lamina.activations import relu
from lamina.fields import NonNegativeFloat, field
from lamina.layer import Layer, Shape, layer
from lamina.text import Text


@layer(group="activation", summary=Text("Keeps what is positive.", "保留正值。"))
class ReLU(Layer):
    """max(x, 0), with an optional ceiling, slope below, and threshold.

    Shapes:
        (batch, …) -> the same
    """

    max_value: NonNegativeFloat | None = field(
        None, doc=Text("Ceiling; empty for none.", "上限；留空表示没有上限。"), advanced=True
    )
    negative_slope: NonNegativeFloat = field(
        0.0, doc=Text("Slope below the threshold.", "阈值以下的斜率。"), advanced=True
    )
    threshold: NonNegativeFloat = field(
        0.0, doc=Text("Values below it are damped.", "低于该值的部分会被抑制。"), advanced=True
    )

    supports_masking = True

    def output_shape(self, *inputs: Shape) -> Shape:
        return inputs[0]

    def forward(self, *inputs: Tensor) -> Tensor:
        output: Tensor = relu(inputs[0], self.negative_slope, self.max_value, self.threshold)
        return output


@layer(group="activation", summary=Text("Keeps a little of what is negative.", "保留少量负值。"))
class LeakyReLU(Layer):
    """x above 0, `negative_slope` x below.

    Shapes:
        (batch, …) -> the same
    """

    negative_slope: NonNegativeFloat = field(0.3, doc=Text("Slope below 0.", "负半轴的斜率。"))

    aliases = {"alpha": "negative_slope"}

    supports_masking = True

    def output_shape(self, *inputs: Shape) -> Shape:
        return inputs[0]

    def forward(self, *inputs: Tensor) -> Tensor:
        return F.leaky_relu(inputs[0], self.negative_slope)
