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
from lamina.losses.loss import DtypeName, TargetKind
from lamina.losses.reduction import match_ranks
from lamina.metrics.accuracy import classes_of_indices
from lamina.metrics.metric import Direction, MeanMetric, metric
from lamina.text import Text

NAME = MeanMetric.declared_fields["name"].doc
DTYPE = MeanMetric.declared_fields["dtype"].doc


@metric(summary=Text("Crossentropy; targets are one-hot.", "交叉熵；目标为独热编码。"))
class CategoricalCrossentropy(MeanMetric):
    """Crossentropy between one-hot targets and probabilities."""

    direction: ClassVar[Direction | None] = "down"
    target: ClassVar[TargetKind | None] = "one_hot"

    name: str | None = field(None, doc=NAME, advanced=True)
    dtype: DtypeName | None = field(None, doc=DTYPE, advanced=True)
    from_logits: bool = field(False, doc=FROM_LOGITS, advanced=True)
    label_smoothing: Fraction = field(0.0, doc=LABEL_SMOOTHING, advanced=True)
    axis: Int = field(-1, doc=AXIS, advanced=True)

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return categorical_crossentropy(
            y_true, y_pred, self.from_logits, self.label_smoothing, self.axis
        )


@metric(summary=Text("Crossentropy; targets are class numbers.", "交叉熵；目标为类别编号。"))
class SparseCategoricalCrossentropy(MeanMetric):
    """Crossentropy between class numbers and probabilities."""

    direction: ClassVar[Direction | None] = "down"
    target: ClassVar[TargetKind | None] = "index"

    name: str | None = field(None, doc=NAME, advanced=True)
    dtype: DtypeName | None = field(None, doc=DTYPE, advanced=True)
    from_logits: bool = field(False, doc=FROM_LOGITS, advanced=True)
    ignore_class: Int | None = field(None, doc=IGNORE_CLASS, advanced=True)
    axis: Int = field(-1, doc=AXIS, advanced=True)

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return sparse_categorical_crossentropy(
            y_true, y_pred, self.from_logits, self.ignore_class, self.axis
        )

    def watch(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None) -> Tensor:
        # As in Keras: without weights the ignored samples still count, as zeros.
        if self.ignore_class is not None and sample_weight is not None:
            counted = (classes_of_indices(y_true, y_pred) != self.ignore_class).to(y_pred.dtype)
            counted, sample_weight = match_ranks(counted, sample_weight)
            missing = counted.ndim - sample_weight.ndim
            sample_weight = counted * sample_weight[(..., *(None,) * missing)]
        return super().watch(y_true, y_pred, sample_weight)


@metric("bce", "BCE", summary=Text("Crossentropy of yes or no.", "二分类交叉熵。"))
class BinaryCrossentropy(MeanMetric):
    """Crossentropy between targets 0 or 1 and probabilities."""

    direction: ClassVar[Direction | None] = "down"
    target: ClassVar[TargetKind | None] = "binary"

    name: str | None = field(None, doc=NAME, advanced=True)
    dtype: DtypeName | None = field(None, doc=DTYPE, advanced=True)
    from_logits: bool = field(False, doc=FROM_LOGITS, advanced=True)
    label_smoothing: Fraction = field(0.0, doc=LABEL_SMOOTHING)

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return binary_crossentropy(y_true, y_pred, self.from_logits, self.label_smoothing)
