"""GlobalMaxPooling and GlobalAveragePooling in 1D, 2D and 3D: one number for each channel."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor

from lamina.fields import DataFormat, field
from lamina.layer import Layer, Shape, layer, need_rank
from lamina.layers.windows import AXES
from lamina.text import Text


class _GlobalPooling(Layer):
    """What the layers share; `rank` is the number of axes that are pooled."""

    rank: ClassVar[int]

    data_format: DataFormat = field(
        None, doc=Text("Order of the axes.", "轴的顺序。"), advanced=True
    )
    keepdims: bool = field(
        False,
        doc=Text("Keep what is pooled as axes of size 1.", "将被池化的轴保留为大小 1。"),
        advanced=True,
    )

    @property
    def pooled_axes(self) -> tuple[int, ...]:
        return tuple(range(1, self.rank + 1))

    def output_shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        need_rank(self, x, self.rank + 2, AXES[self.rank])
        return (x[0], *(1,) * self.rank, x[-1]) if self.keepdims else (x[0], x[-1])


class _GlobalMaxPooling(_GlobalPooling):
    def forward(self, *inputs: Tensor) -> Tensor:
        return inputs[0].amax(self.pooled_axes, keepdim=self.keepdims)


class _GlobalAveragePooling(_GlobalPooling):
    def forward(self, *inputs: Tensor) -> Tensor:
        return inputs[0].mean(self.pooled_axes, keepdim=self.keepdims)


@layer(
    group="pooling",
    summary=Text("The largest value over time.", "对时间轴取最大值。"),
    aliases=("GlobalMaxPool1D",),
)
class GlobalMaxPooling1D(_GlobalMaxPooling):
    """The largest value over the steps of a sequence, for each channel.

    Shapes:
        (batch, time, channels) -> (batch, channels), or (batch, 1, channels) with keepdims
    """

    rank = 1


@layer(
    group="pooling",
    summary=Text("The largest value of each channel.", "取每个通道的最大值。"),
    aliases=("GlobalMaxPool2D",),
)
class GlobalMaxPooling2D(_GlobalMaxPooling):
    """The largest value over height and width, for each channel.

    Shapes:
        (batch, height, width, channels) -> (batch, channels), or (batch, 1, 1, channels) with keepdims
    """

    rank = 2


@layer(
    group="pooling",
    summary=Text("The largest value of each channel of a volume.", "取三维数据每个通道的最大值。"),
    aliases=("GlobalMaxPool3D",),
)
class GlobalMaxPooling3D(_GlobalMaxPooling):
    """The largest value over depth, height and width, for each channel.

    Shapes:
        (batch, depth, height, width, channels) -> (batch, channels), or (batch, 1, 1, 1, channels) with keepdims
    """

    rank = 3


@layer(
    group="pooling",
    summary=Text("The mean over time.", "对时间轴取平均。"),
    aliases=("GlobalAvgPool1D",),
)
class GlobalAveragePooling1D(_GlobalAveragePooling):
    """The mean over the steps of a sequence, for each channel; over those that count, where there is a mask.

    Shapes:
        (batch, time, channels) -> (batch, channels), or (batch, 1, channels) with keepdims
    """

    rank = 1
    supports_masking = True

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return None

    def forward(self, *inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        if mask is None:
            return super().forward(*inputs)
        (x,) = inputs
        counts = mask.bool().unsqueeze(-1)
        total = torch.where(counts, x, 0.0).sum(1, keepdim=self.keepdims)
        return total / counts.to(x.dtype).sum(1, keepdim=self.keepdims)


@layer(
    group="pooling",
    summary=Text("The mean of each channel.", "取每个通道的平均值。"),
    aliases=("GlobalAvgPool2D",),
)
class GlobalAveragePooling2D(_GlobalAveragePooling):
    """The mean over height and width, for each channel.

    Shapes:
        (batch, height, width, channels) -> (batch, channels), or (batch, 1, 1, channels) with keepdims
    """

    rank = 2


@layer(
    group="pooling",
    summary=Text("The mean of each channel of a volume.", "取三维数据每个通道的平均值。"),
    aliases=("GlobalAvgPool3D",),
)
class GlobalAveragePooling3D(_GlobalAveragePooling):
    """The mean over depth, height and width, for each channel.

    Shapes:
        (batch, depth, height, width, channels) -> (batch, channels), or (batch, 1, 1, 1, channels) with keepdims
    """

    rank = 3
