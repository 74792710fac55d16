"""RandomColorDegeneration, RandomColorJitter and RandomGaussianBlur: images blended, or changed in several ways."""

from __future__ import annotations

from typing import Annotated, Any

import torch
import torch.nn.functional as F
from pydantic import BeforeValidator, WithJsonSchema
from torch import Tensor

from lamina.errors import ConfigError
from lamina.fields import field
from lamina.layer import layer
from lamina.layers.preprocessing.factors import (
    FRACTIONS,
    VALUE_RANGE,
    ValueRange,
    given_factor,
)
from lamina.layers.preprocessing.random_colours import (
    CHANCE,
    Change,
    Colours,
    RandomBrightness,
    RandomContrast,
    RandomHue,
    RandomSaturation,
    Share,
    chosen,
)
from lamina.layers.preprocessing.random_images import Drawn, RandomImageLayer, SeededImageLayer
from lamina.ops.image import rgb_to_grayscale
from lamina.text import Text

GivenChange = Annotated[(float | list[float], *given_factor(-1.0, 1.0))]
GivenShare = Annotated[(float | list[float], *given_factor(0.0, 1.0))]


@layer(
    group="preprocessing",
    summary=Text("Fades colours while training.", "训练时随机减弱颜色。"),
)
class RandomColorDegeneration(Colours):
    """While training, blend each image with its shades of grey.

    Shapes:
        (batch, height, width, 3) -> the same, float32
    """

    channels = (3, 1)

    factor: Change = field(
        suggest=[0.0, 0.5], doc=Text("Share of the grey image at most.", "灰度图所占的最大比例。")
    )
    value_range: ValueRange = field((0, 255), suggest=FRACTIONS, doc=VALUE_RANGE)

    positional = ("data_format", "seed")

    def draw(self, x: Tensor) -> Drawn:
        low, high = self.factor
        return {"factor": self.draws.uniform(x, len(x), 1, 1, 1, low=low, high=high)}

    def transform_images(self, images: Tensor, drawn: Drawn) -> Tensor:
        changed: Tensor = images + drawn["factor"] * (rgb_to_grayscale(images) - images)
        return changed.clamp(*self.value_range)


@layer(
    group="preprocessing",
    summary=Text("Changes colours while training.", "训练时随机改变亮度、对比度、饱和度和色调。"),
)
class RandomColorJitter(Colours):
    """While training, change brightness, contrast, saturation and hue, in this order and each where it has a factor.

    Shapes:
        (batch, height, width, 3) -> the same, float32
    """

    value_range: ValueRange = field((0, 255), suggest=FRACTIONS, doc=VALUE_RANGE)
    brightness_factor: GivenChange | None = field(
        None, doc=Text("As of RandomBrightness.", "同 RandomBrightness。")
    )
    contrast_factor: GivenShare | None = field(
        None, doc=Text("As of RandomContrast.", "同 RandomContrast。")
    )
    saturation_factor: GivenChange | None = field(
        None, doc=Text("As of RandomSaturation.", "同 RandomSaturation。")
    )
    hue_factor: GivenShare | None = field(None, doc=Text("As of RandomHue.", "同 RandomHue。"))

    positional = ("seed", "data_format")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds: list[tuple[type[RandomImageLayer], Any]] = [
            (RandomBrightness, self.brightness_factor),
            (RandomContrast, self.contrast_factor),
            (RandomSaturation, self.saturation_factor),
            (RandomHue, self.hue_factor),
        ]
        parts = [
            kind(factor=given, value_range=self.value_range, name=f"{self.name}_part")
            for kind, given in kinds
            if given is not None
        ]
        for part in parts:
            part.draws = self.draws
        self.__dict__["parts"] = parts  # without weights, and no layers of their own in a file

    def draw(self, x: Tensor) -> Drawn:
        return {"parts": [part.draw(x) for part in self.__dict__["parts"]]}

    def transform_images(self, images: Tensor, drawn: Drawn) -> Tensor:
        for part, own in zip(self.__dict__["parts"], drawn["parts"], strict=True):
            images = part.transform_images(images, own)
        return images


def _odd_pair(value: Any) -> Any:
    if isinstance(value, str):
        value = [int(part) for part in value.replace(",", " ").split()]
        value = value[0] if len(value) == 1 else value
    pair = (value, value) if hasattr(value, "__index__") else tuple(value)
    if len(pair) != 2 or any(int(size) % 2 == 0 or size < 1 for size in pair):
        raise ConfigError(
            Text(
                f"must be an odd number, or two, got {value!r}.",
                f"必须是一个或两个奇数，实际为 {value!r}。",
            )
        )
    return tuple(int(size) for size in pair)


OddPair = Annotated[
    tuple[int, int],
    BeforeValidator(_odd_pair),
    WithJsonSchema(
        {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 2, "maxItems": 2, "x-widget": "size"}
    ),
]  # fmt: skip
"""Field type: two odd sizes; one number stands for both."""


@layer(group="preprocessing", summary=Text("Blurs while training.", "训练时随机模糊图像。"))
class RandomGaussianBlur(SeededImageLayer):
    """While training, blur some images with a bell whose widths are drawn for each batch.

    Shapes:
        (batch, height, width, channels) -> the same, float32
    """

    factor: Share = field(1.0, doc=CHANCE)
    kernel_size: OddPair = field(3, doc=Text("Size of the bell, odd.", "高斯核的大小（奇数）。"))
    sigma: Share = field(
        1.0,
        doc=Text(
            "Bounds of its deviation, in pixels up to 1.", "高斯核标准差的范围（像素，不超过 1）。"
        ),
    )
    value_range: ValueRange = field((0, 255), suggest=FRACTIONS, doc=VALUE_RANGE)

    positional = ("data_format", "seed")

    def draw(self, x: Tensor) -> Drawn:
        low, high = self.sigma
        return {
            "should_apply_blur": chosen(self, x, self.factor),
            "blur_factor": self.draws.uniform(x, 2, low=low, high=high) + 1e-6,
        }

    def transform_images(self, images: Tensor, drawn: Drawn) -> Tensor:
        height, width = self.kernel_size
        across, down = drawn["blur_factor"].unbind(0)
        kernel = torch.outer(_bell(height, down), _bell(width, across))
        channels = images.shape[-1]
        kernel = kernel.expand(channels, 1, height, width)
        padding = (height // 2, width // 2)
        blurred = F.conv2d(images.permute(0, 3, 1, 2), kernel, padding=padding, groups=channels)
        found = torch.where(drawn["should_apply_blur"], blurred.permute(0, 2, 3, 1), images)
        return found.clamp(*self.value_range)


def _bell(size: int, deviation: Tensor) -> Tensor:
    places = torch.arange(size, dtype=torch.float32, device=deviation.device) - (size - 1) / 2
    heights = torch.exp(-0.5 * (places / deviation) ** 2)
    return heights / heights.sum()
