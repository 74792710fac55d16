"""How often the prediction is right."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from lamina.fields import Float, field
from lamina.losses.arguments import ArrayLike, as_float_tensor, as_tensor, unlike
from lamina.losses.loss import TargetKind
from lamina.losses.reduction import match_ranks
from lamina.metrics.metric import Direction, MeanMetric, MetricDtype, metric
from lamina.text import Text


def classes_of_indices(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Class numbers without a last axis of size 1: (batch, ..., 1) -> (batch, ...)."""
    if y_true.ndim == y_pred.ndim and y_true.shape[-1] == 1:
        return y_true.squeeze(-1)
    return y_true


def binary_accuracy(y_true: ArrayLike, y_pred: ArrayLike, threshold: float = 0.5) -> Tensor:
    """1 where a prediction is on its target's side of the threshold, else 0: (batch, ...) -> (batch, ...)."""
    y_pred = as_float_tensor(y_pred)
    y_true, y_pred = match_ranks(as_tensor(y_true, y_pred.device), y_pred)
    return (y_true == (y_pred > threshold).to(y_true.dtype)).float()


def categorical_accuracy(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """1 where the largest prediction is that of the one-hot target, else 0: (batch, ..., classes) -> (batch, ...)."""
    y_pred = as_float_tensor(y_pred)
    return (as_tensor(y_true, y_pred.device).argmax(-1) == y_pred.argmax(-1)).float()


def sparse_categorical_accuracy(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """1 where the largest prediction is that of the target's class number, else 0.

    Shapes:
        y_true: (batch, ...) or (batch, ..., 1)
        y_pred: (batch, ..., classes) -> the shape of `y_true`
    """
    y_pred = as_float_tensor(y_pred)
    y_true = as_tensor(y_true, y_pred.device)
    right = (classes_of_indices(y_true, y_pred) == y_pred.argmax(-1)).float()
    right = right.reshape(y_true.shape)
    return right.squeeze(-1) if right.ndim > 1 and right.shape[-1] == 1 else right


@metric(summary=Text("How often the prediction equals the target.", "预测值等于目标的比例。"))
class Accuracy(MeanMetric):
    """Share of predictions that equal their target exactly.

    >>> accuracy = Accuracy()
    >>> accuracy([[1], [2], [3], [4]], [[0], [2], [3], [4]])
    tensor(0.7500)
    """

    direction: ClassVar[Direction | None] = "up"

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        y_true, y_pred = match_ranks(y_true, y_pred)
        try:
            return y_true.to(y_pred.dtype) == y_pred
        except RuntimeError as error:
            raise unlike(y_true, y_pred) from error


@metric(
    summary=Text(
        "How often yes and no are right, by a threshold.", "二分类判断正确的比例（按阈值）。"
    )
)
class BinaryAccuracy(MeanMetric):
    """Share of predictions that are on their target's side of a threshold.

    >>> accuracy = BinaryAccuracy()
    >>> accuracy([[1], [1], [0], [0]], [[0.98], [1], [0], [0.6]])
    tensor(0.7500)
    """

    direction: ClassVar[Direction | None] = "up"
    target: ClassVar[TargetKind | None] = "binary"

    name: str | None = field(None, doc=MeanMetric.declared_fields["name"].doc, advanced=True)
    dtype: MetricDtype | None = field(
        None, doc=MeanMetric.declared_fields["dtype"].doc, advanced=True
    )
    threshold: Float = field(
        0.5, doc=Text("Predictions above it mean yes.", "高于该值的预测视为“是”。")
    )

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        y_true, y_pred = match_ranks(y_true, y_pred)
        return y_true == (y_pred > self.threshold).to(y_true.dtype)


@metric(
    summary=Text(
        "How often the most probable class is right; targets are one-hot.",
        "概率最大的类别正确的比例；目标为独热编码。",
    )
)
class CategoricalAccuracy(MeanMetric):
    """Share of samples whose most probable class is that of the one-hot target.

    >>> accuracy = CategoricalAccuracy()
    >>> accuracy([[0, 0, 1], [0, 1, 0]], [[0.1, 0.9, 0.8], [0.05, 0.95, 0]])
    tensor(0.5000)
    """

    direction: ClassVar[Direction | None] = "up"
    target: ClassVar[TargetKind | None] = "one_hot"
    ranks_only: ClassVar[bool] = True

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return y_true.argmax(-1) == y_pred.argmax(-1)


@metric(
    summary=Text(
        "How often the most probable class is right; targets are class numbers.",
        "概率最大的类别正确的比例；目标为类别编号。",
    )
)
class SparseCategoricalAccuracy(MeanMetric):
    """Share of samples whose most probable class is the target's number.

    >>> accuracy = SparseCategoricalAccuracy()
    >>> accuracy([[2], [1]], [[0.1, 0.6, 0.3], [0.05, 0.95, 0]])
    tensor(0.5000)
    """

    direction: ClassVar[Direction | None] = "up"
    target: ClassVar[TargetKind | None] = "index"
    ranks_only: ClassVar[bool] = True

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return classes_of_indices(y_true, y_pred) == y_pred.argmax(-1)
