"""SpatialDropout in 1D, 2D and 3D, AlphaDropout, GaussianDropout and GaussianNoise: other noise while training."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from lamina.fields import DataFormat, Fraction, Int, NonNegativeFloat, ProperFraction, field
from lamina.layer import Layer, Shape, layer, need_rank
from lamina.layers.regularization.random_stream import (
    NOISE_SHAPE,
    NoiseShape,
    RandomStream,
    check_noise_shape,
    drawn_shape,
)
from lamina.layers.windows import AXES
from lamina.text import Text

_RATE = Text("Share that is set to zero.", "置零的比例。")
_SEED = Text("Seed of its own; the run's when empty.", "单独的随机种子；留空则用本次训练的种子。")
_DATA_FORMAT = Text("Order of the axes.", "轴的顺序。")


class _Noise(Layer):
    """What the layers share: they change nothing in inference, and nothing of shapes."""

    seed: int | None
    is_normal: ClassVar[bool] = False

    supports_masking = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.noise = None if self.seed is None else self._stream(self.seed)

    def _stream(self, seed: int) -> nn.Module:
        return RandomStream(seed, is_normal=self.is_normal)

    def output_shape(self, *inputs: Shape) -> Shape:
        return inputs[0]

    def drawn(self, x: Tensor) -> Tensor:
        """Random numbers like `x`."""
        if self.noise is not None:
            numbers: Tensor = self.noise(x)
            return numbers
        return torch.randn_like(x) if self.is_normal else torch.rand_like(x)


class _SpatialDropout(_Noise):
    """Dropout of whole channels; neighbours say much the same, so that single zeros would hide little."""

    rank: ClassVar[int]
    rate: float

    def _stream(self, seed: int) -> nn.Module:
        same = (None, *(1,) * self.rank, None)
        return RandomStream(seed, is_normal=False, noise_shape=same)

    def output_shape(self, *inputs: Shape) -> Shape:
        need_rank(self, inputs[0], self.rank + 2, AXES[self.rank])
        return inputs[0]

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["trainable"]  # Keras refuses it here: there is nothing to train
        return config

    def forward(self, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        if not self.training or self.rate == 0:
            return x
        if self.rate == 1:
            return x * 0
        if self.noise is None:
            return torch.feature_dropout(x.transpose(1, -1), self.rate, True).transpose(1, -1)
        return x * (self.drawn(x) >= self.rate) / (1 - self.rate)


@layer(
    group="regularization",
    summary=Text("Drops whole channels of a sequence.", "训练时随机丢弃序列的整个通道。"),
)
class SpatialDropout1D(_SpatialDropout):
    """While training, zero each channel with probability `rate` and scale the rest by 1 / (1 - rate).

    Source: Tompson et al. 2014, arXiv:1411.4280.

    Shapes:
        (batch, time, channels) -> the same
    """

    rate: Fraction = field(suggest=0.25, doc=_RATE)
    seed: Int | None = field(None, doc=_SEED, advanced=True)

    rank = 1


@layer(
    group="regularization",
    summary=Text("Drops whole channels of an image.", "训练时随机丢弃图像的整个通道。"),
)
class SpatialDropout2D(_SpatialDropout):
    """While training, zero each channel with probability `rate` and scale the rest by 1 / (1 - rate).

    Source: Tompson et al. 2014, arXiv:1411.4280.

    Shapes:
        (batch, height, width, channels) -> the same
    """

    rate: Fraction = field(suggest=0.25, doc=_RATE)
    data_format: DataFormat = field(None, doc=_DATA_FORMAT, advanced=True)
    seed: Int | None = field(None, doc=_SEED, advanced=True)

    rank = 2


@layer(
    group="regularization",
    summary=Text("Drops whole channels of a volume.", "训练时随机丢弃三维数据的整个通道。"),
)
class SpatialDropout3D(_SpatialDropout):
    """While training, zero each channel with probability `rate` and scale the rest by 1 / (1 - rate).

    Source: Tompson et al. 2014, arXiv:1411.4280.

    Shapes:
        (batch, depth, height, width, channels) -> the same
    """

    rate: Fraction = field(suggest=0.25, doc=_RATE)
    data_format: DataFormat = field(None, doc=_DATA_FORMAT, advanced=True)
    seed: Int | None = field(None, doc=_SEED, advanced=True)

    rank = 3


@layer(
    group="regularization",
    summary=Text("Adds noise while training.", "训练时加入高斯噪声。"),
)
class GaussianNoise(_Noise):
    """While training, x plus normal noise of mean 0.

    Shapes:
        (batch, …) -> the same
    """

    stddev: NonNegativeFloat = field(
        suggest=0.1, doc=Text("Standard deviation of the noise.", "噪声的标准差。")
    )
    seed: Int | None = field(None, doc=_SEED, advanced=True)

    is_normal = True

    def forward(self, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        return x + self.stddev * self.drawn(x) if self.training and self.stddev > 0 else x


@layer(
    group="regularization",
    summary=Text("Multiplies with noise while training.", "训练时乘以高斯噪声。"),
)
class GaussianDropout(_Noise):
    """While training, x times normal noise of mean 1 and variance rate / (1 - rate), like that of Dropout.

    Source: Srivastava et al. 2014.

    Shapes:
        (batch, …) -> the same
    """

    rate: ProperFraction = field(
        suggest=0.25, doc=Text("Rate of the dropout that it stands for.", "所对应的 Dropout 比例。")
    )
    seed: Int | None = field(None, doc=_SEED, advanced=True)

    is_normal = True

    def forward(self, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        if not self.training or self.rate == 0:
            return x
        stddev = math.sqrt(self.rate / (1 - self.rate))
        return x * (1 + stddev * self.drawn(x))


@layer(
    group="regularization",
    summary=Text("Dropout that keeps mean and variance.", "保持均值和方差的 Dropout。"),
)
class AlphaDropout(_Noise):
    """While training, bring values to where selu saturates, and shift all so that mean and variance stay.

    Source: Klambauer et al. 2017, arXiv:1706.02515.

    Shapes:
        (batch, …) -> the same
    """

    rate: ProperFraction = field(
        suggest=0.1, doc=Text("Share of the values that saturates.", "被置为饱和值的比例。")
    )
    noise_shape: NoiseShape | None = field(None, doc=NOISE_SHAPE, advanced=True)
    seed: Int | None = field(None, doc=_SEED, advanced=True)

    saturated: ClassVar[float] = -1.6732632423543772 * 1.0507009873554805
    """What selu tends to below 0."""

    def _stream(self, seed: int) -> nn.Module:
        return RandomStream(seed, is_normal=False, noise_shape=self.noise_shape)

    def output_shape(self, *inputs: Shape) -> Shape:
        check_noise_shape(self, inputs[0], self.noise_shape)
        return inputs[0]

    def drawn(self, x: Tensor) -> Tensor:
        if self.noise is None and self.noise_shape is not None:
            return torch.rand(drawn_shape(x, self.noise_shape), device=x.device)
        return super().drawn(x)

    def forward(self, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        if not self.training or self.rate == 0:
            return x
        factor: float = ((1 - self.rate) * (1 + self.rate * self.saturated**2)) ** -0.5
        kept = self.drawn(x) >= self.rate
        return factor * (torch.where(kept, x, self.saturated) - self.saturated * self.rate)
