"""DepthwiseConv and SeparableConv in 1D and 2D: filters that see one channel each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

import torch.nn.functional as F
from torch import Tensor

from lamina.constraints import ConstraintField
from lamina.fields import PositiveInt, Size1D, Size2D, field
from lamina.initializers import InitializerField
from lamina.layer import Shape, Weight, layer, need_known, need_rank, product
from lamina.layers.convolution.conv import SlidingWindow, kernel_to_torch
from lamina.layers.kernel_and_bias import OptionalBias
from lamina.layers.shared_fields import (
    PENALTY_BY_POSITION,
    constraint,
    declared_weight,
    penalty,
)
from lamina.layers.windows import AXES, channels_first, channels_last
from lamina.regularizers import RegularizerField
from lamina.text import Text

S = TypeVar("S", bound=tuple[int, ...])

_MULTIPLIER = Text("Number of filters for each channel.", "每个通道的滤波器数量。")


class _Depthwise(SlidingWindow[S], OptionalBias, Generic[S]):
    """What both kinds share: a convolution of each channel by itself."""

    depthwise_initializer: InitializerField = field(
        "glorot_uniform",
        doc=Text("First values of the filters of each channel.", "逐通道滤波器的初始值。"),
        advanced=True,
        after="use_bias",
    )
    depthwise_regularizer: RegularizerField | None = field(
        None, doc=penalty("depthwise"), advanced=True, after="bias_initializer"
    )
    activity_regularizer: RegularizerField | None = PENALTY_BY_POSITION
    depthwise_constraint: ConstraintField | None = field(
        None, doc=constraint("depthwise"), advanced=True, after="activity_regularizer"
    )

    depth_multiplier: int

    def depthwise_weight(self, name: str, x: Shape) -> Weight:
        shape = (*self.kernel_size, need_known(self, x, -1, "channels"), self.depth_multiplier)
        # (…, in, multiplier) -> (in, multiplier, …), whose first two axes are torch's filters in a row
        order = (self.rank, self.rank + 1, *range(self.rank))
        return declared_weight(self, name, shape, "depthwise", to_torch=order)

    def depthwise(self, x: Tensor, kernel: Tensor, bias: Tensor | None) -> Tensor:
        """Each channel of (batch, channels, …) by itself."""
        channels = need_known(self, self.built_for[0], -1, "channels")
        return self.convolve(x, kernel.flatten(0, 1).unsqueeze(1), bias, channels)


class _DepthwiseConv(_Depthwise[S], Generic[S]):
    depth_multiplier: PositiveInt = field(1, doc=_MULTIPLIER, after="padding")

    def output_shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        need_rank(self, x, self.rank + 2, AXES[self.rank])
        channels = need_known(self, x, -1, "channels")
        return (x[0], *self.window_positions(x), channels * self.depth_multiplier)

    def weights_for(self, *inputs: Shape) -> Iterator[Weight]:
        (x,) = inputs
        yield self.depthwise_weight("kernel", x)
        yield from self.optional_bias(need_known(self, x, -1, "channels") * self.depth_multiplier)

    def macs(self, inputs: Sequence[Shape], output: Shape) -> int:
        return product(output[1:]) * product(self.kernel_size)

    def forward(self, *inputs: Tensor) -> Tensor:
        x = inputs[0].permute(channels_first(self.rank))
        x = self.depthwise(x, self._kernel, self._bias if self.use_bias else None)
        return self.activation(x.permute(channels_last(self.rank)))


class _SeparableConv(_Depthwise[S], Generic[S]):
    filters: PositiveInt = field(
        suggest=32,
        doc=Text("Number of mixtures: channels of the output.", "混合后的数量，即输出通道数。"),
    )
    depth_multiplier: PositiveInt = field(1, doc=_MULTIPLIER, advanced=True, after="dilation_rate")
    pointwise_initializer: InitializerField = field(
        "glorot_uniform",
        doc=Text("First values of the mixture of channels.", "通道混合权重的初始值。"),
        advanced=True,
        after="depthwise_initializer",
    )
    pointwise_regularizer: RegularizerField | None = field(
        None, doc=penalty("pointwise"), advanced=True, after="depthwise_regularizer"
    )
    pointwise_constraint: ConstraintField | None = field(
        None, doc=constraint("pointwise"), advanced=True, after="depthwise_constraint"
    )

    def output_shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        need_rank(self, x, self.rank + 2, AXES[self.rank])
        need_known(self, x, -1, "channels")
        return (x[0], *self.window_positions(x), self.filters)

    def weights_for(self, *inputs: Shape) -> Iterator[Weight]:
        (x,) = inputs
        yield self.depthwise_weight("depthwise_kernel", x)
        inner = need_known(self, x, -1, "channels") * self.depth_multiplier
        shape, order = (*(1,) * self.rank, inner, self.filters), kernel_to_torch(self.rank)
        yield declared_weight(self, "pointwise_kernel", shape, "pointwise", to_torch=order)
        yield from self.optional_bias(self.filters)

    def macs(self, inputs: Sequence[Shape], output: Shape) -> int:
        inner = product(inputs[0][-1:]) * self.depth_multiplier
        return product(output[1:-1]) * inner * (product(self.kernel_size) + self.filters)

    def forward(self, *inputs: Tensor) -> Tensor:
        x = inputs[0].permute(channels_first(self.rank))
        x = self.depthwise(x, self._depthwise_kernel, None)
        mix: Callable[..., Tensor] = (F.conv1d, F.conv2d)[self.rank - 1]
        x = mix(x, self._pointwise_kernel, self._bias if self.use_bias else None)
        return self.activation(x.permute(channels_last(self.rank)))


@layer(
    group="convolution",
    summary=Text("Filters over each channel of a sequence.", "对序列逐通道滑动的滤波器。"),
)
class DepthwiseConv1D(_DepthwiseConv[Size1D]):
    """activation(convolution of each channel by itself, + bias) along time.

    Shapes:
        (batch, time, channels) -> (batch, new time, channels depth_multiplier)
    """


@layer(
    group="convolution",
    summary=Text("Filters over each channel of an image.", "对图像逐通道滑动的滤波器。"),
)
class DepthwiseConv2D(_DepthwiseConv[Size2D]):
    """activation(convolution of each channel by itself, + bias).

    Shapes:
        (batch, height, width, channels) -> (batch, new height, new width, channels depth_multiplier)
    """


@layer(
    group="convolution",
    summary=Text(
        "Filters over each channel of a sequence, then mixed.", "先逐通道滤波、再混合通道（序列）。"
    ),
    aliases=("SeparableConvolution1D",),
)
class SeparableConv1D(_SeparableConv[Size1D]):
    """activation(mixture of channels that were convolved each by itself, + bias) along time.

    Shapes:
        (batch, time, channels) -> (batch, new time, filters)
    """


@layer(
    group="convolution",
    summary=Text(
        "Filters over each channel of an image, then mixed.", "先逐通道滤波、再混合通道（图像）。"
    ),
    aliases=("SeparableConvolution2D",),
)
class SeparableConv2D(_SeparableConv[Size2D]):
    """activation(mixture of channels that were convolved each by itself, + bias); few weights (Chollet 2017, arXiv:1610.02357).

    Shapes:
        (batch, height, width, channels) -> (batch, new height, new width, filters)
    """
