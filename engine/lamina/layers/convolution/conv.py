"""Conv1D, Conv2D and Conv3D: filters that slide over sequences, images and volumes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor

from lamina.errors import ShapeError
from lamina.fields import (
    CausalPadding,
    DataFormat,
    Issue,
    Padding,
    PositiveInt,
    Size1D,
    Size2D,
    Size3D,
    field,
)
from lamina.layer import Layer, Shape, Weight, layer, need_known, need_rank, product
from lamina.layers.kernel_and_bias import KernelAndBias
from lamina.layers.shared_fields import (
    PENALTY_BY_POSITION,
    declared_weight,
)
from lamina.layers.windows import (
    AXES,
    channels_first,
    channels_last,
    even_same_padding,
    pad_same,
    window_size,
)
from lamina.ops.strides import as_planes, leaves_holes, skip_to_strides
from lamina.regularizers import RegularizerField
from lamina.text import Text

# What they do depends on the size of the input: calls in a program, not traced.
torch.fx.wrap("pad_same")
torch.fx.wrap("as_planes")

S = TypeVar("S", bound=tuple[int, ...])

FILTERS: Any = field(
    suggest=32, doc=Text("Number of filters: channels of the output.", "滤波器数量，即输出通道数。")
)


def kernel_to_torch(rank: int) -> tuple[int, ...]:
    """Order of a kernel's axes, (…, in, out) in Keras, in torch's layout (out, in, …)."""
    return (rank + 1, rank, *range(rank))


def strides_or_dilation(cls: type[Layer], values: Mapping[str, Any]) -> Iterable[Issue]:
    """The issue of strides and dilation that are both above 1."""
    if max(values["strides"]) > 1 and max(values["dilation_rate"]) > 1:
        yield Issue(
            "dilation_rate",
            "out_of_range",
            Text(
                f"{cls.__name__} cannot have both strides and dilation_rate above 1.",
                f"{cls.__name__} 的 strides 和 dilation_rate 不能同时大于 1。",
            ),
            values["dilation_rate"],
            [1] * len(values["dilation_rate"]),
        )


class Window(Layer, Generic[S]):
    """What all convolutions share: a window over one to three axes."""

    kernel_size: S = field(
        suggest=3, doc=Text("Size of each filter along each axis.", "每个滤波器沿各轴的大小。")
    )
    strides: S = field(1, doc=Text("Steps between positions.", "滑动步长。"))
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
    dilation_rate: S = field(
        1,
        doc=Text("Distance between the values a filter looks at.", "滤波器取值之间的间隔。"),
        advanced=True,
    )

    @property
    def rank(self) -> int:
        return len(self.kernel_size)


class SlidingWindow(Window[S], Generic[S]):
    """What convolutions share that keep or shrink their input: how a window slides over it."""

    @property
    def pads_beginning(self) -> bool:
        """Whether the border is padded at the beginning alone."""
        return False

    def window_positions(self, x: Shape) -> list[int | None]:
        """Sizes of the output along the axes that the window slides along."""
        # Padding of the beginning alone gives as many positions as padding of both ends.
        padding = "same" if self.pads_beginning else self.padding
        return [
            window_size(
                self,
                x,
                axis + 1,
                self.kernel_size[axis],
                self.strides[axis],
                padding,
                self.dilation_rate[axis],
                field="kernel_size",
            )
            for axis in range(self.rank)
        ]

    def convolve(self, x: Tensor, kernel: Tensor, bias: Any, groups: int) -> Tensor:
        """The convolution of (batch, channels, …) with a kernel in torch's layout."""
        padding: tuple[int, ...] = (0,) * self.rank
        if self.pads_beginning:
            x = F.pad(x, ((self.kernel_size[0] - 1) * self.dilation_rate[0], 0))
        elif self.padding == "same":
            even = even_same_padding(self.kernel_size, self.strides, self.dilation_rate)
            if even is None:
                x = pad_same(x, self.kernel_size, self.strides, self.dilation_rate)
            else:
                padding = even
        x, strides = skip_to_strides(x, self.kernel_size, self.strides)
        if leaves_holes(strides):
            x, kernel = as_planes(x), as_planes(kernel)
        function: Callable[..., Tensor] = (F.conv1d, F.conv2d, F.conv3d)[self.rank - 1]
        return function(x, kernel, bias, strides, padding, self.dilation_rate, groups)


class _Convolution(SlidingWindow[S], KernelAndBias, Generic[S]):
    """What Conv1D, Conv2D and Conv3D share."""

    filters: PositiveInt = FILTERS
    groups: PositiveInt = field(
        1,
        doc=Text("Number of groups of channels that do not mix.", "互不混合的通道分组数。"),
        advanced=True,
        after="dilation_rate",
    )
    activity_regularizer: RegularizerField | None = PENALTY_BY_POSITION

    @classmethod
    def check_together(cls, values: Mapping[str, Any]) -> Iterable[Issue]:
        if values["filters"] % values["groups"]:
            name, filters, groups = cls.__name__, values["filters"], values["groups"]
            yield Issue(
                "groups",
                "out_of_range",
                Text(
                    f"{name}.groups must divide filters, got {groups} groups for {filters} filters.",
                    f"{name}.groups 必须整除 filters，实际为 {groups} 组、{filters} 个滤波器。",
                ),
                groups,
                1,
            )
        yield from strides_or_dilation(cls, values)

    def output_shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        need_rank(self, x, self.rank + 2, AXES[self.rank])
        channels = need_known(self, x, -1, "channels")
        if channels % self.groups:
            raise ShapeError(
                Text(
                    f'{self.type_name} "{self.name}" splits its input into {self.groups} groups, but {channels} '
                    "channels cannot be split evenly.",
                    f"{self.type_name}“{self.name}”要把输入分成 {self.groups} 组，但 {channels} 个通道无法平均分组。",
                ),
                field="groups",
                suggest={"groups": 1},
            )
        return (x[0], *self.window_positions(x), self.filters)

    def weights_for(self, *inputs: Shape) -> Iterator[Weight]:
        channels = need_known(self, inputs[0], -1, "channels")
        shape = (*self.kernel_size, channels // self.groups, self.filters)
        yield declared_weight(self, "kernel", shape, to_torch=kernel_to_torch(self.rank))
        yield from self.optional_bias(self.filters)

    def macs(self, inputs: Sequence[Shape], output: Shape) -> int:
        per_value = product(self.kernel_size) * product(inputs[0][-1:]) // self.groups
        return product(output[1:]) * per_value

    def forward(self, *inputs: Tensor) -> Tensor:
        x = inputs[0].permute(channels_first(self.rank))
        x = self.convolve(x, self._kernel, self._bias if self.use_bias else None, self.groups)
        return self.activation(x.permute(channels_last(self.rank)))


@layer(
    group="convolution",
    summary=Text("Filters that slide over a sequence.", "在序列上滑动的滤波器。"),
    aliases=("Convolution1D",),
)
class Conv1D(_Convolution[Size1D]):
    """activation(convolution of x with kernel, + bias) along time.

    With padding "causal" a step sees itself and earlier ones only.

    Shapes:
        (batch, time, channels) -> (batch, new time, filters)
    """

    padding: CausalPadding = field(  # type: ignore[assignment] # one more than the others have
        "valid",
        doc=Text(
            '"same" pads both ends with zeros, "valid" does not pad, "causal" pads the beginning alone.',
            "“same”在两端补零，“valid”不补，“causal”只在开头补零。",
        ),
        after="strides",
    )

    @property
    def pads_beginning(self) -> bool:
        return self.padding == "causal"


@layer(
    group="convolution",
    summary=Text("Filters that slide over an image.", "在图像上滑动的滤波器。"),
    aliases=("Convolution2D",),
)
class Conv2D(_Convolution[Size2D]):
    """activation(convolution of x with kernel, + bias).

    Shapes:
        (batch, height, width, channels) -> (batch, new height, new width, filters)
    """


@layer(
    group="convolution",
    summary=Text("Filters that slide over a volume.", "在三维数据上滑动的滤波器。"),
    aliases=("Convolution3D",),
)
class Conv3D(_Convolution[Size3D]):
    """activation(convolution of x with kernel, + bias) along depth, height and width.

    Shapes:
        (batch, depth, height, width, channels) -> (batch, new depth, new height, new width, filters)
    """
