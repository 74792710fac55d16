"""Conv1DTranspose, Conv2DTranspose and Conv3DTranspose: convolutions backwards, which make their input larger."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import torch.nn.functional as F
from torch import Tensor

from lamina.fields import (
    Issue,
    Offset1D,
    Offset2D,
    Offset3D,
    Padding,
    PositiveInt,
    Size1D,
    Size2D,
    Size3D,
    field,
)
from lamina.layer import Shape, Weight, layer, need_known, need_rank, product
from lamina.layers.convolution.conv import FILTERS, Window, kernel_to_torch, strides_or_dilation
from lamina.layers.kernel_and_bias import KernelAndBias
from lamina.layers.shared_fields import (
    PENALTY_BY_POSITION,
    declared_weight,
)
from lamina.layers.windows import AXES, channels_first, channels_last
from lamina.ops.strides import spread_by_strides
from lamina.regularizers import RegularizerField
from lamina.text import Text

S = TypeVar("S", bound=tuple[int, ...])
O = TypeVar("O", bound=tuple[int, ...])  # noqa: E741 - offsets


_OUTPUT_PADDING = Text(
    "Added to one end of each axis of the output; chosen by the padding when empty.",
    "输出各轴一端额外增加的大小；留空则由 padding 决定。",
)


class _Ends(NamedTuple):
    """What is done to both ends of an axis."""

    before: int  # zeros before the input
    both: int  # what torch cuts of either end of the output
    behind: int  # and what it adds to the last one
    left: int  # to be sliced off
    right: int


class _ConvTranspose(Window[S], KernelAndBias, Generic[S, O]):
    """What the three share."""

    filters: PositiveInt = FILTERS
    strides: S = field(
        1,
        doc=Text("How many times larger the output becomes.", "输出放大的倍数（步长）。"),
        after="kernel_size",
    )
    padding: Padding = field(
        "valid",
        doc=Text(
            '"same" gives the input\'s size times the strides, "valid" all that the filters touch.',
            "“same”的输出大小为输入乘以步长，“valid”保留滤波器触及的全部范围。",
        ),
        after="strides",
    )
    output_padding: O | None = field(None, doc=_OUTPUT_PADDING, advanced=True, after="padding")
    dilation_rate: S = field(
        1,
        doc=Text("Distance between the values a filter writes.", "滤波器写入值之间的间隔。"),
        advanced=True,
        after="data_format",
    )
    activity_regularizer: RegularizerField | None = PENALTY_BY_POSITION

    @classmethod
    def check_together(cls, values: Mapping[str, Any]) -> Iterable[Issue]:
        added = values["output_padding"]
        if added is not None and any(
            extra >= stride for extra, stride in zip(added, values["strides"], strict=True)
        ):
            yield Issue(
                "output_padding",
                "out_of_range",
                Text(
                    f"{cls.__name__}.output_padding must be below the strides, got {list(added)} for strides "
                    f"{list(values['strides'])}.",
                    f"{cls.__name__}.output_padding 必须小于 strides，实际为 {list(added)}，strides 为 "
                    f"{list(values['strides'])}。",
                ),
                list(added),
                None,
            )
        yield from strides_or_dilation(cls, values)

    def _cut(self, axis: int) -> tuple[int, int]:
        """What "same" or `output_padding` take away at both ends of an axis; below 0 what they add.

        Without either, the output holds every value that a filter touches: (size - 1) stride + extent.
        """
        extent = (self.kernel_size[axis] - 1) * self.dilation_rate[axis] + 1
        stride = self.strides[axis]
        added = None if self.output_padding is None else self.output_padding[axis]
        if self.padding == "valid":
            return 0, -(max(extent, stride) - extent if added is None else added)
        total = stride + extent - 2 if added is None else extent + extent % 2 - 2 + added
        left = min(total // 2 + total % 2, extent - 1)
        return extent - 1 - left, extent - 1 - (total - left)

    def _ends(self, axis: int, left: int, right: int) -> _Ends:
        """How torch, which cuts both ends alike and adds less than a stride behind, is made to cut so much of each."""
        stride = self.strides[axis]
        reach = (self.kernel_size[axis] - 1) * self.dilation_rate[axis]
        if right <= left < right + stride:
            return _Ends(0, left, left - right, 0, 0)
        # A zero before the input moves the output by a stride: all in one kernel, and nothing is copied that is large.
        if left < right <= left + stride <= reach:
            return _Ends(1, left + stride, left + stride - right, 0, 0)
        both = min(left, right)
        return _Ends(0, both, 0, left - both, right - both)

    def output_shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        need_rank(self, x, self.rank + 2, AXES[self.rank])
        need_known(self, x, -1, "channels")
        spatial = (self._size(x[axis + 1], axis) for axis in range(self.rank))
        return (x[0], *spatial, self.filters)

    def _size(self, size: int | None, axis: int) -> int | None:
        if size is None:
            return None
        extent = (self.kernel_size[axis] - 1) * self.dilation_rate[axis] + 1
        return (size - 1) * self.strides[axis] + extent - sum(self._cut(axis))

    def weights_for(self, *inputs: Shape) -> Iterator[Weight]:
        channels = need_known(self, inputs[0], -1, "channels")
        shape = (*self.kernel_size, self.filters, channels)
        yield declared_weight(self, "kernel", shape, to_torch=kernel_to_torch(self.rank))
        yield from self.optional_bias(self.filters)

    def macs(self, inputs: Sequence[Shape], output: Shape) -> int:
        return product(inputs[0][1:]) * self.filters * product(self.kernel_size)

    def forward(self, *inputs: Tensor) -> Tensor:
        x = inputs[0].permute(channels_first(self.rank))
        cuts = [self._cut(axis) for axis in range(self.rank)]
        bias = self._bias if self.use_bias else None
        # Positions at the end that nothing reaches are added here, and elements spread for kernels of one, where
        # oneDNN's gradients cannot be trusted (see `skip_to_strides`). What is left to cut is sliced off.
        is_point = all(size == 1 for size in self.kernel_size) and max(self.strides) > 1
        if is_point:
            cuts = [
                (left, right + step - 1)
                for (left, right), step in zip(cuts, self.strides, strict=True)
            ]
            ends = [_Ends(0, 0, 0, left, right) for left, right in cuts]
        else:
            ends = [
                self._ends(axis, left, max(right, 0)) for axis, (left, right) in enumerate(cuts)
            ]
        added = tuple(max(-right, 0) for _, right in cuts)
        strides = (1,) * self.rank if is_point else tuple(self.strides)
        functions = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)
        function: Callable[..., Tensor] = functions[self.rank - 1]
        is_late = is_point or any(added)  # a bias comes to what is added, too
        if any(end.before for end in ends):
            x = F.pad(x, [width for end in reversed(ends) for width in (end.before, 0)])
        x = function(
            x,
            self._kernel,
            None if is_late else bias,
            strides,
            tuple(end.both for end in ends),
            tuple(end.behind for end in ends),
            1,
            self.dilation_rate,
        )
        if is_point:
            x = spread_by_strides(x, self.strides)
        if any(added):
            x = F.pad(x, [end for width in reversed(added) for end in (0, width)])
        if is_late and bias is not None:
            x = x + bias.view(-1, *(1,) * self.rank)
        if any(end.left or end.right for end in ends):
            kept = (slice(end.left, -end.right if end.right else None) for end in ends)
            x = x[(slice(None), slice(None), *kept)]
        return self.activation(x.permute(channels_last(self.rank)))


@layer(
    group="convolution",
    summary=Text("A convolution backwards, for sequences.", "序列的转置卷积。"),
    aliases=("Convolution1DTranspose",),
)
class Conv1DTranspose(_ConvTranspose[Size1D, Offset1D]):
    """activation(what a convolution with kernel would have made x of, + bias) along time.

    Shapes:
        (batch, time, channels) -> (batch, strides time, filters) with padding "same"
    """


@layer(
    group="convolution",
    summary=Text("A convolution backwards, which enlarges an image.", "放大图像的转置卷积。"),
    aliases=("Convolution2DTranspose",),
)
class Conv2DTranspose(_ConvTranspose[Size2D, Offset2D]):
    """activation(what a convolution with kernel would have made x of, + bias).

    Shapes:
        (batch, height, width, channels) -> (batch, strides height, strides width, filters) with padding "same"
    """


@layer(
    group="convolution",
    summary=Text("A convolution backwards, which enlarges a volume.", "放大三维数据的转置卷积。"),
    aliases=("Convolution3DTranspose",),
)
class Conv3DTranspose(_ConvTranspose[Size3D, Offset3D]):
    """activation(what a convolution with kernel would have made x of, + bias) along depth, height and width.

    Shapes:
        (batch, depth, height, width, channels) -> (batch, *strides times the sizes, filters) with padding "same"
    """

    # Keras takes these two the other way around in 3D alone.
    output_padding: Offset3D | None = field(
        None, doc=_OUTPUT_PADDING, advanced=True, after="data_format"
    )
