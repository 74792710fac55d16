"""RandomPerspective and RandomElasticTransform: images bent at random while training."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from lamina.fields import Float, Fraction, field
from lamina.layer import layer
from lamina.layers.preprocessing.factors import (
    VALUE_RANGE,
    Pair,
    ValueRange,
    factor,
)
from lamina.layers.preprocessing.random_colours import CHANCE, Share, chosen
from lamina.layers.preprocessing.random_images import Drawn, SeededImageLayer
from lamina.ops.sampling import FillMode, Interpolation, sampled
from lamina.ops.warping import perspective_transform, pulled
from lamina.text import Text

_INTERPOLATION = Text("How values between pixels are found.", "插值方式。")
_FILL_VALUE = Text("Value of what comes from beyond the borders.", "来自图像边界之外的填充值。")

Force = Annotated[(Pair, *factor(0.0, 1.0))]


@layer(
    group="preprocessing",
    summary=Text("Tilts images while training.", "训练时随机改变图像的透视。"),
)
class RandomPerspective(SeededImageLayer):
    """While training, move the corners of some images, as if they were seen from another side.

    Shapes:
        (batch, height, width, channels) -> the same, float32
    """

    factor: Share = field(1.0, doc=CHANCE)
    scale: Fraction = field(
        1.0,
        doc=Text(
            "How far corners move, as a share of the image; half of it either way.",
            "角点移动的幅度（占图像的比例，双向各一半）。",
        ),
    )
    interpolation: Interpolation = field("bilinear", doc=_INTERPOLATION, advanced=True)
    fill_value: Float = field(0.0, doc=_FILL_VALUE, advanced=True)

    positional = ("seed", "data_format")

    def draw(self, x: Tensor) -> Drawn:
        right, down = x.shape[2] - 1.0, x.shape[1] - 1.0
        corners = [[0.0, 0.0], [right, 0.0], [0.0, down], [right, down]]
        start = torch.tensor(corners, dtype=x.dtype, device=x.device).expand(len(x), 4, 2)
        half = 0.5 * self.scale
        moved = self.draws.uniform(x, len(x), 4, 2, low=-half, high=half)
        return {
            "apply_perspective": chosen(self, x, self.factor),
            "start_points": start,
            "end_points": start + start * moved,
        }

    def transform_images(self, images: Tensor, drawn: Drawn) -> Tensor:
        return self._seen(images, drawn, self.interpolation)

    def transform_segmentation_masks(self, masks: Tensor, drawn: Drawn) -> Tensor:
        return self._seen(masks, drawn, "nearest")

    def _seen(self, images: Tensor, drawn: Drawn, interpolation: str) -> Tensor:
        seen = perspective_transform(
            images, drawn["start_points"], drawn["end_points"], interpolation, self.fill_value
        )
        return torch.where(drawn["apply_perspective"], seen, images)


@layer(
    group="preprocessing",
    summary=Text("Bends images while training.", "训练时随机对图像做弹性变形。"),
)
class RandomElasticTransform(SeededImageLayer):
    """While training, pull some images about as if they were on rubber (Simard et al. 2003).

    Shapes:
        (batch, height, width, channels) -> the same, float32
    """

    factor: Share = field(1.0, doc=CHANCE)
    scale: Force = field(
        1.0,
        doc=Text(
            "How strong at most; two numbers for lowest and highest.",
            "最大变形强度；也可给出上下限两个数值。",
        ),
    )
    interpolation: Interpolation = field("bilinear", doc=_INTERPOLATION, advanced=True)
    fill_mode: FillMode = field(
        "reflect",
        doc=Text("What is beyond the borders.", "图像边界之外如何填充。"),
        advanced=True,
    )
    fill_value: Float = field(0.0, doc=_FILL_VALUE, advanced=True)
    value_range: ValueRange = field((0, 255), doc=VALUE_RANGE)

    positional = ("seed", "data_format")

    def draw(self, x: Tensor) -> Drawn:
        low, high = self.scale
        strength = float(self.draws.uniform(x, low=low, high=high))  # decides the size of a kernel
        noise = torch.stack([self.draws.normal(x[..., 0]) for _ in range(2)])
        height, width = x.shape[1:3]
        return {
            "apply_transform": chosen(self, x, self.factor),
            "moves": pulled(
                noise, 0.1 * strength * max(height, width), 0.05 * strength * min(height, width)
            )
            if strength * min(height, width) > 0
            else None,
        }

    def transform_images(self, images: Tensor, drawn: Drawn) -> Tensor:
        return self._pulled(images, drawn, self.interpolation).clamp(*self.value_range)

    def transform_segmentation_masks(self, masks: Tensor, drawn: Drawn) -> Tensor:
        return self._pulled(masks, drawn, "nearest")

    def _pulled(self, images: Tensor, drawn: Drawn, interpolation: str) -> Tensor:
        if drawn["moves"] is None:
            return images
        right, down = drawn["moves"]
        height, width = images.shape[1:3]
        rows = torch.arange(height, device=images.device)[:, None] + down
        columns = torch.arange(width, device=images.device) + right
        bent = sampled(images, rows, columns, interpolation, self.fill_mode, self.fill_value)
        return torch.where(drawn["apply_transform"], bent.to(images.dtype), images)
