"""BatchNormalization: zero mean and unit variance over each batch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from lamina.fields import Fraction, Int, field
from lamina.initializers import InitializerField
from lamina.layer import Shape, Weight, layer, need_known
from lamina.layers.normalization.scale_and_offset import ScaleAndOffset
from lamina.layers.shared_fields import REFUSED, WITHOUT_EFFECT, Refused
from lamina.text import Text

KERAS_EPSILON = 1e-7
"""What Keras adds to the number of steps that count."""


@layer(
    group="normalization",
    summary=Text(
        "Zero mean, unit variance over each batch.", "在每个批次上归一化为零均值、单位方差。"
    ),
)
class BatchNormalization(ScaleAndOffset):
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
    moving_mean_initializer: InitializerField = field(
        "zeros",
        doc=Text("First values of the moving mean.", "滑动均值的初始值。"),
        advanced=True,
        after="gamma_initializer",
    )
    moving_variance_initializer: InitializerField = field(
        "ones",
        doc=Text("First values of the moving variance.", "滑动方差的初始值。"),
        advanced=True,
        after="moving_mean_initializer",
    )
    renorm: Refused = field(False, doc=REFUSED, hidden=True, after="gamma_constraint")
    renorm_clipping: Refused = field(None, doc=REFUSED, hidden=True, after="renorm")
    renorm_momentum: Any = field(0.99, doc=WITHOUT_EFFECT, hidden=True, after="renorm_clipping")
    synchronized: Any = field(False, doc=WITHOUT_EFFECT, hidden=True, after="renorm_momentum")

    def output_shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        need_known(self, x, self.feature_axis(x), "feature")
        return x

    def weights_for(self, *inputs: Shape) -> Iterator[Weight]:
        (x,) = inputs
        features = need_known(self, x, self.feature_axis(x), "feature")
        yield from self.scale_and_offset(features)
        for name, initializer in (
            ("moving_mean", self.moving_mean_initializer),
            ("moving_variance", self.moving_variance_initializer),
        ):
            yield Weight(name, (features,), initializer, trainable=False, autocast=False)

    def forward(self, *inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        if mask is not None and self.training and self.trainable:
            return self._over_what_counts(inputs[0], mask)
        (shape,) = self.built_for
        axis = self.feature_axis(shape)
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
        axis = self.feature_axis(shape)
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
