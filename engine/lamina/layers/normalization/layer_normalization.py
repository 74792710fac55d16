"""LayerNormalization: zero mean and unit variance over the features of each sample."""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from lamina.fields import AnyAxes, field
from lamina.layer import Shape, Weight, layer
from lamina.layers.normalization.chosen_axes import along, are_last, check_axes, chosen_axes
from lamina.layers.normalization.scale_and_offset import ScaleAndOffset
from lamina.text import Text


@layer(
    group="normalization",
    summary=Text(
        "Zero mean, unit variance within each sample.", "在每个样本内归一化为零均值、单位方差。"
    ),
)
class LayerNormalization(ScaleAndOffset):
    """gamma (x - mean) / sqrt(variance + epsilon) + beta over the last axis, or others (Ba et al. 2016, arXiv:1607.06450).

    Shapes:
        (batch, …, features) -> the same
    """

    axis: AnyAxes = field(
        -1, doc=Text("Axis of the features, or several.", "特征所在的轴，可为多个。"), advanced=True
    )

    def output_shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        check_axes(self, self.axis, x)
        return x

    def weights_for(self, *inputs: Shape) -> Iterator[Weight]:
        return self.scale_and_offset(*check_axes(self, self.axis, inputs[0]))

    def forward(self, *inputs: Tensor) -> Tensor:
        shape = self.built_for[0]
        gamma = self._gamma if self.scale else None
        beta = self._beta if self.center else None
        x = self.widened(inputs[0])
        if are_last(self.axis, len(shape)):
            sizes = check_axes(self, self.axis, shape)
            return self.narrowed(F.layer_norm(x, sizes, gamma, beta, self.epsilon))
        variance, mean = torch.var_mean(x, chosen_axes(self.axis), correction=0, keepdim=True)
        y = (x - mean) * torch.rsqrt(variance + self.epsilon)
        y = y if gamma is None else y * along(gamma, self.axis, x)
        return self.narrowed(y if beta is None else y + along(beta, self.axis, x))
