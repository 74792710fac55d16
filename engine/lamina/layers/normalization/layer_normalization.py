"""LayerNormalization: zero mean and unit variance over the features of each sample."""

from __future__ import annotations

from collections.abc import Iterator

import torch.nn.functional as F
from torch import Tensor

from lamina.constraints import ConstraintField
from lamina.errors import ShapeError
from lamina.fields import Int, PositiveFloat, field
from lamina.initializers import InitializerField
from lamina.layer import Layer, Shape, Weight, layer, need_known, shape_text
from lamina.layers.shared_fields import constraint, penalty
from lamina.regularizers import RegularizerField
from lamina.text import Text


@layer(
    group="normalization",
    summary=Text(
        "Zero mean, unit variance within each sample.", "在每个样本内归一化为零均值、单位方差。"
    ),
)
class LayerNormalization(Layer):
    """gamma (x - mean) / sqrt(variance + epsilon) + beta over the last axis (Ba et al. 2016, arXiv:1607.06450).

    Shapes:
        (batch, …, features) -> the same
    """

    axis: Int = field(
        -1,
        doc=Text("Axis of the features; the last one.", "特征所在的轴，即最后一个轴。"),
        advanced=True,
    )
    epsilon: PositiveFloat = field(
        1e-3, doc=Text("Added to the variance.", "加到方差上的小常数。"), advanced=True
    )
    center: bool = field(
        True, doc=Text("Learn an offset, beta.", "是否学习偏移量 beta。"), advanced=True
    )
    scale: bool = field(
        True, doc=Text("Learn a factor, gamma.", "是否学习缩放系数 gamma。"), advanced=True
    )
    beta_initializer: InitializerField = field(
        "zeros", doc=Text("First values of beta.", "beta 的初始值。"), advanced=True
    )
    gamma_initializer: InitializerField = field(
        "ones", doc=Text("First values of gamma.", "gamma 的初始值。"), advanced=True
    )
    beta_regularizer: RegularizerField | None = field(None, doc=penalty("beta"), advanced=True)
    gamma_regularizer: RegularizerField | None = field(None, doc=penalty("gamma"), advanced=True)
    beta_constraint: ConstraintField | None = field(None, doc=constraint("beta"), advanced=True)
    gamma_constraint: ConstraintField | None = field(None, doc=constraint("gamma"), advanced=True)

    supports_masking = True

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
        shape = (need_known(self, inputs[0], -1, "feature"),)
        if self.scale:
            yield Weight(
                "gamma",
                shape,
                self.gamma_initializer,
                regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint,
                autocast=False,
            )
        if self.center:
            yield Weight(
                "beta",
                shape,
                self.beta_initializer,
                regularizer=self.beta_regularizer,
                constraint=self.beta_constraint,
                autocast=False,
            )

    def forward(self, *inputs: Tensor) -> Tensor:
        features = need_known(self, self.built_for[0], -1, "feature")
        gamma = self._gamma if self.scale else None
        beta = self._beta if self.center else None
        y = F.layer_norm(self.widened(inputs[0]), (features,), gamma, beta, self.epsilon)
        return self.narrowed(y)
