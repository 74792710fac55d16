"""Whole numbers as rows of ones and counts: what the layers for categories have in common."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor

from lamina.errors import ConfigError
from lamina.layer import Layer, Shape
from lamina.text import Text

Encoding = Literal["one_hot", "multi_hot", "count"]

OUTPUT_MODE = Text(
    "int for the numbers themselves; one_hot for a row of each; multi_hot for which occur in a sample, count for how "
    "often.",
    "int 输出编号本身；one_hot 将每个编号变为一行；multi_hot 表示样本中出现了哪些，count 表示出现次数。",
)


def encoded_shape(shape: Shape, mode: str, depth: int) -> Shape:
    """Shape of `encoded` for numbers of this shape."""
    if mode == "int":
        return shape
    if mode == "one_hot":
        return (*(shape[:-1] if len(shape) > 1 and shape[-1] == 1 else shape), depth)
    return (*shape[:1], *shape[2:], depth) if len(shape) > 1 else (depth,)


def encoded(x: Tensor, mode: str, depth: int, weights: Any = None) -> Tensor:
    """Numbers from 0 to `depth` - 1 as rows of `depth`; others leave no trace.

    Args:
        x: Whole numbers, (batch, …); for multi_hot and count the second axis holds those of a sample.
        mode: How they are written.
        depth: Length of a row.
        weights: What each counts, like `x`; 1 when left out.
    """
    if mode == "int":
        return x
    if mode == "one_hot" and x.dim() > 1 and x.shape[-1] == 1:
        x = x.squeeze(-1)
    rows = (x.unsqueeze(-1) == torch.arange(depth, device=x.device)).to(torch.float32)
    if mode == "one_hot":
        return rows
    over = 1 if x.dim() > 1 else 0
    if mode == "multi_hot":
        return rows.amax(over) if x.shape[over] else rows.sum(over)
    return (rows if weights is None else rows * weights.unsqueeze(-1)).sum(over)


def need_in_range(owner: Layer, x: Tensor, depth: int) -> None:
    """Raise a `ConfigError` for a number that has no place; not on a GPU, where looking would stop it."""
    if x.device.type == "cpu" and x.numel():
        least, most = int(x.min()), int(x.max())
        if least < 0 or most >= depth:
            name = f'{type(owner).__name__} "{owner.name}"'
            raise ConfigError(
                Text(
                    f"{name} takes numbers from 0 to {depth - 1}, got {least if least < 0 else most}.",
                    f"{name} 只接受 0 到 {depth - 1} 的编号，实际出现 {least if least < 0 else most}。",
                )
            )
