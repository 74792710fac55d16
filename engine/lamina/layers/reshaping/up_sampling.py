"""UpSampling1D, 2D and 3D: each value several times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import torch
import torch.fx
import torch.nn.functional as F
from torch import Tensor

from lamina.fields import DataFormat, LowerCase, PositiveInt, Size2D, Size3D, field
from lamina.layer import Layer, Shape, layer, need_rank
from lamina.layers.windows import AXES, channels_first, channels_last
from lamina.text import Text


class _UpSampling(Layer):
    """What the layers share; `factors` say how many times larger each axis becomes."""

    keeps_whole_numbers = True

    @property
    def factors(self) -> tuple[int, ...]:
        raise NotImplementedError

    @property
    def mode(self) -> str:
        """What stands between the values of the input."""
        return "nearest"

    def output_shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        need_rank(self, x, len(self.factors) + 2, AXES[len(self.factors)])
        spatial = (
            None if size is None else size * factor
            for size, factor in zip(x[1:-1], self.factors, strict=True)
        )
        return (x[0], *spatial, x[-1])

    def forward(self, *inputs: Tensor) -> Tensor:
        rank = len(self.factors)
        y = enlarged(inputs[0].permute(channels_first(rank)), self.factors, self.mode)
        return y.permute(channels_last(rank))


def enlarged(x: Tensor, factors: Sequence[int], mode: str) -> Tensor:
    """(batch, channels, …) with each axis behind so many times as long; whole numbers stay such."""
    if not x.is_floating_point():
        if mode == "nearest":
            for axis, factor in enumerate(factors, 2):
                x = x.repeat_interleave(factor, axis)
            return x
        y = enlarged(x.float(), factors, mode).round()
        return (y.clamp(0, 255) if x.dtype is torch.uint8 else y).to(x.dtype)
    # Plain "nearest" multiplies by a rounded factor and may miss by one where the input is long.
    exact = "nearest-exact" if mode == "nearest" else mode
    align = None if mode == "nearest" else False
    scales = [float(factor) for factor in factors]
    return F.interpolate(x, scale_factor=scales, mode=exact, align_corners=align)


torch.fx.wrap("enlarged")


@layer(group="reshaping", summary=Text("Repeats each step of a sequence.", "重复序列的每一步。"))
class UpSampling1D(_UpSampling):
    """Each step `size` times.

    Shapes:
        (batch, time, channels) -> (batch, size time, channels)
    """

    size: PositiveInt = field(2, doc=Text("How often each step stands.", "每一步重复的次数。"))

    @property
    def factors(self) -> tuple[int, ...]:
        return (self.size,)


@layer(group="reshaping", summary=Text("Makes an image larger.", "放大图像。"))
class UpSampling2D(_UpSampling):
    """An image several times as high and as wide.

    Shapes:
        (batch, height, width, channels) -> (batch, size height, size width, channels)
    """

    size: Size2D = field((2, 2), doc=Text("Factors of height and width.", "高和宽的放大倍数。"))
    data_format: DataFormat = field(
        None, doc=Text("Order of the axes.", "轴的顺序。"), advanced=True
    )
    interpolation: Annotated[Literal["nearest", "bilinear", "bicubic"], LowerCase] = field(
        "nearest",
        doc=Text("What stands between the values of the input.", "输入值之间的插值方式。"),
        advanced=True,
    )

    @property
    def factors(self) -> tuple[int, ...]:
        return self.size

    @property
    def mode(self) -> str:
        return self.interpolation


@layer(group="reshaping", summary=Text("Makes a volume larger.", "放大三维数据。"))
class UpSampling3D(_UpSampling):
    """Each value of a volume several times along each axis.

    Shapes:
        (batch, depth, height, width, channels) -> the same, each of the three sizes times its factor
    """

    size: Size3D = field(
        (2, 2, 2),
        doc=Text("Factors of depth, height and width.", "深、高、宽的放大倍数。"),
    )
    data_format: DataFormat = field(
        None, doc=Text("Order of the axes.", "轴的顺序。"), advanced=True
    )

    @property
    def factors(self) -> tuple[int, ...]:
        return self.size
