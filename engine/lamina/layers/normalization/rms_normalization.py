"""RMSNormalization: features of unit mean square."""

from __future__ import annotations

from collections.abc import Iterator

import torch.nn.functional as F
from torch import Tensor

from lamina.errors import ShapeError
from lamina.fields import Int, PositiveFloat, field
from lamina.initializers import Ones
from lamina.layer import Layer, Shape, Weight, layer, need_known, shape_text
from lamina.text import Text


@layer(
    group="normalization",
    summary=Text("Unit mean square within each sample.", "在每个样本内把均方归一化为 1。"),
)
class RMSNormalization(Layer):
    """scale x / sqrt(mean of x squared + epsilon) over the last axis (Zhang and Sennrich 2019, arXiv:1910.07467).

    Shapes:
        (batch, …, features) -> the same
    """

    axis: Int = field(
        -1,
        doc=Text("Axis of the features; the last one.", "特征所在的轴，即最后一个轴。"),
        advanced=True,
    )
    epsilon: PositiveFloat = field(
        1e-6, doc=Text("Added to the mean square.", "加到均方上的小常数。"), advanced=True
    )

    def output_shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        if self.axis not in (-1, len(x) - 1) or len(x) < 2:
            raise ShapeError(
                Text(
                    f'RMSNormalization "{self.name}" works on the last axis; axis {self.axis} of {shape_text(x)} is '
                    "not supported.",
                    f"RMSNormalization“{self.name}”作用于最后一个轴；不支持 {shape_text(x)} 的轴 {self.axis}。",
                ),
                field="axis",
                suggest={"axis": -1},
            )
        need_known(self, x, -1, "feature")
        return x

    def weights_for(self, *inputs: Shape) -> Iterator[Weight]:
        yield Weight("scale", (need_known(self, inputs[0], -1, "feature"),), Ones())

    def forward(self, *inputs: Tensor) -> Tensor:
        features = need_known(self, self.built_for[0], -1, "feature")
        scale = self.widened(self._scale)
        return self.narrowed(F.rms_norm(self.widened(inputs[0]), (features,), scale, self.epsilon))
