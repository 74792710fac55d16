"""Dropout: zeros at random while training."""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from torch import Tensor

from lamina.fields import Fraction, Int, field
from lamina.layer import Layer, Shape, layer
from lamina.layers.regularization.random_stream import (
    NOISE_SHAPE,
    NoiseShape,
    RandomStream,
    check_noise_shape,
    drawn_shape,
)
from lamina.text import Text


@layer(
    group="regularization",
    summary=Text("Sets values to zero at random while training.", "训练时随机置零，防止过拟合。"),
)
class Dropout(Layer):
    """While training, zero each value with probability `rate` and scale the rest by 1 / (1 - rate).

    Source: Srivastava et al. 2014.

    Shapes:
        (batch, …) -> the same
    """

    rate: Fraction = field(
        suggest=0.25, doc=Text("Share of the values that is set to zero.", "置零的比例。")
    )
    noise_shape: NoiseShape | None = field(None, doc=NOISE_SHAPE, advanced=True)
    seed: Int | None = field(
        None,
        doc=Text(
            "Seed of its own; the run's when empty.", "单独的随机种子；留空则用本次训练的种子。"
        ),
        advanced=True,
    )

    supports_masking = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.noise = (
            None
            if self.seed is None
            else RandomStream(self.seed, is_normal=False, noise_shape=self.noise_shape)
        )

    def output_shape(self, *inputs: Shape) -> Shape:
        check_noise_shape(self, inputs[0], self.noise_shape)
        return inputs[0]

    def forward(self, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        if not self.training or self.rate == 0:
            return x
        if self.rate == 1:
            return x * 0
        if self.noise is not None:
            drawn: Tensor = self.noise(x)
            return x * (drawn >= self.rate) / (1 - self.rate)
        if self.noise_shape is None:
            return F.dropout(x, self.rate)
        return x * F.dropout(x.new_ones(drawn_shape(x, self.noise_shape)), self.rate)
