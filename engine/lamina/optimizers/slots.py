"""Memory for what an optimizer remembers of each weight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from lamina.errors import ConfigError
from lamina.text import Text


@dataclass(frozen=True)
class Slot:
    """One remembered tensor per weight, all of them views of one buffer.

    Args:
        flat: The buffer, for operations that are alike for every element. Views are aligned in it; what lies between
            them counts for nothing.
        views: One per weight, with its shape and strides, as the fused kernels need them.
    """

    flat: Tensor
    views: list[Tensor]


ALIGNMENT = 64
"""Bytes to which each view is aligned, as torch aligns tensors of their own."""


def zeros_for(weights: Sequence[Tensor]) -> Slot:
    """A slot of zeros; the weights share one device.

    Raises:
        ConfigError: If they are not of one type.
    """
    types = sorted({str(weight.dtype).removeprefix("torch.") for weight in weights})
    if len(types) > 1:
        raise ConfigError(
            Text(
                f"An optimizer changes weights of one type, but these are {', '.join(types)}. Give the layers one "
                "variable_dtype, or freeze some.",
                f"优化器只能更新同一类型的权重，而这些权重的类型为 {'、'.join(types)}。请让各层使用相同的 variable_dtype，或冻结其中一些。",
            ),
            field="dtype",
        )
    starts, end = _places(weights)
    flat = torch.zeros(end, dtype=weights[0].dtype, device=weights[0].device)
    return Slot(flat, _views(flat, weights, starts))


def views_of(flat: Tensor, weights: Sequence[Tensor]) -> list[Tensor]:
    """Views of a buffer that is made like that of `zeros_for`."""
    return _views(flat, weights, _places(weights)[0])


def _views(flat: Tensor, weights: Sequence[Tensor], starts: Sequence[int]) -> list[Tensor]:
    return [
        flat.as_strided(weight.shape, weight.stride(), start)
        for weight, start in zip(weights, starts, strict=True)
    ]


def _places(weights: Sequence[Tensor]) -> tuple[list[int], int]:
    """Where each weight begins, in elements, and the size of the whole."""
    step = max(1, ALIGNMENT // weights[0].element_size())
    starts, end = [], 0
    for weight in weights:
        starts.append(end)
        end += -(-weight.numel() // step) * step
    return starts, end
