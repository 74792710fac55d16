"""From one value per sample to the one number that is minimized, with Keras' rules for shapes and weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from lamina.errors import ShapeError
from lamina.text import Text

Reduction = Literal["sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none"]
PLAIN_MEANS = ("sum_over_batch_size", "mean")
"""Reductions that divide by the number of values."""


def match_ranks(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """Drop or add a last axis of size 1 when the ranks differ by exactly one: (n, 1) against (n,)."""
    difference = first.ndim - second.ndim
    if difference == 1 and first.shape[-1] == 1:
        if second.ndim == 1:
            return first, second.unsqueeze(-1)
        return first.squeeze(-1), second
    if difference == -1 and second.shape[-1] == 1:
        if first.ndim == 1:
            return first.unsqueeze(-1), second
        return first, second.squeeze(-1)
    return first, second


def both(first: Tensor | None, second: Tensor | None) -> Tensor | None:
    """Where both masks are True; None stands for True everywhere."""
    if first is None or second is None:
        return second if first is None else first
    return first & second


def weighted_mask(sample_weight: Tensor | None, mask: Tensor | None) -> Tensor | None:
    """Sample weights that are zero where the mask is False, for a metric."""
    if mask is None:
        return sample_weight
    if sample_weight is None:
        return mask.to(torch.float32)
    if not sample_weight.is_floating_point():
        sample_weight = sample_weight.to(torch.float32)
    share, sample_weight = match_ranks(mask.to(sample_weight.dtype), sample_weight)
    return sample_weight * share


def reduce_loss(
    values: Tensor,
    sample_weight: Tensor | None,
    reduction: Reduction,
    counted: Tensor | None = None,
) -> Tensor:
    """Weight and reduce.

    Args:
        values: One loss per sample, or per sample and position.
        sample_weight: Broadcast against `values`; None weighs all alike.
        reduction: "sum_over_batch_size" and "mean" divide by the number of values, not by the sum of weights;
            "mean_with_sample_weight" divides by that sum.
        counted: False where a value is left out; means are then over the others.
    """
    if counted is not None:
        sample_weight = _leave_out(sample_weight, counted, reduction, values)
    if sample_weight is not None:
        values, sample_weight = match_ranks(values, sample_weight.to(values.dtype))
        try:
            values = values * sample_weight
        except RuntimeError as error:
            raise unfit_weights(sample_weight, values.shape) from error
    if reduction == "none" or values.ndim == 0:
        return values
    if reduction == "sum":
        return values.sum()
    if reduction == "mean_with_sample_weight" and sample_weight is not None:
        total = sample_weight.sum()
        return values.sum() / total.where(total != 0, total.new_ones(()))
    return values.mean() if values.numel() else values.sum()


def _leave_out(
    sample_weight: Tensor | None, counted: Tensor, reduction: Reduction, values: Tensor
) -> Tensor:
    """Weights that are zero where a value does not count and make up for it elsewhere in a plain mean."""
    share = counted.to(values.dtype)
    if reduction in PLAIN_MEANS:
        share = share * (counted.numel() / share.sum().clamp(min=1))
    if sample_weight is None:
        return share
    share, sample_weight = match_ranks(share, sample_weight.to(values.dtype))
    try:
        return sample_weight * share
    except RuntimeError as error:
        raise unfit_weights(sample_weight, share.shape) from error


def spread(sample_weight: Tensor, shape: Sequence[int]) -> Tensor:
    """Weights expanded to the shape of what they weigh.

    Raises:
        ShapeError: If they do not fit.
    """
    try:
        return sample_weight.expand(tuple(shape))
    except RuntimeError as error:
        raise unfit_weights(sample_weight, shape) from error


def unfit_weights(sample_weight: Tensor, shape: Sequence[int]) -> ShapeError:
    """The error for weights that do not fit what they are to weigh."""
    given, wanted = tuple(sample_weight.shape), tuple(shape)
    return ShapeError(
        Text(
            f"sample_weight of the shape {given} does not fit values of the shape {wanted}: give one weight for each "
            "sample, or one for each of its positions.",
            f"形状为 {given} 的 sample_weight 与形状为 {wanted} 的值不匹配：应每个样本一个权重，或每个位置一个。",
        ),
        field="sample_weight",
    )
