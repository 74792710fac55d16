"""RandomFlip: images mirrored at random while training."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from lamina.fields import field
from lamina.layer import layer
from lamina.layers.preprocessing.random_images import Drawn, SeededImageLayer
from lamina.text import Text

AXES_OF = {"horizontal": (2,), "vertical": (1,), "horizontal_and_vertical": (2, 1)}


@layer(
    group="preprocessing",
    summary=Text("Mirrors images at random while training.", "训练时随机翻转图像。"),
)
class RandomFlip(SeededImageLayer):
    """While training, mirror each image with probability one half; along both axes at once where both are named.

    Shapes:
        (batch, height, width, channels) -> the same, float32
    """

    mode: Literal["horizontal_and_vertical", "horizontal", "vertical"] = field(
        "horizontal_and_vertical", doc=Text("Which way.", "翻转方向。")
    )

    positional = ("seed", "data_format")

    def draw(self, x: Tensor) -> Drawn:
        return {"flips": self.draws.uniform(x, len(x), 1, 1, 1) <= 0.5}

    def transform_images(self, images: Tensor, drawn: Drawn) -> Tensor:
        return torch.where(drawn["flips"], images.flip(AXES_OF[self.mode]), images)

    def transform_segmentation_masks(self, masks: Tensor, drawn: Drawn) -> Tensor:
        return self.transform_images(masks, drawn)
