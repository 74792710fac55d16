"""BatchNormalization: zero mean and unit variance over each batch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from lamina.constraints import ConstraintField
from lamina.errors import ShapeError
from lamina.fields import Fraction, Int, PositiveFloat, field
from lamina.initializers import InitializerField
from lamina.layer import Layer, Shape, Weight, layer, need_known, shape_text
from lamina.layers.shared_fields import REFUSED, WITHOUT_EFFECT, Refused, constraint, penalty
from lamina.regularizers import RegularizerField
from lamina.text import Text

KERAS_EPSILON = 1e-7
"""What Keras adds to the number of steps that count."""


@layer(
    group="normalization",
    summary=Text(
        "Zero mean, unit variance over each batch.", "在每个批次上归一化为零均值、单位方差。"
    ),
)
class BatchNormalization(Layer):
    """gamma (x - mean) / sqrt(variance + epsilon) + beta, for each feature (Ioffe and Szegedy 2015, arXiv:1502.03167).

    In training mean and variance are the batch's and moving averages of them are kept; in inference, and when the
    layer is frozen, the moving averages are used.

    Shapes:
        (batch, …, features) -> the same
    """

    axis: Int = field(-1, doc=Text("Axis of the features.", "特征所在的轴。"), advanced=True)
    momentum: Fraction = field(
        0.99, doc=Text("Share of the moving averages that stays.", "滑动平均的保留比例。")
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
    moving_mean_initializer: InitializerField = field(
        "zeros", doc=Text("First values of the moving mean.", "滑动均值的初始值。"), advanced=True
    )
    moving_variance_initializer: InitializerField = field(
        "ones",
        doc=Text("First values of the moving variance.", "滑动方差的初始值。"),
        advanced=True,
    )
    beta_regularizer: RegularizerField | None = field(None, doc=penalty("beta"), advanced=True)
    gamma_regularizer: RegularizerField | None = field(None, doc=penalty("gamma"), advanced=True)
    beta_constraint: ConstraintField | None = field(None, doc=constraint("beta"), advanced=True)
    gamma_constraint: ConstraintField | None = field(None, doc=constraint("gamma"), advanced=True)
    renorm: Refused = field(False, doc=REFUSED, hidden=True)
    renorm_clipping: Refused = field(None, doc=REFUSED, hidden=True)
    renorm_momentum: Any = field(0.99, doc=WITHOUT_EFFECT, hidden=True)
    synchronized: Any = field(False, doc=WITHOUT_EFFECT, hidden=True)

    supports_masking = True

    def _axis_in(self, x: Shape) -> int:
        axis = self.axis + len(x) if self.axis < 0 else self.axis
        if not 0 < axis < len(x):
            raise ShapeError(
                Text(
                    f'BatchNormalization "{self.name}" has no axis {self.axis} of features in {shape_text(x)}.',
                    f"BatchNormalization“{self.name}”的输入 {shape_text(x)} 中没有特征轴 {self.axis}。",
                ),
                field="axis",
                suggest={"axis": -1},
            )
        return axis

    def output_shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        need_known(self, x, self._axis_in(x), "feature")
        return x

    def weights_for(self, *inputs: Shape) -> Iterator[Weight]:
        (x,) = inputs
        shape = (need_known(self, x, self._axis_in(x), "feature"),)
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
        for name, initializer in (
            ("moving_mean", self.moving_mean_initializer),
            ("moving_variance", self.moving_variance_initializer),
        ):
            yield Weight(name, shape, initializer, trainable=False, autocast=False)

    def forward(self, *inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        if mask is not None and self.training and self.trainable:
            return self._over_what_counts(inputs[0], mask)
        (shape,) = self.built_for
        axis = self._axis_in(shape)
        others = [a for a in range(1, len(shape)) if a != axis]
        to_first = (0, axis, *others)
        back = tuple(to_first.index(a) for a in range(len(shape)))
        x = self.widened(inputs[0]).permute(to_first)
        gamma = self._gamma if self.scale else None
        beta = self._beta if self.center else None
        mean, variance = self._moving_mean, self._moving_variance
        if self.training and self.trainable:
            y, batch_mean, inverse_deviation = torch.native_batch_norm(
                x, gamma, beta, None, None, True, 0.0, self.epsilon
            )
            # Keras averages the biased variance; torch's own running statistics would take the unbiased one.
            batch_variance = inverse_deviation.detach().pow(-2) - self.epsilon
            mean.lerp_(batch_mean.detach(), 1 - self.momentum)
            variance.lerp_(batch_variance, 1 - self.momentum)
        else:
            y = F.batch_norm(x, mean, variance, gamma, beta, False, 0.0, self.epsilon)
        return self.narrowed(y.permute(back))

    def _over_what_counts(self, x: Tensor, mask: Tensor) -> Tensor:
        """The output in training where a mask says which steps count: mean and variance are over those."""
        (shape,) = self.built_for
        axis = self._axis_in(shape)
        others = [a for a in range(len(shape)) if a != axis]
        x = self.widened(x)
        counts = mask.bool().unsqueeze(-1).expand_as(x)
        number = counts.to(x.dtype).sum(others, keepdim=True) + KERAS_EPSILON
        mean = torch.where(counts, x, 0.0).sum(others, keepdim=True) / number
        variance = torch.where(counts, x - mean, 0.0).square().sum(others, keepdim=True) / number
        self._moving_mean.lerp_(mean.detach().flatten(), 1 - self.momentum)
        self._moving_variance.lerp_(variance.detach().flatten(), 1 - self.momentum)
        y = (x - mean) * torch.rsqrt(variance + self.epsilon)
        size = [-1 if a == axis else 1 for a in range(len(shape))]
        if self.scale:
            y = y * self._gamma.view(size)
        return self.narrowed(y + self._beta.view(size) if self.center else y)
