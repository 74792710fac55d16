"""Ops that put elements in order, find the different ones, and name axes."""

from __future__ import annotations

import math
import re
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from lamina.errors import ConfigError
from lamina.ops.convert import convert, torch_dtype
from lamina.ops.core import function
from lamina.ops.registry import op
from lamina.text import Text


@op()
def argpartition(x: Any, kth: int, axis: int | None = -1) -> Any:  # noqa: ARG001 - sorting serves every place
    """Places that would put the element `kth` where sorting would, smaller ones before it."""
    tensor = convert(x)
    if axis is None:
        tensor, axis = tensor.flatten(), 0
    return torch.argsort(tensor, dim=axis, stable=True).to(torch.int32)


@op()
def view(x: Any, dtype: Any = None) -> Any:
    """The same bytes as elements of another type."""
    return convert(x).contiguous().view(torch_dtype("float32" if dtype is None else dtype))


@function
def unique(
    x: Any,
    sorted: bool = True,  # noqa: A002 - Keras' name
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    size: int | None = None,
    fill_value: Any = None,
) -> Any:
    """The different elements, or slices along an axis.

    Args:
        x: The elements.
        sorted: Accepted for Keras' sake: they are always sorted.
        return_index: Also where each stands first.
        return_inverse: Also which of them each element is.
        return_counts: Also how often each is there.
        axis: Axis of the slices; elements when left out.
        size: How many to give; further ones are left out, missing ones are `fill_value`.
        fill_value: 0 when left out.

    >>> unique([3, 1, 3], return_counts=True)
    (tensor([1, 3], dtype=torch.int32), tensor([1, 2]))
    """
    tensor = convert(x)
    values, inverse, counts = torch.unique(
        tensor, sorted=sorted, return_inverse=True, return_counts=True, dim=axis
    )
    dim = 0 if axis is None else axis % tensor.dim()
    places = torch.arange(inverse.numel(), device=inverse.device)
    index = inverse.new_empty(values.shape[dim]).scatter_reduce_(
        0, inverse.flatten(), places, "amin", include_self=False
    )
    if size is not None:
        fill = 0 if fill_value is None else fill_value
        values = _sized(values, dim, size, fill)
        counts, index = _sized(counts, 0, size, 0), _sized(index, 0, size, 1)
    chosen = (
        (True, values),
        (return_index, index),
        (return_inverse, inverse),
        (return_counts, counts),
    )
    found = tuple(value for wanted, value in chosen if wanted)
    return found[0] if len(found) == 1 else found


def _sized(x: Tensor, dim: int, size: int, fill: Any) -> Tensor:
    """The first `size` slices along an axis, filled up where there are fewer."""
    missing = size - x.shape[dim]
    if missing <= 0:
        return x.narrow(dim, 0, size)
    return F.pad(x, (*(0, 0) * (x.dim() - 1 - dim), 0, missing), value=fill)


@op()
def rearrange(tensor: Any, pattern: str, **axes_lengths: int) -> Any:
    """Axes split, joined and put in another order, by their names (einops' notation).

    Args:
        tensor: The tensor.
        pattern: Names of its axes and of the result's, as "b (h s) c -> b h (s c)".
        axes_lengths: Sizes of axes that the tensor's shape does not tell.

    >>> rearrange(torch.zeros(2, 6, 3), "b (h s) c -> b h (s c)", h=2).shape
    torch.Size([2, 2, 9])
    """
    x = convert(tensor)
    sides = [re.findall(r"\w+|\(.*?\)", side) for side in pattern.split("->")]
    if len(sides) != 2 or len(sides[0]) != x.dim():
        raise ConfigError(
            Text(
                f'rearrange: "{pattern}" does not name the {x.dim()} axes of {tuple(x.shape)} and those of the result.',
                f"rearrange：“{pattern}”没有命名 {tuple(x.shape)} 的 {x.dim()} 个轴以及结果的各轴。",
            ),
            field="pattern",
        )
    given, wanted = ([axis.strip("()").split() for axis in side] for side in sides)
    sizes = dict(axes_lengths)
    for names, size in zip(given, x.shape, strict=True):
        unknown = [name for name in names if name not in sizes]
        known = math.prod(sizes[name] for name in names if name in sizes)
        if len(unknown) > 1 or known == 0 or size % known or (not unknown and known != size):
            raise ConfigError(
                Text(
                    f'rearrange: "{pattern}" with {axes_lengths} does not split an axis of {size} into '
                    f"{' '.join(names)}.",
                    f"rearrange：“{pattern}”与 {axes_lengths} 无法把大小为 {size} 的轴分为 {' '.join(names)}。",
                ),
                field="pattern",
            )
        sizes.update(dict.fromkeys(unknown, size // known))
    order = [name for names in given for name in names]
    flat = [name for names in wanted for name in names]
    if sorted(order) != sorted(flat):
        raise ConfigError(
            Text(
                f'rearrange: both sides of "{pattern}" must name the same axes.',
                f"rearrange：“{pattern}”两侧的轴名必须相同。",
            ),
            field="pattern",
        )
    split = x.reshape([sizes[name] for name in order])
    turned = split.permute([order.index(name) for name in flat])
    return turned.reshape([math.prod(sizes[name] for name in names) for names in wanted])
