"""LayerNormalization: zero mean and unit variance over the features of each sample."""

from __future__ import annotations

from collections.abc import Iterator

import torch.nn.functional as F
from torch import Tensor

from lamina.errors import ShapeError
from lamina.fields import Int, field
from lamina.layer import Shape, Weight, layer, need_known, shape_text
from lamina.layers.normalization.scale_and_offset import ScaleAndOffset
from lamina.text import Text


@layer(
    group="normalization",
    summary=Text(
        "Zero mean, unit variance within each sample.", "在每个样本内归一化为零均值、单位方差。"
    ),
)
class LayerNormalization(ScaleAndOffset):
    """gamma (x - mean) / sqrt(variance + epsilon) + beta over the last axis (Ba et al. 2016, arXiv:1607.06450).

    Shapes:
        (batch, …, features) -> the same
    """

    axis: Int = field(
        -1,
        doc=Text("Axis of the features; the last one.", "特征所在的轴，即最后一个轴。"),
        advanced=True,
    )

    def output_shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        if self.axis not in (-1, len(x) - 1) or len(x) < 2:
            raise ShapeError(
                Text(
                    f'LayerNormalization "{self.name}" works on the last axis; axis {self.axis} of {shape_text(x)} is '
                    "not supported.",
                    f"LayerNormalization“{self.name}”作用于最后一个轴；不支持 {shape_text(x)} 的轴 {self.axis}。",
                ),
                field="axis",
                suggest={"axis": -1},
            )
        need_known(self, x, -1, "feature")
        return x

    def weights_for(self, *inputs: Shape) -> Iterator[Weight]:
        return self.scale_and_offset(need_known(self, inputs[0], -1, "feature"))

    def forward(self, *inputs: Tensor) -> Tensor:
        features = need_known(self, self.built_for[0], -1, "feature")
        gamma = self._gamma if self.scale else None
        beta = self._beta if self.center else None
        y = F.layer_norm(self.widened(inputs[0]), (features,), gamma, beta, self.epsilon)
        return self.narrowed(y)
