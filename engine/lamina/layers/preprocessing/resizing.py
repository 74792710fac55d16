"""Resizing and CenterCrop: images brought to one size."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import torch.nn.functional as F
from torch import Tensor, nn

from lamina.fields import DataFormat, Float, Issue, PositiveInt, field
from lamina.layer import Layer, Shape, layer, need_rank
from lamina.layers.windows import AXES
from lamina.text import Text

Interpolation = Literal["bilinear", "nearest", "bicubic"]
_HEIGHT = Text("Height of the output.", "输出的高度。")
_WIDTH = Text("Width of the output.", "输出的宽度。")
_DATA_FORMAT = Text("Order of the axes.", "轴的顺序。")


def resized(
    x: Tensor, height: int, width: int, interpolation: str, *, antialias: bool = False
) -> Tensor:
    """Images (batch, height, width, channels) at another size; pixels have their centres at halves."""
    mode = "nearest-exact" if interpolation == "nearest" else interpolation
    smooth = mode != "nearest-exact"
    out = F.interpolate(
        x.permute(0, 3, 1, 2),
        size=(height, width),
        mode=mode,
        align_corners=False if smooth else None,
        antialias=antialias and smooth,
    )
    return out.permute(0, 2, 3, 1)


def largest_like(have: tuple[int, int], want: tuple[int, int]) -> tuple[int, int]:
    """Height and width of the largest part of an image that has the proportions of `want`."""
    height = max(min(have[0], int(have[1] * want[0] / want[1])), 1)
    width = max(min(have[1], int(have[0] * want[1] / want[0])), 1)
    return height, width


def middle(x: Tensor, height: int, width: int) -> Tensor:
    """The middle part of images, of this size."""
    top, left = (x.shape[1] - height) // 2, (x.shape[2] - width) // 2
    return x[:, top : top + height, left : left + width]


class _ByShape(nn.Module):
    """A step that decides by the sizes of its input: kept as one call when the layer is traced."""

    def __init__(self, owner: Any) -> None:
        super().__init__()
        self.transformed = owner.transformed

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.transformed(x)
        return out


class _ToSize(Layer):
    takes_one_image = True
    keeps_value_range = True
    height: int
    width: int

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.step = _ByShape(self)

    def output_shape(self, *inputs: Shape) -> Shape:
        need_rank(self, inputs[0], 4, AXES[2])
        return (inputs[0][0], self.height, self.width, inputs[0][3])

    def forward(self, *inputs: Tensor) -> Tensor:
        out: Tensor = self.step(self.as_fractions(inputs[0]))
        return out


@layer(group="preprocessing", summary=Text("Brings images to one size.", "把图像缩放到统一大小。"))
class Resizing(_ToSize):
    """Images at another size, in training and inference alike.

    Shapes:
        (batch, height, width, channels) -> (batch, new height, new width, channels)
    """

    height: PositiveInt = field(suggest=32, doc=_HEIGHT)
    width: PositiveInt = field(suggest=32, doc=_WIDTH)
    interpolation: Interpolation = field(
        "bilinear", doc=Text("How values between pixels are found.", "插值方式。")
    )
    crop_to_aspect_ratio: bool = field(
        False,
        doc=Text("Cut the sides off instead of distorting.", "裁掉多余部分以避免变形。"),
        advanced=True,
    )
    pad_to_aspect_ratio: bool = field(
        False,
        doc=Text("Add borders instead of distorting.", "加边以避免变形。"),
        advanced=True,
    )
    fill_mode: Literal["constant"] = field(
        "constant", doc=Text("What borders are made of.", "边框的填充方式。"), advanced=True
    )
    fill_value: Float = field(0.0, doc=Text("Value of borders.", "边框的填充值。"), advanced=True)
    antialias: bool = field(
        False, doc=Text("Smooth when making images smaller.", "缩小时抗锯齿。"), advanced=True
    )
    data_format: DataFormat = field(None, doc=_DATA_FORMAT, advanced=True)

    @classmethod
    def check_together(cls, values: Mapping[str, Any]) -> Iterable[Issue]:
        if values["crop_to_aspect_ratio"] and values["pad_to_aspect_ratio"]:
            yield Issue(
                "pad_to_aspect_ratio",
                "bad_parameter",
                Text(
                    "Resizing can crop or pad to the aspect ratio, not both; leave one out.",
                    "Resizing 的 crop_to_aspect_ratio 与 pad_to_aspect_ratio 不能同时使用；请去掉一个。",
                ),
                True,
                False,
            )

    def transformed(self, x: Tensor) -> Tensor:
        """The images at the new size."""
        have, want = (x.shape[1], x.shape[2]), (self.height, self.width)
        if self.crop_to_aspect_ratio:
            x = middle(x, *largest_like(have, want))
        elif self.pad_to_aspect_ratio:
            # As Keras does: equal borders on both sides, so that an odd rest is left out.
            tall = (max(have[0], int(have[1] * want[0] / want[1])) - have[0]) // 2
            wide = (max(have[1], int(have[0] * want[1] / want[0])) - have[1]) // 2
            x = F.pad(x, (0, 0, wide, wide, tall, tall), value=self.fill_value)
        return resized(x, *want, self.interpolation, antialias=self.antialias)


@layer(group="preprocessing", summary=Text("Cuts out the middle.", "裁剪图像中央部分。"))
class CenterCrop(_ToSize):
    """The middle of images; smaller images are cropped to the proportions and enlarged.

    Shapes:
        (batch, height, width, channels) -> (batch, new height, new width, channels)
    """

    height: PositiveInt = field(suggest=24, doc=_HEIGHT)
    width: PositiveInt = field(suggest=24, doc=_WIDTH)
    data_format: DataFormat = field(None, doc=_DATA_FORMAT, advanced=True)

    def transformed(self, x: Tensor) -> Tensor:
        """The middle of the images."""
        if x.shape[1] >= self.height and x.shape[2] >= self.width:
            return middle(x, self.height, self.width)
        have, want = (x.shape[1], x.shape[2]), (self.height, self.width)
        return resized(middle(x, *largest_like(have, want)), *want, "bilinear")
