"""Dropout: zeros at random while training."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lamina.fields import Fraction, Int, field
from lamina.layer import Layer, Shape, layer
from lamina.text import Text


class _SeededDropout(nn.Module):
    """Dropout from a stream of its own."""

    def __init__(self, rate: float, seed: int) -> None:
        super().__init__()
        self.rate = rate
        self.seed = seed
        self.streams: dict[torch.device, torch.Generator] = {}

    def forward(self, x: Tensor) -> Tensor:
        stream = self.streams.get(x.device)
        if stream is None:
            stream = self.streams[x.device] = torch.Generator(x.device).manual_seed(self.seed)
        keep = torch.rand(x.shape, generator=stream, device=x.device) >= self.rate
        return x * keep / (1 - self.rate)


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
    seed: Int | None = field(
        None,
        doc=Text(
            "Seed of its own; the run's when empty.", "单独的随机种子；留空则用本次训练的种子。"
        ),
        advanced=True,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.noise = None if self.seed is None else _SeededDropout(self.rate, self.seed)

    def output_shape(self, *inputs: Shape) -> Shape:
        return inputs[0]

    def forward(self, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        if not self.training or self.rate == 0:
            return x
        if self.rate == 1:
            return x * 0
        return F.dropout(x, self.rate) if self.noise is None else self.noise(x)
