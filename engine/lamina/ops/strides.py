"""Strides that torch convolves wrongly or needlessly: other ways to the same, for layers and ops alike."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor


def skip_to_strides(
    x: Tensor, kernel_size: Sequence[int], strides: Sequence[int]
) -> tuple[Tensor, tuple[int, ...]]:
    """For a kernel of one element: what its strides reach of (batch, channels, …), and the strides that are left.

    It is less work, and right: oneDNN's gradients of strided convolutions with such kernels are wrong, or crash, on
    processors with AVX2 only (torch 2.13).
    """
    if any(size != 1 for size in kernel_size) or all(step == 1 for step in strides):
        return x, tuple(strides)
    reached = (slice(None, None, step) if step > 1 else slice(None) for step in strides)
    return x[(slice(None), slice(None), *reached)], (1,) * len(strides)


def leaves_holes(strides: Sequence[int]) -> bool:
    """Whether a convolution with these strides may need `as_planes`."""
    return len(strides) > 1 and strides[-1] > 1 and strides[-2] == 1


def as_planes(x: Tensor) -> Tensor:
    """Inputs or kernel, (batch or filters, channels, …), with a single channel as torch's default layout has it.

    With one channel both layouts are the same in memory, and torch may take channels-last. oneDNN then leaves parts of
    the outputs unwritten where they have one element along the last axis and several along the one before, with
    strides (…, 1, more) and more than one example (torch 2.13).
    """
    return x.squeeze(1).contiguous().unsqueeze(1) if x.shape[1] == 1 else x


def spread_by_strides(x: Tensor, strides: Sequence[int]) -> Tensor:
    """The reverse: (batch, channels, …) with `stride - 1` zeros behind each element of an axis."""
    for axis, step in enumerate(strides, 2):
        if step > 1:
            behind = len(strides) + 1 - axis  # axes after this one
            x = F.pad(x.unsqueeze(axis + 1), (0, 0) * behind + (0, step - 1)).flatten(
                axis, axis + 1
            )
    return x
