"""Memory for what an optimizer remembers of each weight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Slot:
    """One remembered tensor per weight, all of them views of one buffer.

    Args:
        flat: The buffer, for operations that are alike for every element.
        views: One per weight, with its shape and strides, as the fused kernels need them.
    """

    flat: Tensor
    views: list[Tensor]


def zeros_for(weights: Sequence[Tensor]) -> Slot:
    """A slot of zeros; the weights share one device and one type."""
    flat = torch.zeros(
        sum(w.numel() for w in weights), dtype=weights[0].dtype, device=weights[0].device
    )
    views, start = [], 0
    for weight in weights:
        end = start + weight.numel()
        views.append(flat[start:end].as_strided(weight.shape, weight.stride(), start))
        start = end
    return Slot(flat, views)
