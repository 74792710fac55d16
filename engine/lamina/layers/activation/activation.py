"""Activation and Softmax: activations as layers of their own."""

from __future__ import annotations

import torch
from torch import Tensor

from lamina.activations import Activation as ActivationField
from lamina.activations import softmax
from lamina.errors import ShapeError
from lamina.fields import AnyAxes, field
from lamina.layer import Layer, Shape, layer, shape_text
from lamina.text import Text


@layer(group="activation", summary=Text("Any activation by name.", "按名称使用任意激活函数。"))
class Activation(Layer):
    """Apply an activation to each element (softmax: along the last axis).

    Shapes:
        (batch, …) -> the same
    """

    activation: ActivationField = field(suggest="relu", doc=Text("The activation.", "激活函数。"))

    supports_masking = True

    def output_shape(self, *inputs: Shape) -> Shape:
        return inputs[0]

    def forward(self, *inputs: Tensor) -> Tensor:
        return self.activation(inputs[0])


@layer(
    group="activation",
    summary=Text("Turns scores into probabilities.", "把得分转换为概率。"),
)
class Softmax(Layer):
    """exp(x) over its sum along an axis: probabilities that add up to 1.

    Shapes:
        (batch, …) -> the same
    """

    axis: AnyAxes = field(
        -1, doc=Text("Axis along which they add up to 1.", "沿哪个轴求和为 1。"), advanced=True
    )

    supports_masking = True

    def output_shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        axes = self.axis if isinstance(self.axis, tuple) else (self.axis,)
        if not all(-len(x) <= axis < len(x) for axis in axes):
            raise ShapeError(
                Text(
                    f'Softmax "{self.name}" has no axis {self.axis} in {shape_text(x)}.',
                    f"Softmax“{self.name}”的输入 {shape_text(x)} 中没有轴 {self.axis}。",
                ),
                field="axis",
                suggest={"axis": -1},
            )
        return x

    def output_activation(self) -> str | None:
        return "softmax" if self.axis == -1 else None

    def forward(self, *inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        (x,) = inputs
        if mask is None:
            return softmax(x, self.axis)
        counts = mask > 0.5
        # where nothing counts along the axis, the shares are zeros
        return torch.where(counts, softmax(torch.where(counts, x, -1e9), self.axis), 0.0)
