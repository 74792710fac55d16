"""Crossentropies that are only watched."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from lamina.fields import Fraction, Int, field
from lamina.losses.binary import binary_crossentropy
from lamina.losses.categorical import (
    AXIS,
    FROM_LOGITS,
    IGNORE_CLASS,
    LABEL_SMOOTHING,
    categorical_crossentropy,
    sparse_categorical_crossentropy,
)
from lamina.losses.loss import TargetKind
from lamina.losses.probabilistic import kl_divergence, poisson
from lamina.metrics.metric import DTYPE, NAME, Direction, MeanMetric, MetricDtype, metric
from lamina.text import Text


@metric(summary=Text("Crossentropy; targets are one-hot.", "交叉熵；目标为独热编码。"))
class CategoricalCrossentropy(MeanMetric):
    """Crossentropy between one-hot targets and probabilities.

    >>> CategoricalCrossentropy()([[0, 1], [1, 0]], [[0.25, 0.75], [0.5, 0.5]])
    tensor(0.4904)
    """

    direction: ClassVar[Direction | None] = "down"
    target: ClassVar[TargetKind | None] = "one_hot"

    name: str | None = field(None, doc=NAME, advanced=True)
    dtype: MetricDtype | None = field(None, doc=DTYPE, advanced=True)
    from_logits: bool = field(False, doc=FROM_LOGITS, advanced=True)
    label_smoothing: Fraction = field(0.0, doc=LABEL_SMOOTHING, advanced=True)
    axis: Int = field(-1, doc=AXIS, advanced=True)

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return categorical_crossentropy(
            y_true, y_pred, self.from_logits, self.label_smoothing, self.axis
        )


@metric(summary=Text("Crossentropy; targets are class numbers.", "交叉熵；目标为类别编号。"))
class SparseCategoricalCrossentropy(MeanMetric):
    """Crossentropy between class numbers and probabilities.

    >>> SparseCategoricalCrossentropy()([1, 0], [[0.25, 0.75], [0.5, 0.5]])
    tensor(0.4904)
    """

    direction: ClassVar[Direction | None] = "down"
    target: ClassVar[TargetKind | None] = "index"

    name: str | None = field(None, doc=NAME, advanced=True)
    dtype: MetricDtype | None = field(None, doc=DTYPE, advanced=True)
    from_logits: bool = field(False, doc=FROM_LOGITS, advanced=True)
    ignore_class: Int | None = field(None, doc=IGNORE_CLASS, advanced=True)
    axis: Int = field(-1, doc=AXIS, advanced=True)

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return sparse_categorical_crossentropy(
            y_true, y_pred, self.from_logits, self.ignore_class, self.axis
        )


@metric("bce", "BCE", summary=Text("Crossentropy of yes or no.", "二分类交叉熵。"))
class BinaryCrossentropy(MeanMetric):
    """Crossentropy between targets 0 or 1 and probabilities.

    >>> BinaryCrossentropy()([[1.0], [0.0]], [[0.75], [0.5]])
    tensor(0.4904)
    """

    direction: ClassVar[Direction | None] = "down"
    target: ClassVar[TargetKind | None] = "binary"

    name: str | None = field(None, doc=NAME, advanced=True)
    dtype: MetricDtype | None = field(None, doc=DTYPE, advanced=True)
    from_logits: bool = field(False, doc=FROM_LOGITS, advanced=True)
    label_smoothing: Fraction = field(0.0, doc=LABEL_SMOOTHING)

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return binary_crossentropy(y_true, y_pred, self.from_logits, self.label_smoothing)


@metric(summary=Text("Between two distributions.", "比较两个概率分布。"))
class KLDivergence(MeanMetric):
    """How far the predicted distribution is from the target (Kullback-Leibler).

    >>> KLDivergence()([[0.5, 0.5]], [[0.25, 0.75]])
    tensor(0.1438)
    """

    direction: ClassVar[Direction | None] = "down"
    target: ClassVar[TargetKind | None] = "one_hot"

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return kl_divergence(y_true, y_pred)


@metric(summary=Text("For counts.", "用于计数。"))
class Poisson(MeanMetric):
    """y_pred - y_true * log(y_pred), for counts.

    >>> Poisson()([[0.0, 2.0]], [[1.0, 1.0]])
    tensor(1.0000)
    """

    direction: ClassVar[Direction | None] = "down"
    target: ClassVar[TargetKind | None] = "value"

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return poisson(y_true, y_pred)
