"""MixUp, CutMix and RandomErasing: images blended with, or covered by, others of the batch or noise."""

from __future__ import annotations

from typing import Annotated, Any

import torch
from pydantic import BeforeValidator, WithJsonSchema
from torch import Tensor

from lamina.errors import ConfigError
from lamina.fields import Float, field
from lamina.layer import layer
from lamina.layers.preprocessing.factors import (
    FRACTIONS,
    VALUE_RANGE,
    ValueRange,
)
from lamina.layers.preprocessing.numbers_field import read_numbers
from lamina.layers.preprocessing.random_colours import CHANCE, Share, chosen
from lamina.layers.preprocessing.random_images import Drawn, RandomImageLayer, SeededImageLayer
from lamina.text import Text


def blended(labels: Tensor, drawn: Drawn) -> Tensor:
    """Targets mixed as their images are."""
    weight = drawn["mix_weight"].reshape(-1, *(1,) * (labels.dim() - 1)).to(torch.float32)
    mixed: Tensor = weight * labels + (1 - weight) * labels[drawn["permutation_order"]]
    return mixed


def boxes(owner: RandomImageLayer, x: Tensor, across: Tensor, down: Tensor) -> Drawn:
    """A rectangle in each image, at a place of its own: which pixels are in it, and its share of them.

    Args:
        across: Its width as a share of the image's, (batch,).
        down: Its height, likewise.
    """
    inside: Any = True
    covered: Any = 1.0
    for axis, share in ((2, across), (1, down)):
        length = x.shape[axis]
        size = share * length
        start = owner.draws.uniform(x, len(x)) * (length - size)
        shape = [1, 1, 1, 1]
        shape[axis] = length
        place = torch.arange(length, dtype=torch.float32, device=x.device).reshape(shape)
        first, last = start[:, None, None, None], (start + size)[:, None, None, None]
        inside = (place >= first) & (place < last) & inside
        covered = covered * (last - first) / length
    return {"batch_masks": inside, "share": covered}


@layer(
    group="preprocessing", summary=Text("Blends pairs of images.", "训练时把两幅图像按比例混合。")
)
class MixUp(SeededImageLayer):
    """While training, each image blended with another of its batch; called on a dict, its targets as well.

    Source: Zhang et al. 2017, arXiv:1710.09412.

    Shapes:
        (batch, height, width, channels) -> the same, float32
    """

    alpha: Float = field(
        0.2,
        doc=Text(
            "Of the beta distribution of the shares: small ones leave one of both images.",
            "混合比例所服从的 beta 分布的参数；越小越接近只保留其中一幅。",
        ),
    )

    positional = ("data_format", "seed")

    def draw(self, x: Tensor) -> Drawn:
        order = self.draws.order(x)
        return {"permutation_order": order, "mix_weight": self.draws.beta(x, len(x), self.alpha)}

    def transform_images(self, images: Tensor, drawn: Drawn) -> Tensor:
        return blended(images, drawn)

    def transform_labels(self, labels: Tensor, drawn: Drawn) -> Tensor:
        return blended(labels, drawn)

    def transform_segmentation_masks(self, masks: Tensor, drawn: Drawn) -> Tensor:
        return blended(masks, drawn)


@layer(
    group="preprocessing",
    summary=Text("Puts parts of images into others.", "训练时把一幅图像的区域贴到另一幅上。"),
)
class CutMix(SeededImageLayer):
    """While training, a rectangle of each image comes from another of its batch; on a dict, its targets are mixed.

    Source: Yun et al. 2019, arXiv:1905.04899.

    Shapes:
        (batch, height, width, channels) -> the same, float32
    """

    factor: Share = field(
        1.0,
        doc=Text(
            "Bounds of the parameter of the beta distribution of the shares.",
            "面积比例所服从的 beta 分布的参数范围。",
        ),
    )

    positional = ("seed", "data_format")

    def draw(self, x: Tensor) -> Drawn:
        low, high = self.factor
        alpha = self.draws.uniform(x, 1, low=low, high=high) + 1e-6
        side = (1 - self.draws.beta(x, len(x), alpha)).sqrt()
        box = boxes(self, x, side, side)
        order = self.draws.order(x)
        return {
            "permutation_order": order,
            "batch_masks": box["batch_masks"],
            "mix_weight": 1 - box["share"],
        }

    def transform_images(self, images: Tensor, drawn: Drawn) -> Tensor:
        return torch.where(drawn["batch_masks"], images[drawn["permutation_order"]], images)

    def transform_labels(self, labels: Tensor, drawn: Drawn) -> Tensor:
        return blended(labels, drawn)

    def transform_segmentation_masks(self, masks: Tensor, drawn: Drawn) -> Tensor:
        return self.transform_images(masks, drawn)


def _fill(value: Any) -> Any:
    numbers = read_numbers(value)
    if isinstance(numbers, list) and len(numbers) != 3:
        raise ConfigError(
            Text(
                f"should be a number (or a list of three numbers), got {value!r}.",
                f"应为一个数值或三个数值，实际为 {value!r}。",
            )
        )
    return numbers


FillValue = Annotated[
    Any,
    BeforeValidator(_fill),
    WithJsonSchema(
        {"anyOf": [{"type": "number"}, {"type": "array"}, {"type": "null"}], "x-widget": "text"}
    ),
]


@layer(
    group="preprocessing",
    summary=Text("Covers a part of images.", "训练时随机遮盖图像的一块区域。"),
)
class RandomErasing(SeededImageLayer):
    """While training, a rectangle of some images is filled with noise or one colour.

    Source: Zhong et al. 2017, arXiv:1708.04896.

    Shapes:
        (batch, height, width, channels) -> the same, float32
    """

    factor: Share = field(1.0, doc=CHANCE)
    scale: Share = field(
        (0.02, 0.33),
        doc=Text("Least and greatest share of the pixels.", "遮盖面积占比的最小值和最大值。"),
    )
    fill_value: FillValue = field(
        None, doc=Text("What it is filled with; noise when empty.", "填充值；留空则填充噪声。")
    )
    value_range: ValueRange = field((0, 255), suggest=FRACTIONS, doc=VALUE_RANGE)

    positional = ("seed", "data_format")

    def draw(self, x: Tensor) -> Drawn:
        low, high = self.scale
        sides = self.draws.uniform(x, len(x), 2, low=low, high=high).sqrt()
        box = boxes(self, x, sides[:, 0], sides[:, 1])
        apply = chosen(self, x, self.factor)
        if self.fill_value is None:
            fill = self.draws.normal(x) * self.value_range[1]
        else:
            fill = torch.tensor(self.fill_value, dtype=torch.float32, device=x.device)
        return {
            "apply_erasing": apply,
            "batch_masks": box["batch_masks"],
            "fill_value": fill.clamp(*self.value_range),
        }

    def transform_images(self, images: Tensor, drawn: Drawn) -> Tensor:
        covered = drawn["batch_masks"] & drawn["apply_erasing"]
        return torch.where(covered, drawn["fill_value"], images)
