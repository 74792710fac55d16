"""AutoContrast, Equalization and Solarization: other distributions of the values of images."""

from __future__ import annotations

from typing import Annotated

import torch
from annotated_types import Ge
from torch import Tensor

from lamina.fields import Int, field
from lamina.layer import layer
from lamina.layers.preprocessing.factors import (
    FRACTIONS,
    VALUE_RANGE,
    Pair,
    ValueRange,
    upward_factor,
)
from lamina.layers.preprocessing.random_colours import other_range
from lamina.layers.preprocessing.random_images import Drawn, RandomImageLayer, SeededImageLayer
from lamina.text import Text

BYTES = (0.0, 255.0)
UpwardShare = Annotated[(Pair, *upward_factor(0.0, 1.0))]


@layer(
    group="preprocessing",
    summary=Text("Stretches values over the range.", "把图像数值拉伸到整个取值范围。"),
)
class AutoContrast(RandomImageLayer):
    """The values of each channel of each image stretched over the whole range, in training and inference alike.

    Shapes:
        (batch, height, width, channels) -> the same, float32
    """

    value_range: ValueRange = field((0, 255), suggest=FRACTIONS, doc=VALUE_RANGE)

    is_random = False

    def draw(self, x: Tensor) -> Drawn:
        return {}

    def transform_images(self, images: Tensor, drawn: Drawn) -> Tensor:
        values = other_range(images, self.value_range, BYTES)
        low, high = values.amin((1, 2), keepdim=True), values.amax((1, 2), keepdim=True)
        scale = 255.0 / (high - low)
        stretched = (values * scale - low * scale).clamp(*BYTES)
        found = other_range(stretched, BYTES, self.value_range)
        return torch.where(found.isnan(), images, found)  # channels of one value


@layer(
    group="preprocessing",
    summary=Text("Every value alike often.", "训练时做直方图均衡化。"),
)
class Equalization(RandomImageLayer):
    """While training, values spread so that all are about alike often in a channel of the batch.

    Shapes:
        (batch, height, width, channels) -> the same, float32
    """

    value_range: ValueRange = field((0, 255), suggest=FRACTIONS, doc=VALUE_RANGE)
    bins: Annotated[Int, Ge(2)] = field(
        256, doc=Text("How finely values are told apart.", "直方图的区间数。")
    )

    positional = ("data_format",)

    def draw(self, x: Tensor) -> Drawn:
        return {}

    def transform_images(self, images: Tensor, drawn: Drawn) -> Tensor:
        values = other_range(images, self.value_range, BYTES)
        channels = [self._equalized(channel) for channel in values.unbind(-1)]
        return other_range(torch.stack(channels, -1), BYTES, self.value_range)

    def _equalized(self, channel: Tensor) -> Tensor:
        last = self.bins - 1
        places = (channel * last / 255).to(torch.int64).clamp(0, last)
        ones = torch.ones(places.numel(), device=channel.device)
        counts = torch.zeros(self.bins, device=channel.device)
        counts = counts.scatter_add(0, places.reshape(-1), ones)
        reached = counts.cumsum(0)
        least = torch.where(reached > 0, reached, torch.inf).min()
        spread = reached[-1] - least
        table = ((reached - least) * 255 / torch.where(spread == 0, 1, spread)).round()
        found = table.clamp(*BYTES)[(channel / 255 * last).clamp(0, last).to(torch.int64)]
        return torch.where((counts > 0).sum() <= 1, channel, found)


@layer(
    group="preprocessing",
    summary=Text("Turns bright values round while training.", "训练时随机将较亮的数值反转。"),
)
class Solarization(SeededImageLayer):
    """While training, add an amount to each image, then turn round what is not below a threshold: 255 - x.

    Shapes:
        (batch, height, width, channels) -> the same, float32
    """

    addition_factor: UpwardShare = field(
        0.0,
        doc=Text("What is added at most, as a share of 255.", "加上的最大值（占 255 的比例）。"),
    )
    threshold_factor: UpwardShare = field(
        0.0,
        doc=Text("The threshold at most, as a share of 255.", "阈值的最大值（占 255 的比例）。"),
    )
    value_range: ValueRange = field((0, 255), suggest=FRACTIONS, doc=VALUE_RANGE)

    positional = ("seed",)

    def draw(self, x: Tensor) -> Drawn:
        # As in Keras, the lower bounds are values, and only the upper ones shares of 255.
        names = {"additions": self.addition_factor, "thresholds": self.threshold_factor}
        return {
            name: self.draws.uniform(x, len(x), 1, 1, 1, low=low, high=high * 255)
            for name, (low, high) in names.items()
        }

    def transform_images(self, images: Tensor, drawn: Drawn) -> Tensor:
        values = (other_range(images, self.value_range, BYTES) + drawn["additions"]).clamp(*BYTES)
        found = torch.where(values < drawn["thresholds"], values, 255 - values)
        return other_range(found, BYTES, self.value_range)
