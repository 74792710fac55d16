"""UnitNormalization: vectors of length 1."""

from __future__ import annotations

import torch
from torch import Tensor

from lamina.errors import ShapeError
from lamina.fields import Int, field
from lamina.layer import Layer, Shape, layer, shape_text
from lamina.text import Text


def to_unit_length(x: Tensor, axes: int | list[int]) -> Tensor:
    """X over its Euclidean length along the axes; zeros stay zeros."""
    return x * torch.rsqrt(x.square().sum(axes, keepdim=True)).clamp(max=1e12)


@layer(
    group="normalization",
    summary=Text("Brings vectors to length 1.", "把向量缩放为单位长度。"),
)
class UnitNormalization(Layer):
    """x over its Euclidean length along an axis, or along several together.

    Shapes:
        (batch, …) -> the same
    """

    axis: Int | tuple[Int, ...] = field(
        -1,
        doc=Text("Axis of the vectors; several make one vector.", "向量所在的轴；可为多个轴。"),
        advanced=True,
    )

    supports_masking = True

    @property
    def axes(self) -> list[int]:
        return list(self.axis) if isinstance(self.axis, tuple) else [self.axis]

    def output_shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        for axis in self.axes:
            if not -len(x) <= axis < len(x):
                raise ShapeError(
                    Text(
                        f'UnitNormalization "{self.name}" has no axis {axis} in {shape_text(x)}.',
                        f"UnitNormalization“{self.name}”的输入 {shape_text(x)} 中没有轴 {axis}。",
                    ),
                    field="axis",
                    suggest={"axis": -1},
                )
        return x

    def forward(self, *inputs: Tensor) -> Tensor:
        return self.narrowed(to_unit_length(self.widened(inputs[0]), self.axes))
