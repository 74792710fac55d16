"""Counts of right and wrong at thresholds: one pass over a batch, whatever the number of thresholds.

Each prediction falls into the bucket of the number of thresholds that it exceeds; one addition by index counts all
buckets, apart for positives and negatives. Counts at each threshold are sums of buckets, formed when asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

import numpy as np
import torch
from annotated_types import Ge, Le
from pydantic import BeforeValidator
from torch import Tensor

from lamina.errors import ShapeError
from lamina.losses.arguments import as_tensor
from lamina.losses.reduction import match_ranks, spread
from lamina.metrics.variable import MetricVariable
from lamina.text import Text

BELOW_ALL = -1e10
"""Threshold that every prediction exceeds but those that `top_k` leaves out."""
NEAR = 1e-7

Threshold = Annotated[float, Ge(0), Le(1)]
Thresholds = Annotated[
    Threshold | tuple[Threshold, ...] | None,
    BeforeValidator(lambda value: tuple(value) if isinstance(value, (list, np.ndarray)) else value),
]
THRESHOLDS = Text(
    "Predictions above it count as yes; several give one result each. Empty for 0.5.",
    "高于阈值的预测视为“是”；多个阈值各得一个结果。留空则为 0.5。",
)
CLASS_ID = Text("Look at this class only.", "仅统计该类别。")


def listed(thresholds: float | Sequence[float] | None, default: float) -> list[float]:
    """Thresholds as a list."""
    if thresholds is None:
        return [default]
    return [thresholds] if isinstance(thresholds, (int, float)) else list(thresholds)


def are_even(thresholds: Sequence[float]) -> bool:
    """Whether they divide [0, 1] into equal parts."""
    count = len(thresholds)
    return count >= 3 and np.allclose(thresholds, np.arange(count) / (count - 1), atol=NEAR)


@dataclass(frozen=True)
class Counts:
    """True and false, positive and negative, at each threshold: (thresholds,) or (thresholds, labels)."""

    tp: Tensor
    fp: Tensor
    tn: Tensor
    fn: Tensor


class Buckets:
    """The buckets between thresholds, and how a batch is put into them.

    Args:
        thresholds: In any order.
        evenly: They are i / (n - 1), so that a bucket is found by a multiplication.
    """

    def __init__(self, thresholds: Sequence[float], *, evenly: bool | None = None) -> None:
        self.thresholds = list(thresholds)
        self.evenly = are_even(thresholds) if evenly is None else evenly
        self.starts_below = bool(evenly) and self.thresholds[0] < 0

    @property
    def size(self) -> int:
        """Numbers that one label needs."""
        return 2 * (len(self.thresholds) + 1)

    @cached_property
    def _order(self) -> list[int]:
        return sorted(range(len(self.thresholds)), key=self.thresholds.__getitem__)

    def _exceeded(self, y_pred: Tensor) -> Tensor:
        """How many thresholds each prediction exceeds."""
        count = len(self.thresholds)
        if count == 1:
            return (y_pred > self.thresholds[0]).long()
        if self.evenly:
            exceeded = (y_pred.clamp(0, 1) * (count - 1)).ceil().long()
            return exceeded.clamp(min=1) if self.starts_below else exceeded
        edges = y_pred.new_tensor([self.thresholds[i] for i in self._order])
        return torch.searchsorted(edges, y_pred.contiguous())

    def add(
        self,
        state: MetricVariable,
        y_true: Tensor,
        y_pred: Tensor,
        weight: Tensor | None,
        labels: int | None,
    ) -> None:
        """Count a batch into `state`, whose size is `size` for each label.

        Args:
            labels: Number of labels that are counted apart, the last axis; None for all together.
        """
        index = self._exceeded(y_pred) * 2 + (y_true != 0)
        if labels is not None:
            index = index + torch.arange(labels, device=index.device) * self.size
        counts = state.to(index.device)
        flat = index.reshape(-1)
        if weight is None:
            weight = counts.new_ones(()).expand(flat.shape)
        else:
            weight = spread(weight.to(counts.dtype), index.shape).reshape(-1)
        counts.index_add_(0, flat, weight)

    def counts(self, state: MetricVariable, labels: int | None) -> Counts:
        """The counts at each threshold, in the order of the thresholds."""
        parts = state.value.reshape(labels or 1, len(self.thresholds) + 1, 2)
        above = parts.flip(1).cumsum(1).flip(1)  # (labels, buckets, 2): in this bucket or above
        total = above[:, :1]
        if not self.evenly and len(self.thresholds) > 1:
            above = above[:, [0, *(1 + self._order.index(i) for i in range(len(self._order)))]]
        above = above[:, 1:]
        below = total - above
        columns = [above[..., 1], above[..., 0], below[..., 0], below[..., 1]]
        return Counts(*(c[0] if labels is None else c.mT for c in columns))


def prepared(
    y_true: Any,
    y_pred: Any,
    sample_weight: Any,
    *,
    top_k: int | None = None,
    class_id: int | None = None,
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Targets, predictions and weights that go together, with Keras' rules for shapes."""
    y_pred = as_tensor(y_pred).detach().to(torch.float32)
    y_true = as_tensor(y_true, y_pred.device)
    y_pred, y_true = match_ranks(y_pred, y_true)
    if y_true.shape != y_pred.shape:
        given, wanted = tuple(y_true.shape), tuple(y_pred.shape)
        raise ShapeError(
            Text(
                f"The targets {given} and the predictions {wanted} do not have the same shape.",
                f"目标 {given} 与预测值 {wanted} 的形状不同。",
            )
        )
    weight = None
    if sample_weight is not None:
        weight = as_tensor(sample_weight, y_pred.device).unsqueeze(-1)
        if weight.ndim == y_true.ndim + 1:
            weight = weight.squeeze(-1)
    if top_k is not None:
        best = torch.zeros_like(y_pred, dtype=torch.bool)
        best.scatter_(-1, y_pred.topk(top_k, -1).indices, True)
        y_pred = y_pred.where(best, BELOW_ALL)
    if class_id is not None:
        if y_pred.ndim == 1:
            raise ShapeError(
                Text(
                    f"class_id needs predictions (samples, classes), got {tuple(y_pred.shape)}.",
                    f"class_id 需要形状为 (samples, classes) 的预测值，实际为 {tuple(y_pred.shape)}。",
                )
            )
        y_true, y_pred = y_true[..., class_id, None], y_pred[..., class_id, None]
        if weight is not None and weight.shape[-1] > 1:
            weight = weight[..., class_id, None]
    return y_true, y_pred, weight


def share(part: Tensor, other: Tensor) -> Tensor:
    """Part / (part + other), 0 where both are 0."""
    total = part + other
    return part / total.where(total != 0, 1)
