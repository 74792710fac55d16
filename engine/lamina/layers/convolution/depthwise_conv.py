"""DepthwiseConv and SeparableConv in 1D and 2D: filters that see one channel each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar

import torch.nn.functional as F
from torch import Tensor

from lamina.activations import Activation
from lamina.constraints import ConstraintField
from lamina.fields import DataFormat, Padding, PositiveInt, Size1D, Size2D, field
from lamina.initializers import Initializer, InitializerField
from lamina.layer import Shape, Weight, layer, need_known, need_rank, product
from lamina.layers.convolution.conv import Window, kernel_to_torch
from lamina.layers.shared_fields import OUTPUT_PENALTY, constraint, penalty
from lamina.layers.windows import AXES, channels_first, channels_last
from lamina.regularizers import RegularizerField
from lamina.text import Text

S = TypeVar("S", bound=tuple[int, ...])

_KERNEL_SIZE = Text("Size of each filter along each axis.", "每个滤波器沿各轴的大小。")
_STRIDES = Text("Steps between positions.", "滑动步长。")
_PADDING = Text(
    '"same" pads the border with zeros, "valid" does not pad.',
    "“same”在边缘补零，“valid”不补。",
)
_MULTIPLIER = Text("Number of filters for each channel.", "每个通道的滤波器数量。")
_DATA_FORMAT = Text("Order of the axes.", "轴的顺序。")
_DILATION = Text("Distance between the values a filter looks at.", "滤波器取值之间的间隔。")
_ACTIVATION = Text("Applied to the result.", "作用于结果的激活函数。")
_USE_BIAS = Text("Add a learned offset.", "是否加上可学习的偏置。")
_DEPTHWISE = Text("First values of the filters of each channel.", "逐通道滤波器的初始值。")
_BIAS = Text("First values of the bias.", "偏置的初始值。")


class _Depthwise(Window[S]):
    """What both kinds share: a convolution of each channel by itself."""

    wants_fractions = True

    depth_multiplier: int
    depthwise_initializer: Initializer
    depthwise_regularizer: Any
    depthwise_constraint: Any

    def depthwise_weight(self, name: str, x: Shape) -> Weight:
        shape = (*self.kernel_size, need_known(self, x, -1, "channels"), self.depth_multiplier)
        # (…, in, multiplier) -> (in, multiplier, …), whose first two axes are torch's filters in a row
        order = (self.rank, self.rank + 1, *range(self.rank))
        return Weight(
            name,
            shape,
            self.depthwise_initializer,
            to_torch=order,
            regularizer=self.depthwise_regularizer,
            constraint=self.depthwise_constraint,
        )

    def depthwise(self, x: Tensor, kernel: Tensor, bias: Tensor | None) -> Tensor:
        """Each channel of (batch, channels, …) by itself."""
        channels = need_known(self, self.built_for[0], -1, "channels")
        return self.convolve(x, kernel.flatten(0, 1).unsqueeze(1), bias, channels)


class _DepthwiseConv(_Depthwise[S], Generic[S]):
    kernel_size: S = field(suggest=3, doc=_KERNEL_SIZE)
    strides: S = field(1, doc=_STRIDES)
    padding: Padding = field("valid", doc=_PADDING)
    depth_multiplier: PositiveInt = field(1, doc=_MULTIPLIER)
    data_format: DataFormat = field(None, doc=_DATA_FORMAT, advanced=True)
    dilation_rate: S = field(1, doc=_DILATION, advanced=True)
    activation: Activation = field(None, doc=_ACTIVATION)
    use_bias: bool = field(True, doc=_USE_BIAS, advanced=True)
    depthwise_initializer: InitializerField = field("glorot_uniform", doc=_DEPTHWISE, advanced=True)
    bias_initializer: InitializerField = field("zeros", doc=_BIAS, advanced=True)
    depthwise_regularizer: RegularizerField | None = field(
        None, doc=penalty("depthwise"), advanced=True
    )
    bias_regularizer: RegularizerField | None = field(None, doc=penalty("bias"), advanced=True)
    activity_regularizer: RegularizerField | None = field(None, doc=OUTPUT_PENALTY, advanced=True)
    depthwise_constraint: ConstraintField | None = field(
        None, doc=constraint("depthwise"), advanced=True
    )
    bias_constraint: ConstraintField | None = field(None, doc=constraint("bias"), advanced=True)

    def output_shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        need_rank(self, x, self.rank + 2, AXES[self.rank])
        channels = need_known(self, x, -1, "channels")
        return (x[0], *self.window_positions(x), channels * self.depth_multiplier)

    def weights_for(self, *inputs: Shape) -> Iterator[Weight]:
        (x,) = inputs
        yield self.depthwise_weight("kernel", x)
        if self.use_bias:
            size = need_known(self, x, -1, "channels") * self.depth_multiplier
            yield Weight(
                "bias",
                (size,),
                self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

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
    kernel_size: S = field(suggest=3, doc=_KERNEL_SIZE)
    strides: S = field(1, doc=_STRIDES)
    padding: Padding = field("valid", doc=_PADDING)
    data_format: DataFormat = field(None, doc=_DATA_FORMAT, advanced=True)
    dilation_rate: S = field(1, doc=_DILATION, advanced=True)
    depth_multiplier: PositiveInt = field(1, doc=_MULTIPLIER, advanced=True)
    activation: Activation = field(None, doc=_ACTIVATION)
    use_bias: bool = field(True, doc=_USE_BIAS, advanced=True)
    depthwise_initializer: InitializerField = field("glorot_uniform", doc=_DEPTHWISE, advanced=True)
    pointwise_initializer: InitializerField = field(
        "glorot_uniform",
        doc=Text("First values of the mixture of channels.", "通道混合权重的初始值。"),
        advanced=True,
    )
    bias_initializer: InitializerField = field("zeros", doc=_BIAS, advanced=True)
    depthwise_regularizer: RegularizerField | None = field(
        None, doc=penalty("depthwise"), advanced=True
    )
    pointwise_regularizer: RegularizerField | None = field(
        None, doc=penalty("pointwise"), advanced=True
    )
    bias_regularizer: RegularizerField | None = field(None, doc=penalty("bias"), advanced=True)
    activity_regularizer: RegularizerField | None = field(None, doc=OUTPUT_PENALTY, advanced=True)
    depthwise_constraint: ConstraintField | None = field(
        None, doc=constraint("depthwise"), advanced=True
    )
    pointwise_constraint: ConstraintField | None = field(
        None, doc=constraint("pointwise"), advanced=True
    )
    bias_constraint: ConstraintField | None = field(None, doc=constraint("bias"), advanced=True)

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
        yield Weight(
            "pointwise_kernel",
            shape,
            self.pointwise_initializer,
            to_torch=order,
            regularizer=self.pointwise_regularizer,
            constraint=self.pointwise_constraint,
        )
        if self.use_bias:
            yield Weight(
                "bias",
                (self.filters,),
                self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

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
