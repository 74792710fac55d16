"""Ops with windows: convolutions and pooling over one, two or three axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from lamina.errors import ConfigError, ShapeError
from lamina.ops.convert import as_float, promoted
from lamina.ops.registry import op
from lamina.ops.strides import as_planes, leaves_holes, skip_to_strides, spread_by_strides
from lamina.text import Text


def _channels_front(x: Tensor, data_format: str | None) -> Tensor:
    """The images with channels after the batch."""
    if x.dim() not in (3, 4, 5):
        raise ShapeError(
            Text(
                f"Expected a batch with one to three axes of space and channels, got shape {tuple(x.shape)}.",
                f"需要带有一至三个空间轴和通道的批次，实际形状为 {tuple(x.shape)}。",
            )
        )
    return torch.movedim(x, -1, 1) if _is_last(data_format) else x


def _back(x: Tensor, data_format: str | None) -> Tensor:
    return torch.movedim(x, 1, -1) if _is_last(data_format) else x


def _is_last(data_format: str | None) -> bool:
    if data_format not in (None, "channels_last", "channels_first"):
        raise ConfigError(
            Text(
                f'data_format is "channels_last" or "channels_first", got {data_format!r}.',
                f"data_format 应为“channels_last”或“channels_first”，实际为 {data_format!r}。",
            ),
            field="data_format",
        )
    return data_format != "channels_first"


def _each(value: Any, count: int, name: str) -> tuple[int, ...]:
    """One number for each axis of space."""
    numbers = (value,) * count if isinstance(value, int) else tuple(value)
    if len(numbers) != count:
        raise ConfigError(
            Text(
                f"{name} needs one number or {count}, got {value!r}.",
                f"{name} 需要一个或 {count} 个数字，实际为 {value!r}。",
            ),
            field=name,
        )
    return numbers


def _is_same(padding: Any) -> bool:
    if not isinstance(padding, str) or padding.lower() not in ("same", "valid"):
        raise ConfigError(
            Text(
                f'padding is "valid" or "same", got {padding!r}.',
                f"padding 应为“valid”或“same”，实际为 {padding!r}。",
            ),
            field="padding",
        )
    return bool(padding.lower() == "same")


def _padded(
    x: Tensor, sizes: Sequence[int], strides: Sequence[int], padding: str, value: float = 0
) -> Tensor:
    """With "same", so much around that each stride gives one output; the odd one goes to the end."""
    if not _is_same(padding):
        return x
    flat: list[int] = []
    for length, size, stride in reversed(list(zip(x.shape[2:], sizes, strides, strict=True))):
        missing = max((-(-length // stride) - 1) * stride + size - length, 0)
        flat += [missing // 2, missing - missing // 2]
    return F.pad(x, flat, value=value) if any(flat) else x


def _front_kernel(kernel: Tensor) -> Tensor:
    """A kernel of (*sizes, in, out) as torch has it: (out, in, *sizes)."""
    return torch.movedim(kernel, (-1, -2), (0, 1))


@op()
def conv(
    inputs: Any,
    kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Any:
    """Convolution; with fewer channels in the kernel than in the inputs, in groups.

    Args:
        inputs: Shape (batch, *space, channels).
        kernel: Shape (*sizes, channels / groups, filters).
        strides: Steps from one output to the next, along each axis of space.
        padding: "valid" or "same".
        data_format: "channels_last", the default, or "channels_first".
        dilation_rate: Steps from one element of the kernel to the next.

    Returns:
        Shape (batch, *space, filters).
    """
    x, w = promoted(inputs, kernel, at_least=float)
    x, w = _channels_front(x, data_format), _front_kernel(w)
    count = x.dim() - 2
    if w.dim() != x.dim() or x.shape[1] % w.shape[1]:
        raise ShapeError(
            Text(
                f"conv: a kernel of {tuple(w.shape[2:])} over {w.shape[1]} channels does not fit {x.shape[1]} channels "
                f"and {count} axes of space.",
                f"conv：大小为 {tuple(w.shape[2:])}、{w.shape[1]} 个通道的卷积核不适合 {x.shape[1]} 个通道和 {count} 个空间轴。",
            )
        )
    strides = _each(strides, count, "strides")
    dilation = _each(dilation_rate, count, "dilation_rate")
    spans = [(size - 1) * d + 1 for size, d in zip(w.shape[2:], dilation, strict=True)]
    x = _padded(x, spans, strides, padding)
    x, strides = skip_to_strides(x, w.shape[2:], strides)
    if leaves_holes(strides):
        x, w = as_planes(x), as_planes(w)
    run: Any = (F.conv1d, F.conv2d, F.conv3d)[count - 1]
    groups = x.shape[1] // w.shape[1]
    return _back(run(x, w, stride=strides, dilation=dilation, groups=groups), data_format)


@op()
def depthwise_conv(
    inputs: Any,
    kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Any:
    """Convolution of each channel by itself with a kernel of (*sizes, channels, multiplier)."""
    x, w = promoted(inputs, kernel, at_least=float)
    w = w.reshape((*w.shape[:-2], 1, -1))
    return conv(x, w, strides, padding, data_format, dilation_rate)


@op()
def separable_conv(
    inputs: Any,
    depthwise_kernel: Any,
    pointwise_kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Any:
    """`depthwise_conv`, then a convolution of size 1 over the channels."""
    x = depthwise_conv(inputs, depthwise_kernel, strides, padding, data_format, dilation_rate)
    return conv(x, pointwise_kernel, 1, "valid", data_format)


@op()
def conv_transpose(
    inputs: Any,
    kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    output_padding: Any = None,
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Any:
    """The transpose of a convolution, with a kernel of (*sizes, filters, channels).

    With "same" the output is `strides` times as long as the input, with "valid" the kernel reaches over the end;
    `output_padding` sets the length instead.
    """
    x, w = promoted(inputs, kernel, at_least=float)
    x = _channels_front(x, data_format)
    count = x.dim() - 2
    strides = _each(strides, count, "strides")
    dilation = _each(dilation_rate, count, "dilation_rate")
    extra = (
        [None] * count if output_padding is None else _each(output_padding, count, "output_padding")
    )
    run: Any = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)[count - 1]
    if all(size == 1 for size in w.shape[:count]):
        y = spread_by_strides(run(x, _front_kernel(w)), strides)
        for axis, step in enumerate(strides, 2):
            y = y.narrow(axis, 0, y.shape[axis] - step + 1)
    else:
        y = run(x, _front_kernel(w), stride=strides, dilation=dilation)
    flat: list[int] = []
    for axis in reversed(range(count)):
        span = (w.shape[axis] - 1) * dilation[axis] + 1
        flat += _ends(span, strides[axis], extra[axis], _is_same(padding))
    return _back(F.pad(y, flat), data_format)


def _ends(span: int, stride: int, extra: int | None, same: bool) -> tuple[int, int]:
    """What to add, or with a minus to cut, before and after all that a transposed convolution gives."""
    if not same:
        return 0, max(stride - span, 0) if extra is None else extra
    total = stride + span - 2 if extra is None else span + span % 2 - 2 + extra
    before = min(total // 2 + total % 2, span - 1)
    return before - (span - 1), total - before - (span - 1)


@op()
def max_pool(
    inputs: Any,
    pool_size: Any,
    strides: Any = None,
    padding: str = "valid",
    data_format: str | None = None,
) -> Any:
    """The largest element of each window; windows side by side where no strides are given."""
    x = _channels_front(as_float(inputs), data_format)
    sizes = _each(pool_size, x.dim() - 2, "pool_size")
    steps = sizes if strides is None else _each(strides, x.dim() - 2, "strides")
    x = _padded(x, sizes, steps, padding, value=float("-inf"))
    run: Any = (F.max_pool1d, F.max_pool2d, F.max_pool3d)[x.dim() - 3]
    return _back(run(x, sizes, steps), data_format)


@op()
def average_pool(
    inputs: Any,
    pool_size: Any,
    strides: Any = None,
    padding: str = "valid",
    data_format: str | None = None,
) -> Any:
    """The mean of each window, of what lies inside the images."""
    x = _channels_front(as_float(inputs), data_format)
    sizes = _each(pool_size, x.dim() - 2, "pool_size")
    steps = sizes if strides is None else _each(strides, x.dim() - 2, "strides")
    run: Any = (F.avg_pool1d, F.avg_pool2d, F.avg_pool3d)[x.dim() - 3]
    y = run(_padded(x, sizes, steps, padding), sizes, steps)
    if _is_same(padding):
        y = y / run(_padded(torch.ones_like(x[:1, :1]), sizes, steps, padding), sizes, steps)
    return _back(y, data_format)


@op()
def adaptive_average_pool(inputs: Any, output_size: Any, data_format: str | None = None) -> Any:
    """The means of so many windows that the result has a given size."""
    x = _channels_front(as_float(inputs), data_format)
    run: Any = (F.adaptive_avg_pool1d, F.adaptive_avg_pool2d, F.adaptive_avg_pool3d)[x.dim() - 3]
    return _back(run(x, _each(output_size, x.dim() - 2, "output_size")), data_format)


@op()
def adaptive_max_pool(inputs: Any, output_size: Any, data_format: str | None = None) -> Any:
    """The largest elements of so many windows that the result has a given size."""
    x = _channels_front(as_float(inputs), data_format)
    run: Any = (F.adaptive_max_pool1d, F.adaptive_max_pool2d, F.adaptive_max_pool3d)[x.dim() - 3]
    return _back(run(x, _each(output_size, x.dim() - 2, "output_size")), data_format)
