"""Conv2D: filters that slide over images."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from lamina.activations import Activation
from lamina.errors import ShapeError
from lamina.fields import DataFormat, Issue, Padding, PositiveInt, Size2D, field
from lamina.initializers import InitializerField
from lamina.layer import Layer, Shape, Weight, layer, need_known, need_rank, product
from lamina.layers.windows import (
    TO_CHANNELS_FIRST,
    TO_CHANNELS_LAST,
    even_same_padding,
    pad_same,
    window_size,
)
from lamina.text import Text

torch.fx.wrap(
    "pad_same"
)  # its padding depends on the size of the input: a call in a program, not traced


@layer(
    group="convolution",
    summary=Text("Filters that slide over an image.", "在图像上滑动的滤波器。"),
    aliases=("Convolution2D",),
)
class Conv2D(Layer):
    """activation(convolution of x with kernel, + bias).

    Shapes:
        (batch, height, width, channels) -> (batch, new height, new width, filters)
    """

    filters: PositiveInt = field(
        suggest=32,
        doc=Text("Number of filters: channels of the output.", "滤波器数量，即输出通道数。"),
    )
    kernel_size: Size2D = field(
        suggest=[3, 3], doc=Text("Height and width of each filter.", "每个滤波器的高和宽。")
    )
    strides: Size2D = field((1, 1), doc=Text("Steps between positions.", "滑动步长。"))
    padding: Padding = field(
        "valid",
        doc=Text(
            '"same" pads the border with zeros, "valid" does not pad.',
            "“same”在边缘补零，“valid”不补。",
        ),
    )
    data_format: DataFormat = field(
        None, doc=Text("Order of the axes.", "轴的顺序。"), advanced=True
    )
    dilation_rate: Size2D = field(
        (1, 1),
        doc=Text("Distance between the values a filter looks at.", "滤波器取值之间的间隔。"),
        advanced=True,
    )
    groups: PositiveInt = field(
        1,
        doc=Text("Number of groups of channels that do not mix.", "互不混合的通道分组数。"),
        advanced=True,
    )
    activation: Activation = field(
        None, doc=Text("Applied to the result.", "作用于结果的激活函数。")
    )
    use_bias: bool = field(
        True, doc=Text("Add a learned offset.", "是否加上可学习的偏置。"), advanced=True
    )
    kernel_initializer: InitializerField = field(
        "glorot_uniform",
        doc=Text("First values of the filters.", "滤波器的初始值。"),
        advanced=True,
    )
    bias_initializer: InitializerField = field(
        "zeros", doc=Text("First values of the bias.", "偏置的初始值。"), advanced=True
    )

    @classmethod
    def check_together(cls, values: Mapping[str, Any]) -> Iterable[Issue]:
        if values["filters"] % values["groups"]:
            yield Issue(
                "groups",
                "out_of_range",
                Text(
                    f"Conv2D.groups must divide filters, got {values['groups']} groups for {values['filters']} filters.",
                    f"Conv2D.groups 必须整除 filters，实际为 {values['groups']} 组、{values['filters']} 个滤波器。",
                ),
                values["groups"],
                1,
            )
        if max(values["strides"]) > 1 and max(values["dilation_rate"]) > 1:
            yield Issue(
                "dilation_rate",
                "out_of_range",
                Text(
                    "Conv2D cannot have both strides and dilation_rate above 1.",
                    "Conv2D 的 strides 和 dilation_rate 不能同时大于 1。",
                ),
                values["dilation_rate"],
                [1, 1],
            )

    def output_shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        need_rank(self, x, 4, "(batch, height, width, channels)")
        channels = need_known(self, x, 3, "channels")
        if channels % self.groups:
            raise ShapeError(
                Text(
                    f'Conv2D "{self.name}" splits its input into {self.groups} groups, but {channels} channels '
                    "cannot be split evenly.",
                    f"Conv2D“{self.name}”要把输入分成 {self.groups} 组，但 {channels} 个通道无法平均分组。",
                ),
                field="groups",
                suggest={"groups": 1},
            )
        height, width = (
            window_size(
                self,
                x,
                axis + 1,
                self.kernel_size[axis],
                self.strides[axis],
                self.padding,
                self.dilation_rate[axis],
                field="kernel_size",
            )
            for axis in (0, 1)
        )
        return (x[0], height, width, self.filters)

    def weights_for(self, *inputs: Shape) -> Iterator[Weight]:
        channels = need_known(self, inputs[0], 3, "channels")
        shape = (*self.kernel_size, channels // self.groups, self.filters)
        yield Weight("kernel", shape, self.kernel_initializer, to_torch=(3, 2, 0, 1))
        if self.use_bias:
            yield Weight("bias", (self.filters,), self.bias_initializer)

    def macs(self, inputs: Sequence[Shape], output: Shape) -> int:
        per_value = product(self.kernel_size) * product(inputs[0][3:]) // self.groups
        return product(output[1:]) * per_value

    def forward(self, *inputs: Tensor) -> Tensor:
        x = inputs[0].permute(TO_CHANNELS_FIRST)
        padding: tuple[int, ...] = (0, 0)
        if self.padding == "same":
            even = even_same_padding(self.kernel_size, self.strides, self.dilation_rate)
            if even is None:
                x = pad_same(x, self.kernel_size, self.strides, self.dilation_rate)
            else:
                padding = even
        bias = self._bias if self.use_bias else None
        x = F.conv2d(x, self._kernel, bias, self.strides, padding, self.dilation_rate, self.groups)
        return self.activation(x.permute(TO_CHANNELS_LAST))
