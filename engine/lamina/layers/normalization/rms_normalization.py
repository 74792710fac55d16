"""RMSNormalization: features of unit mean square."""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from lamina.fields import AnyAxes, PositiveFloat, field
from lamina.initializers import Ones
from lamina.layer import Layer, Shape, Weight, layer
from lamina.layers.normalization.chosen_axes import along, are_last, check_axes, chosen_axes
from lamina.text import Text


@layer(
    group="normalization",
    summary=Text("Unit mean square within each sample.", "在每个样本内把均方归一化为 1。"),
)
class RMSNormalization(Layer):
    """scale x / sqrt(mean of x squared + epsilon) over the last axis, or others (Zhang and Sennrich 2019, arXiv:1910.07467).

    Shapes:
        (batch, …, features) -> the same
    """

    axis: AnyAxes = field(
        -1, doc=Text("Axis of the features, or several.", "特征所在的轴，可为多个。"), advanced=True
    )
    epsilon: PositiveFloat = field(
        1e-6, doc=Text("Added to the mean square.", "加到均方上的小常数。"), advanced=True
    )

    def output_shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        check_axes(self, self.axis, x)
        return x

    def weights_for(self, *inputs: Shape) -> Iterator[Weight]:
        yield Weight("scale", check_axes(self, self.axis, inputs[0]), Ones())

    def forward(self, *inputs: Tensor) -> Tensor:
        shape = self.built_for[0]
        x, scale = self.widened(inputs[0]), self.widened(self._scale)
        if are_last(self.axis, len(shape)):
            sizes = check_axes(self, self.axis, shape)
            return self.narrowed(F.rms_norm(x, sizes, scale, self.epsilon))
        squares = torch.mean(x * x, chosen_axes(self.axis), keepdim=True)
        return self.narrowed(x * torch.rsqrt(squares + self.epsilon) * along(scale, self.axis, x))
