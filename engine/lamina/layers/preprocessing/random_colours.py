"""Layers that change the values of images at random while training, each image by an amount of its own."""

from __future__ import annotations

from typing import Annotated, ClassVar

import torch
import torch.nn.functional as F
from pydantic import PlainSerializer
from torch import Tensor

from lamina.errors import ShapeError
from lamina.fields import Fraction, field
from lamina.layer import Shape, layer, shape_text
from lamina.layers.preprocessing.factors import (
    FRACTIONS,
    VALUE_RANGE,
    Pair,
    ValueRange,
    factor,
)
from lamina.layers.preprocessing.random_images import Drawn, RandomImageLayer, SeededImageLayer
from lamina.ops.image import hsv_to_rgb, rgb_to_grayscale, rgb_to_hsv
from lamina.text import Text

LEAST = 1e-7
"""Added where a divisor may be 0: Keras' epsilon."""

Share = Annotated[(Pair, *factor(0.0, 1.0))]
"""Field type: a pair from 0 to 1; a number stands for that from 0 on."""
Change = Annotated[(Pair, *factor(-1.0, 1.0))]
"""Field type: a pair from -1 to 1; a number stands for that either way."""
Bits = Annotated[(Pair, *factor(1.0, 8.0), PlainSerializer(lambda pair: [int(n) for n in pair]))]
"""Field type: a pair of whole numbers from 1 to 8."""
CHANCE = Text(
    "How likely an image is changed; two numbers for a range of that.",
    "每幅图像被改变的概率；也可给出概率范围的两个数值。",
)


def other_range(images: Tensor, source: Pair, target: Pair) -> Tensor:
    """Values of one range as values of another."""
    if source == target:
        return images
    shares = (images - source[0]) / (source[1] - source[0])
    return shares * (target[1] - target[0]) + target[0]


def chosen(owner: RandomImageLayer, x: Tensor, chance: Pair) -> Tensor:
    """Which images are changed, with a chance that is drawn for each, (batch, 1, 1, 1)."""
    low, high = chance
    likely = owner.draws.uniform(x, len(x), 1, 1, 1, low=low, high=high)
    return owner.draws.uniform(x, len(x), 1, 1, 1) < likely


class Colours(SeededImageLayer):
    """Layers that need red, green and blue."""

    channels: ClassVar[tuple[int, ...]] = (3,)

    def output_shape(self, *inputs: Shape) -> Shape:
        x = super().output_shape(*inputs)
        if x[-1] not in (None, *self.channels):
            raise ShapeError(
                Text(
                    f'{type(self).__name__} "{self.name}" needs images of {" or ".join(map(str, self.channels))} '
                    f"channels but gets {shape_text(x)}.",
                    f"{type(self).__name__}“{self.name}”需要 {' 或 '.join(map(str, self.channels))} 通道的图像，"
                    f"实际得到 {shape_text(x)}。",
                )
            )
        return x


@layer(
    group="preprocessing",
    summary=Text("Changes contrast while training.", "训练时随机改变对比度。"),
)
class RandomContrast(SeededImageLayer):
    """While training, (x - mean) c + mean for each channel, with c from 1 - lower to 1 + upper drawn for each image.

    Shapes:
        (batch, height, width, channels) -> the same, float32
    """

    factor: Share = field(
        suggest=0.2,
        doc=Text("How much more or less contrast at most, as a share.", "对比度的最大变化比例。"),
    )
    value_range: ValueRange = field((0, 255), suggest=FRACTIONS, doc=VALUE_RANGE)

    positional = ("seed",)

    def draw(self, x: Tensor) -> Drawn:
        low, high = 1 - self.factor[0], 1 + self.factor[1]
        return {"contrast_factor": self.draws.uniform(x, len(x), 1, 1, 1, low=low, high=high)}

    def transform_images(self, images: Tensor, drawn: Drawn) -> Tensor:
        mean = images.mean(1, keepdim=True).mean(2, keepdim=True)
        changed: Tensor = (images - mean) * drawn["contrast_factor"] + mean
        return changed.clamp(*self.value_range)


@layer(
    group="preprocessing",
    summary=Text("Changes brightness while training.", "训练时随机改变亮度。"),
)
class RandomBrightness(SeededImageLayer):
    """While training, add to each image an amount of its own.

    Shapes:
        (batch, height, width, channels) -> the same, float32
    """

    factor: Change = field(
        suggest=0.2,
        doc=Text(
            "What is added at most, as a share of the value range.",
            "加上的最大值（占取值范围的比例）。",
        ),
    )
    value_range: ValueRange = field((0, 255), suggest=FRACTIONS, doc=VALUE_RANGE)

    positional = ("seed",)

    def draw(self, x: Tensor) -> Drawn:
        low, high = self.factor
        shares = self.draws.uniform(x, len(x), 1, 1, 1, low=low, high=high)
        return {"rgb_delta": shares * (self.value_range[1] - self.value_range[0])}

    def transform_images(self, images: Tensor, drawn: Drawn) -> Tensor:
        changed: Tensor = images + drawn["rgb_delta"]
        return changed.clamp(*self.value_range)


@layer(group="preprocessing", summary=Text("Shifts hues while training.", "训练时随机改变色调。"))
class RandomHue(Colours):
    """While training, turn the hues of each image by an amount of its own.

    Shapes:
        (batch, height, width, 3) -> the same, float32
    """

    factor: Share = field(
        suggest=0.1,
        doc=Text("Share of half a turn of the hues at most.", "色调偏移的最大量（占半圈的比例）。"),
    )
    value_range: ValueRange = field((0, 255), suggest=FRACTIONS, doc=VALUE_RANGE)

    positional = ("data_format", "seed")

    def draw(self, x: Tensor) -> Drawn:
        low, high = self.factor
        turn = self.draws.uniform(x, len(x), low=low, high=high)
        return {"factor": self.draws.sign(x, len(x)) * turn * 0.5}

    def transform_images(self, images: Tensor, drawn: Drawn) -> Tensor:
        hue, saturation, value = rgb_to_hsv(other_range(images, self.value_range, (0, 1))).unbind(
            -1
        )
        hue = hue + drawn["factor"][:, None, None]
        hue = torch.where(hue > 1, hue - 1, hue)
        hue = torch.where(hue < 0, hue + 1, hue)
        turned: Tensor = hsv_to_rgb(torch.stack((hue, saturation, value), -1)).clamp(0, 1)
        return other_range(turned, (0, 1), self.value_range)


@layer(
    group="preprocessing",
    summary=Text("Changes saturation while training.", "训练时随机改变饱和度。"),
)
class RandomSaturation(Colours):
    """While training, multiply the saturation of each image by f / (1 - f), with an f of its own: 0.5 changes nothing.

    Shapes:
        (batch, height, width, 3) -> the same, float32
    """

    factor: Change = field(
        suggest=[0.4, 0.6],
        doc=Text(
            "Least and greatest f: 0 takes the colours away, 0.5 keeps them, 1 is all colour.",
            "f 的最小值和最大值：0 为灰度，0.5 保持不变，1 为最大饱和度。",
        ),
    )
    value_range: ValueRange = field((0, 255), suggest=FRACTIONS, doc=VALUE_RANGE)

    positional = ("data_format", "seed")

    def draw(self, x: Tensor) -> Drawn:
        low, high = self.factor
        share = self.draws.uniform(x, len(x), low=low, high=high)
        return {"factor": share / (1 - share + LEAST)}

    def transform_images(self, images: Tensor, drawn: Drawn) -> Tensor:
        hue, saturation, value = rgb_to_hsv(images).unbind(-1)
        saturation = (saturation * drawn["factor"][:, None, None]).clamp(*self.value_range)
        found: Tensor = hsv_to_rgb(torch.stack((hue, saturation, value), -1))
        return found


@layer(
    group="preprocessing",
    summary=Text("Takes colours away while training.", "训练时随机把图像变为灰度。"),
)
class RandomGrayscale(Colours):
    """While training, take the colours of some images away; they keep three alike channels.

    Shapes:
        (batch, height, width, 3) -> the same, float32; with one channel nothing changes
    """

    channels = (3, 1)

    factor: Fraction = field(
        0.5, doc=Text("How likely an image is changed.", "每幅图像被改变的概率。")
    )

    positional = ("data_format", "seed")

    def draw(self, x: Tensor) -> Drawn:
        return {"should_apply": self.draws.uniform(x, len(x), 1, 1, 1) < self.factor}

    def transform_images(self, images: Tensor, drawn: Drawn) -> Tensor:
        return torch.where(drawn["should_apply"], rgb_to_grayscale(images), images)


@layer(
    group="preprocessing", summary=Text("Turns values round while training.", "训练时随机反色。")
)
class RandomInvert(SeededImageLayer):
    """While training, the greatest value minus x for some images.

    Shapes:
        (batch, height, width, channels) -> the same, float32
    """

    factor: Share = field(1.0, doc=CHANCE)
    value_range: ValueRange = field((0, 255), suggest=FRACTIONS, doc=VALUE_RANGE)

    positional = ("seed", "data_format")

    def draw(self, x: Tensor) -> Drawn:
        return {"apply_inversion": chosen(self, x, self.factor)}

    def transform_images(self, images: Tensor, drawn: Drawn) -> Tensor:
        return torch.where(drawn["apply_inversion"], self.value_range[1] - images, images)


@layer(
    group="preprocessing",
    summary=Text("Keeps fewer values while training.", "训练时随机减少颜色级数。"),
)
class RandomPosterization(SeededImageLayer):
    """While training, keep the upper bits of each value of 8 bits, a number of bits drawn for each image.

    Shapes:
        (batch, height, width, channels) -> the same, float32
    """

    factor: Bits = field(
        suggest=[3, 6],
        doc=Text(
            "Least number of bits that stay, and the first number that is too many.",
            "保留位数的下限（含）和上限（不含）。",
        ),
    )
    value_range: ValueRange = field((0, 255), suggest=FRACTIONS, doc=VALUE_RANGE)

    positional = ("data_format", "seed")

    def draw(self, x: Tensor) -> Drawn:
        low, high = map(int, self.factor)
        bits = self.draws.uniform(x, len(x), low=low, high=max(high, low)).floor()
        return {"shift_factor": (8 - bits).to(torch.int32)}

    def transform_images(self, images: Tensor, drawn: Drawn) -> Tensor:
        shift = drawn["shift_factor"].reshape(-1, 1, 1, 1).to(torch.int32)
        values = other_range(images, self.value_range, (0, 255)).to(torch.int32)
        kept = (values >> shift << shift).to(torch.float32)
        return other_range(kept, (0, 255), self.value_range)


@layer(
    group="preprocessing",
    summary=Text("Sharpens or blurs while training.", "训练时随机锐化或柔化。"),
)
class RandomSharpness(SeededImageLayer):
    """While training, blend each image with a smoothed one: 0 is smooth, 0.5 as it was, 1 sharper.

    Shapes:
        (batch, height, width, channels) -> the same, float32
    """

    factor: Share = field(
        suggest=[0.3, 0.7],
        doc=Text(
            "Least and greatest sharpness; 0.5 changes nothing.", "锐度的范围；0.5 表示不变。"
        ),
    )
    value_range: ValueRange = field((0, 255), suggest=FRACTIONS, doc=VALUE_RANGE)

    positional = ("data_format", "seed")

    def draw(self, x: Tensor) -> Drawn:
        low, high = self.factor
        return {"factor": self.draws.uniform(x, len(x), low=low, high=high)}

    def transform_images(self, images: Tensor, drawn: Drawn) -> Tensor:
        sharpness = drawn["factor"].reshape(-1, 1, 1, 1) * 2
        channels = images.shape[-1]
        kernel = torch.full((channels, 1, 3, 3), 1 / 13, device=images.device)
        kernel[:, :, 1, 1] = 5 / 13
        smooth = F.conv2d(images.permute(0, 3, 1, 2), kernel, padding=1, groups=channels)
        smooth = smooth.permute(0, 2, 3, 1)
        changed: Tensor = images + (1 - sharpness) * (smooth - images)
        return changed.clamp(*self.value_range)
