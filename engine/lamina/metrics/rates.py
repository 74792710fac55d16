"""The best of one rate where another is good enough."""

from __future__ import annotations

from typing import Any, ClassVar

from torch import Tensor

from lamina.fields import Fraction, NonNegativeInt, PositiveInt, field
from lamina.metrics.confusion import Thresholded
from lamina.metrics.counting import CLASS_ID, share
from lamina.metrics.metric import Direction, metric
from lamina.text import Text

THRESHOLDS = Text("Number of thresholds that are tried.", "尝试的阈值数量。")


class BestRate(Thresholded):
    """The largest of one rate over the thresholds at which another is good enough."""

    direction: ClassVar[Direction | None] = "up"

    num_thresholds: PositiveInt = field(200, doc=THRESHOLDS)
    class_id: NonNegativeInt | None = field(None, doc=CLASS_ID, advanced=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        count = self.num_thresholds
        points = [0.5] if count == 1 else [i / (count - 1) for i in range(count)]
        self._count_at(points, evenly=count > 1)

    def _best(self, rate: Tensor, where: Tensor, at_least: float) -> Tensor:
        return rate.where(where >= at_least, 0).amax()


@metric(
    summary=Text(
        "Best sensitivity where the specificity is at least a value.",
        "特异度达到给定值时的最高灵敏度。",
    )
)
class SensitivityAtSpecificity(BestRate):
    """Best sensitivity where the specificity is at least a value.

    >>> SensitivityAtSpecificity(0.5)([0, 0, 0, 1, 1], [0.0, 0.3, 0.8, 0.3, 0.8])
    tensor(0.5000)
    """

    specificity: Fraction = field(doc=Text("Least specificity.", "特异度下限。"), suggest=0.9)

    def result(self) -> Tensor:
        counts = self.counts
        return self._best(
            share(counts.tp, counts.fn), share(counts.tn, counts.fp), self.specificity
        )


@metric(
    summary=Text(
        "Best specificity where the sensitivity is at least a value.",
        "灵敏度达到给定值时的最高特异度。",
    )
)
class SpecificityAtSensitivity(BestRate):
    """Best specificity where the sensitivity is at least a value.

    >>> SpecificityAtSensitivity(0.5)([0, 0, 0, 1, 1], [0.0, 0.3, 0.8, 0.3, 0.8])
    tensor(0.6667)
    """

    sensitivity: Fraction = field(doc=Text("Least sensitivity.", "灵敏度下限。"), suggest=0.9)

    def result(self) -> Tensor:
        counts = self.counts
        return self._best(
            share(counts.tn, counts.fp), share(counts.tp, counts.fn), self.sensitivity
        )


@metric(
    summary=Text(
        "Best precision where the recall is at least a value.", "召回率达到给定值时的最高精确率。"
    )
)
class PrecisionAtRecall(BestRate):
    """Best precision where the recall is at least a value.

    >>> PrecisionAtRecall(0.5)([0, 0, 0, 1, 1], [0.0, 0.3, 0.8, 0.3, 0.8])
    tensor(0.5000)
    """

    recall: Fraction = field(doc=Text("Least recall.", "召回率下限。"), suggest=0.9)

    def result(self) -> Tensor:
        counts = self.counts
        return self._best(share(counts.tp, counts.fp), share(counts.tp, counts.fn), self.recall)


@metric(
    summary=Text(
        "Best recall where the precision is at least a value.", "精确率达到给定值时的最高召回率。"
    )
)
class RecallAtPrecision(BestRate):
    """Best recall where the precision is at least a value.

    >>> RecallAtPrecision(0.5)([0, 0, 0, 1, 1], [0.0, 0.3, 0.8, 0.3, 0.8])
    tensor(1.)
    """

    precision: Fraction = field(doc=Text("Least precision.", "精确率下限。"), suggest=0.9)

    def result(self) -> Tensor:
        counts = self.counts
        return self._best(share(counts.tp, counts.fn), share(counts.tp, counts.fp), self.precision)
