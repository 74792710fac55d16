"""Precision, recall and the counts that they are made of."""

from __future__ import annotations

from typing import Any, ClassVar

from torch import Tensor

from lamina.fields import NonNegativeInt, PositiveInt, field
from lamina.losses.loss import TargetKind
from lamina.metrics.counting import (
    BELOW_ALL,
    CLASS_ID,
    THRESHOLDS,
    Buckets,
    Counts,
    Thresholds,
    listed,
    prepared,
    share,
)
from lamina.metrics.metric import Direction, Metric, metric
from lamina.metrics.variable import MetricVariable
from lamina.text import Text

TOP_K = Text(
    "Only the k largest predictions of a sample are yes.", "仅将每个样本最大的前 k 个预测视为“是”。"
)


class Thresholded(Metric):
    """A metric of counts at thresholds; subclasses set `_buckets` and say what comes of the counts."""

    target: ClassVar[TargetKind | None] = "binary"

    _buckets: Buckets

    def _count_at(self, thresholds: list[float], *, evenly: bool | None = None) -> None:
        """Begin to count."""
        self._given: Any = getattr(self, "thresholds", None)
        self.thresholds: Any = thresholds
        self._buckets = Buckets(thresholds, evenly=evenly)
        self._labels: int | None = None
        self._state = self._new_state()

    def _new_state(self) -> MetricVariable:
        size = self._buckets.size * (self._labels or 1)
        return MetricVariable((size,), "zeros", "float32", "counts")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        y_true, y_pred, weight = prepared(
            y_true,
            y_pred,
            sample_weight,
            top_k=getattr(self, "top_k", None),
            class_id=getattr(self, "class_id", None),
        )
        self._buckets.add(self._state, y_true, y_pred, weight, None)

    @property
    def counts(self) -> Counts:
        """Right and wrong at each threshold."""
        return self._buckets.counts(self._state, self._labels)

    @property
    def true_positives(self) -> Tensor:
        """Sum of the weights of what is yes and said to be, at each threshold."""
        return self.counts.tp

    @property
    def false_positives(self) -> Tensor:
        """Sum of the weights of what is no and said to be yes, at each threshold."""
        return self.counts.fp

    @property
    def true_negatives(self) -> Tensor:
        """Sum of the weights of what is no and said to be, at each threshold."""
        return self.counts.tn

    @property
    def false_negatives(self) -> Tensor:
        """Sum of the weights of what is yes and said to be no, at each threshold."""
        return self.counts.fn

    @property
    def variables(self) -> list[MetricVariable]:
        """The counts."""
        return [self._state, *super().variables]

    def get_config(self) -> dict[str, Any]:
        values = {name: getattr(self, name) for name in self.declared_fields}
        if "thresholds" in values:
            values["thresholds"] = self._given
        return self.dump(values)

    def _each(self, values: Tensor) -> Tensor:
        """One number for one threshold."""
        return values[0] if len(self._buckets.thresholds) == 1 else values


@metric(
    summary=Text("Share of what is said to be yes that is.", "判为“是”的样本中判断正确的比例。")
)
class Precision(Thresholded):
    """True positives over all that is said to be positive.

    >>> Precision()([0, 1, 1, 1], [1.0, 0.0, 1.0, 1.0])
    tensor(0.6667)
    """

    direction: ClassVar[Direction | None] = "up"

    thresholds: Thresholds = field(None, doc=THRESHOLDS)
    top_k: PositiveInt | None = field(None, doc=TOP_K, advanced=True)
    class_id: NonNegativeInt | None = field(None, doc=CLASS_ID, advanced=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        default = 0.5 if self.top_k is None else BELOW_ALL
        self._count_at(listed(self.thresholds, default))

    def result(self) -> Tensor:
        counts = self.counts
        return self._each(share(counts.tp, counts.fp))


@metric(summary=Text("Share of what is yes that is found.", "实际为“是”的样本中被找出的比例。"))
class Recall(Thresholded):
    """True positives over all that is positive.

    >>> Recall()([0, 1, 1, 1], [1.0, 0.0, 1.0, 1.0])
    tensor(0.6667)
    """

    direction: ClassVar[Direction | None] = "up"

    thresholds: Thresholds = field(None, doc=THRESHOLDS)
    top_k: PositiveInt | None = field(None, doc=TOP_K, advanced=True)
    class_id: NonNegativeInt | None = field(None, doc=CLASS_ID, advanced=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        default = 0.5 if self.top_k is None else BELOW_ALL
        self._count_at(listed(self.thresholds, default))

    def result(self) -> Tensor:
        counts = self.counts
        return self._each(share(counts.tp, counts.fn))


@metric(summary=Text("How much is yes and said to be.", "正确判为“是”的数量。"))
class TruePositives(Thresholded):
    """Number, or sum of the weights, of what is 1 and said to be.

    >>> TruePositives()([0, 1, 1, 1], [1.0, 0.0, 1.0, 1.0])
    tensor(2.)
    """

    thresholds: Thresholds = field(None, doc=THRESHOLDS)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._count_at(listed(self.thresholds, 0.5))

    def result(self) -> Tensor:
        return self._each(self.counts.tp)


@metric(summary=Text("How much is no and said to be yes.", "误判为“是”的数量。"))
class FalsePositives(Thresholded):
    """Number, or sum of the weights, of what is 0 and said to be 1.

    >>> FalsePositives()([0, 1, 1, 1], [1.0, 0.0, 1.0, 1.0])
    tensor(1.)
    """

    thresholds: Thresholds = field(None, doc=THRESHOLDS)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._count_at(listed(self.thresholds, 0.5))

    def result(self) -> Tensor:
        return self._each(self.counts.fp)


@metric(summary=Text("How much is no and said to be.", "正确判为“否”的数量。"))
class TrueNegatives(Thresholded):
    """Number, or sum of the weights, of what is 0 and said to be.

    >>> TrueNegatives()([0, 1, 1, 1], [1.0, 0.0, 1.0, 1.0])
    tensor(0.)
    """

    thresholds: Thresholds = field(None, doc=THRESHOLDS)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._count_at(listed(self.thresholds, 0.5))

    def result(self) -> Tensor:
        return self._each(self.counts.tn)


@metric(summary=Text("How much is yes and said to be no.", "误判为“否”的数量。"))
class FalseNegatives(Thresholded):
    """Number, or sum of the weights, of what is 1 and said to be 0.

    >>> FalseNegatives()([0, 1, 1, 1], [1.0, 0.0, 1.0, 1.0])
    tensor(1.)
    """

    thresholds: Thresholds = field(None, doc=THRESHOLDS)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._count_at(listed(self.thresholds, 0.5))

    def result(self) -> Tensor:
        return self._each(self.counts.fn)
