"""AdaptiveMaxPooling and AdaptiveAveragePooling in 1D, 2D and 3D: windows chosen for the size of the output."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

import torch.nn.functional as F
from torch import Tensor

from lamina.fields import DataFormat, Size1D, Size2D, Size3D, field
from lamina.layer import Layer, Shape, layer, need_rank
from lamina.layers.windows import AXES, channels_first, channels_last
from lamina.text import Text

S = TypeVar("S", bound=tuple[int, ...])
Pool = Callable[..., Tensor]


class _AdaptivePooling(Layer, Generic[S]):
    """What the layers share: the shape rule."""

    output_size: S = field(
        suggest=4,
        doc=Text("Size of the output along each axis.", "输出沿各轴的大小。"),
    )
    data_format: DataFormat = field(
        None, doc=Text("Order of the axes.", "轴的顺序。"), advanced=True
    )

    @property
    def rank(self) -> int:
        return len(self.output_size)

    def output_shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        need_rank(self, x, self.rank + 2, AXES[self.rank])
        return (x[0], *self.output_size, x[-1])

    def pooled(self, x: Tensor) -> Tensor:
        """The windows of (batch, channels, …)."""
        raise NotImplementedError

    def forward(self, *inputs: Tensor) -> Tensor:
        x = inputs[0].permute(channels_first(self.rank))
        return self.pooled(x).permute(channels_last(self.rank))


class _AdaptiveMaxPooling(_AdaptivePooling[S]):
    def pooled(self, x: Tensor) -> Tensor:
        pool: Pool = (F.adaptive_max_pool1d, F.adaptive_max_pool2d, F.adaptive_max_pool3d)[
            self.rank - 1
        ]
        return pool(x, self.output_size)


class _AdaptiveAveragePooling(_AdaptivePooling[S]):
    def pooled(self, x: Tensor) -> Tensor:
        pool: Pool = (F.adaptive_avg_pool1d, F.adaptive_avg_pool2d, F.adaptive_avg_pool3d)[
            self.rank - 1
        ]
        return pool(x, self.output_size)


@layer(
    group="pooling",
    summary=Text("The largest values, to a given length.", "最大池化到指定长度。"),
)
class AdaptiveMaxPooling1D(_AdaptiveMaxPooling[Size1D]):
    """The largest value of each of `output_size` stretches of a sequence, for each channel.

    Shapes:
        (batch, time, channels) -> (batch, *output_size, channels)
    """


@layer(
    group="pooling",
    summary=Text("The largest values, to a given height and width.", "最大池化到指定的高和宽。"),
)
class AdaptiveMaxPooling2D(_AdaptiveMaxPooling[Size2D]):
    """The largest value of each of `output_size` windows of an image, for each channel.

    Shapes:
        (batch, height, width, channels) -> (batch, *output_size, channels)
    """


@layer(
    group="pooling",
    summary=Text("The largest values of a volume, to a given size.", "三维最大池化到指定大小。"),
)
class AdaptiveMaxPooling3D(_AdaptiveMaxPooling[Size3D]):
    """The largest value of each of `output_size` windows of a volume, for each channel.

    Shapes:
        (batch, depth, height, width, channels) -> (batch, *output_size, channels)
    """


@layer(
    group="pooling",
    summary=Text("Means, to a given length.", "平均池化到指定长度。"),
)
class AdaptiveAveragePooling1D(_AdaptiveAveragePooling[Size1D]):
    """The mean of each of `output_size` stretches of a sequence, for each channel.

    Shapes:
        (batch, time, channels) -> (batch, *output_size, channels)
    """


@layer(
    group="pooling",
    summary=Text("Means, to a given height and width.", "平均池化到指定的高和宽。"),
)
class AdaptiveAveragePooling2D(_AdaptiveAveragePooling[Size2D]):
    """The mean of each of `output_size` windows of an image, for each channel.

    Shapes:
        (batch, height, width, channels) -> (batch, *output_size, channels)
    """


@layer(
    group="pooling",
    summary=Text("Means of a volume, to a given size.", "三维平均池化到指定大小。"),
)
class AdaptiveAveragePooling3D(_AdaptiveAveragePooling[Size3D]):
    """The mean of each of `output_size` windows of a volume, for each channel.

    Shapes:
        (batch, depth, height, width, channels) -> (batch, *output_size, channels)
    """
