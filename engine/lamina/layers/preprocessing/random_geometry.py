"""RandomRotation, RandomZoom, RandomTranslation and RandomShear: images moved at random while training."""

from __future__ import annotations

import math
from typing import Annotated

import torch
from torch import Tensor

from lamina.fields import Float, field
from lamina.layer import layer
from lamina.layers.preprocessing.factors import (
    Pair,
    ShearFactor,
    bounds,
    factor,
    given_factor,
)
from lamina.layers.preprocessing.random_images import Drawn, SeededImageLayer
from lamina.ops.sampling import FillMode, Interpolation, affine, linear_maps
from lamina.text import Text

_FILL_MODE = Text("What is beyond the borders.", "图像边界之外如何填充。")
_FILL_VALUE = Text(
    "Value beyond the borders, where fill_mode is constant.", "fill_mode 为 constant 时的填充值。"
)
_INTERPOLATION = Text("How values between pixels are found.", "插值方式。")
_HEIGHT = Text(
    "Share of the height at most, up or down; two numbers for lowest and highest.",
    "相对高度的最大变化；也可给出上下限两个数值。",
)
_WIDTH = Text(
    "Share of the width at most, to the left or right; two numbers for lowest and highest.",
    "相对宽度的最大变化；也可给出上下限两个数值。",
)

TurnFactor = Annotated[(Pair, *factor(-1.0, 1.0))]
ZoomFactor = Annotated[(float | list[float], *given_factor(-1.0, 1.0, without_least=True))]
ShiftFactor = Annotated[(float | list[float], *given_factor(-1.0, 1.0))]


class _Moved(SeededImageLayer):
    """Layers that look at each image through a map of the plane."""

    fill_mode: FillMode = field("reflect", doc=_FILL_MODE, kw_only=True)
    interpolation: Interpolation = field(
        "bilinear", doc=_INTERPOLATION, advanced=True, kw_only=True
    )
    fill_value: Float = field(0.0, doc=_FILL_VALUE, advanced=True, kw_only=True)

    def maps(self, x: Tensor, drawn: Drawn) -> Tensor:
        """For each image, where its pixels come from; see `affine`."""
        raise NotImplementedError

    def transform_images(self, images: Tensor, drawn: Drawn) -> Tensor:
        maps = self.maps(images, drawn)
        return affine(images, maps, self.interpolation, self.fill_mode, self.fill_value)

    def transform_segmentation_masks(self, masks: Tensor, drawn: Drawn) -> Tensor:
        maps = self.maps(masks, drawn)
        return affine(masks, maps, "nearest", self.fill_mode, self.fill_value)


@layer(group="preprocessing", summary=Text("Turns images while training.", "训练时随机旋转图像。"))
class RandomRotation(_Moved):
    """While training, turn each image by an angle of its own about its middle.

    Shapes:
        (batch, height, width, channels) -> the same, float32
    """

    factor: TurnFactor = field(
        suggest=0.1,
        doc=Text(
            "Share of a full turn at most, either way; two numbers for lowest and highest.",
            "最大旋转角度（占整圈的比例，双向）；也可给出上下限两个数值。",
        ),
    )

    positional = ("fill_mode", "interpolation", "seed", "fill_value", "data_format")

    def draw(self, x: Tensor) -> Drawn:
        low, high = (360.0 * share for share in self.factor)
        return {"angle": self.draws.uniform(x, len(x), low=low, high=high)}

    def maps(self, x: Tensor, drawn: Drawn) -> Tensor:
        angle = drawn["angle"] * (math.pi / 180)
        cos, sin = angle.cos(), angle.sin()
        middle_y, middle_x = 0.5 * (x.shape[1] - 1), 0.5 * (x.shape[2] - 1)
        return linear_maps(
            cos, -sin, middle_x - middle_x * cos - middle_y * -sin,
            sin, cos, middle_y - middle_x * sin - middle_y * cos,
        )  # fmt: skip


@layer(group="preprocessing", summary=Text("Zooms images while training.", "训练时随机缩放图像。"))
class RandomZoom(_Moved):
    """While training, bring each image nearer (below 0) or away (above 0).

    Shapes:
        (batch, height, width, channels) -> the same, float32
    """

    height_factor: ZoomFactor = field(suggest=0.2, doc=_HEIGHT)
    width_factor: ZoomFactor | None = field(
        None,
        doc=Text(
            "The same for the width; as much as the height when empty.",
            "宽度方向的缩放；留空则与高度相同。",
        ),
    )

    positional = ("fill_mode", "interpolation", "seed", "fill_value", "data_format")

    def _drawn(self, x: Tensor, given: float | list[float]) -> Tensor:
        low, high = bounds(given)
        return self.draws.uniform(x, len(x), 1, low=1 + low, high=1 + high)

    def draw(self, x: Tensor) -> Drawn:
        height = self._drawn(x, self.height_factor)
        width = height if self.width_factor is None else self._drawn(x, self.width_factor)
        return {"height_zoom": height, "width_zoom": width}

    def maps(self, x: Tensor, drawn: Drawn) -> Tensor:
        height, width = drawn["height_zoom"][:, 0], drawn["width_zoom"][:, 0]
        nothing = torch.zeros_like(height)
        return linear_maps(
            width, nothing, (x.shape[2] - 1) / 2 * (1 - width),
            nothing, height, (x.shape[1] - 1) / 2 * (1 - height),
        )  # fmt: skip


@layer(group="preprocessing", summary=Text("Shifts images while training.", "训练时随机平移图像。"))
class RandomTranslation(_Moved):
    """While training, shift each image down (above 0) or up, and to the right (above 0) or left.

    Shapes:
        (batch, height, width, channels) -> the same, float32
    """

    height_factor: ShiftFactor = field(suggest=0.1, doc=_HEIGHT)
    width_factor: ShiftFactor = field(suggest=0.1, doc=_WIDTH)

    positional = ("fill_mode", "interpolation", "seed", "fill_value", "data_format")

    def draw(self, x: Tensor) -> Drawn:
        shifts = []
        for given, size in ((self.width_factor, x.shape[2]), (self.height_factor, x.shape[1])):
            low, high = bounds(given)
            shifts.append(self.draws.uniform(x, len(x), low=low, high=high) * size)
        return {"translations": torch.stack(shifts, dim=1)}

    def maps(self, x: Tensor, drawn: Drawn) -> Tensor:
        right, down = drawn["translations"].unbind(1)
        one, nothing = torch.ones_like(right), torch.zeros_like(right)
        return linear_maps(one, nothing, -right, nothing, one, -down)


@layer(group="preprocessing", summary=Text("Shears images while training.", "训练时随机错切图像。"))
class RandomShear(_Moved):
    """While training, shift the rows and columns of each image the more, the farther from the upper left they are.

    Shapes:
        (batch, height, width, channels) -> the same, float32
    """

    x_factor: ShearFactor = field(
        0.0, doc=Text("Shift of a row for each row above it, at most.", "每行水平错切的最大量。")
    )
    y_factor: ShearFactor = field(
        0.0,
        doc=Text("Shift of a column for each column before it, at most.", "每列垂直错切的最大量。"),
    )

    positional = ("interpolation", "fill_mode", "fill_value", "data_format", "seed")

    def draw(self, x: Tensor) -> Drawn:
        shears = [
            self.draws.uniform(x, len(x), low=low, high=high)
            for low, high in (self.x_factor, self.y_factor)
        ]
        return {"shear_factor": torch.stack(shears, dim=1) * self.draws.sign(x, len(x), 1)}

    def maps(self, x: Tensor, drawn: Drawn) -> Tensor:
        across, along = drawn["shear_factor"].unbind(1)
        one, nothing = torch.ones_like(across), torch.zeros_like(across)
        return linear_maps(one, across, nothing, along, one, nothing)
