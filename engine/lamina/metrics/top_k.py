"""How often the target is among the k most probable classes."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from lamina.fields import PositiveInt, field
from lamina.losses.arguments import ArrayLike, as_float_tensor, as_tensor
from lamina.losses.loss import TargetKind
from lamina.metrics.accuracy import classes_of_indices
from lamina.metrics.metric import Direction, MeanMetric, MetricDtype, metric
from lamina.text import Text

K = Text("How many of the most probable classes count.", "计入概率最大的前几个类别。")


def in_top_k(classes: Tensor, y_pred: Tensor, k: int) -> Tensor:
    """Whether fewer than k classes are predicted above the target; a tie at the border counts, NaN does not.

    Shapes:
        classes: (batch, ...)
        y_pred: (batch, ..., classes) -> (batch, ...)
    """
    chosen = y_pred.gather(-1, classes.long().unsqueeze(-1))
    return ((y_pred > chosen).sum(-1) < k) & torch.isfinite(chosen.squeeze(-1))


def top_k_categorical_accuracy(y_true: ArrayLike, y_pred: ArrayLike, k: int = 5) -> Tensor:
    """1 where the one-hot target is among the k largest predictions, else 0: (batch, ..., classes) -> (batch, ...)."""
    y_pred = as_float_tensor(y_pred)
    return in_top_k(as_tensor(y_true, y_pred.device).argmax(-1), y_pred, k).float()


def sparse_top_k_categorical_accuracy(
    y_true: ArrayLike, y_pred: ArrayLike, k: int = 5, from_sorted_ids: bool = False
) -> Tensor:
    """1 where the class number is among the k largest predictions, else 0.

    Args:
        y_true: Class numbers, (batch, ...) or (batch, ..., 1).
        y_pred: (batch, ..., classes).
        k: How many of the largest count.
        from_sorted_ids: `y_pred` holds class numbers, best first.

    Returns:
        Of the shape of `y_true`.
    """
    y_pred = as_float_tensor(y_pred)
    y_true = as_tensor(y_true, y_pred.device)
    classes = classes_of_indices(y_true, y_pred)
    return _among_top(classes, y_pred, k, from_sorted_ids).float().reshape(y_true.shape)


def _among_top(classes: Tensor, y_pred: Tensor, k: int, from_sorted_ids: bool) -> Tensor:
    if from_sorted_ids:
        return (classes.unsqueeze(-1) == y_pred[..., :k]).any(-1)
    return in_top_k(classes, y_pred, k)


@metric(
    summary=Text(
        "How often the class is among the k most probable; targets are one-hot.",
        "目标位于概率最大的前 k 个类别中的比例；目标为独热编码。",
    )
)
class TopKCategoricalAccuracy(MeanMetric):
    """Share of samples whose one-hot target is among the k most probable classes.

    >>> accuracy = TopKCategoricalAccuracy(k=1)
    >>> accuracy([[0, 0, 1], [0, 1, 0]], [[0.1, 0.9, 0.8], [0.05, 0.95, 0]])
    tensor(0.5000)
    """

    direction: ClassVar[Direction | None] = "up"
    target: ClassVar[TargetKind | None] = "one_hot"
    ranks_only: ClassVar[bool] = True

    k: PositiveInt = field(5, doc=K)

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return in_top_k(y_true.argmax(-1), y_pred, self.k)


@metric(
    summary=Text(
        "How often the class is among the k most probable; targets are class numbers.",
        "目标位于概率最大的前 k 个类别中的比例；目标为类别编号。",
    )
)
class SparseTopKCategoricalAccuracy(MeanMetric):
    """Share of samples whose class number is among the k most probable classes.

    >>> accuracy = SparseTopKCategoricalAccuracy(k=1)
    >>> accuracy([2, 1], [[0.1, 0.9, 0.8], [0.05, 0.95, 0]])
    tensor(0.5000)
    """

    direction: ClassVar[Direction | None] = "up"
    target: ClassVar[TargetKind | None] = "index"
    ranks_only: ClassVar[bool] = True

    k: PositiveInt = field(5, doc=K)
    name: str | None = field(None, doc=MeanMetric.declared_fields["name"].doc, advanced=True)
    dtype: MetricDtype | None = field(
        None, doc=MeanMetric.declared_fields["dtype"].doc, advanced=True
    )
    from_sorted_ids: bool = field(
        False,
        doc=Text(
            "The predictions are class numbers, best first, and not probabilities.",
            "预测值为按优劣排序的类别编号，而非概率。",
        ),
        advanced=True,
    )

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        classes = classes_of_indices(y_true, y_pred)
        return _among_top(classes, y_pred, self.k, self.from_sorted_ids)
