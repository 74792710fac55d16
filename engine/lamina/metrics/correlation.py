"""How well targets and predictions go together."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from lamina.fields import Int, field
from lamina.losses.arguments import ArrayLike, matched
from lamina.losses.categorical import EPSILON
from lamina.losses.loss import TargetKind
from lamina.metrics.metric import DTYPE, NAME, Direction, MeanMetric, MetricDtype, metric
from lamina.text import Text

AXIS = Text("Axis over which values are correlated.", "计算相关性的轴。")


def pearson_correlation(y_true: ArrayLike, y_pred: ArrayLike, axis: int = -1) -> Tensor:
    """Linear correlation over `axis`, from -1 to 1: (batch, ..., values) -> (batch, ...)."""
    first, second = (x - x.mean(axis, keepdim=True) for x in matched(y_true, y_pred))
    first = first / first.std(axis, correction=0, keepdim=True)
    second = second / second.std(axis, correction=0, keepdim=True)
    return (first * second).mean(axis)


def concordance_correlation(y_true: ArrayLike, y_pred: ArrayLike, axis: int = -1) -> Tensor:
    """Agreement over `axis` (Lin 1989), 1 only where predictions equal targets: (batch, ..., values) -> (batch, ...)."""
    y_true, y_pred = matched(y_true, y_pred)
    true_mean, mean = y_true.mean(axis, keepdim=True), y_pred.mean(axis, keepdim=True)
    spread = y_true.var(axis, correction=0, keepdim=True) + y_pred.var(
        axis, correction=0, keepdim=True
    )
    together = (y_true - mean) * (y_pred - mean)
    return (2 * together / (spread + (true_mean - mean).square() + EPSILON)).mean(axis)


@metric(summary=Text("Linear correlation of targets and predictions.", "目标与预测值的线性相关。"))
class PearsonCorrelation(MeanMetric):
    """Linear correlation over an axis, from -1 to 1.

    >>> PearsonCorrelation()([[0.0, 1.0, 2.0]], [[0.0, 2.0, 4.0]])
    tensor(1.)
    """

    direction: ClassVar[Direction | None] = "up"
    target: ClassVar[TargetKind | None] = "value"

    name: str | None = field(None, doc=NAME, advanced=True)
    dtype: MetricDtype | None = field(None, doc=DTYPE, advanced=True)
    axis: Int = field(-1, doc=AXIS, advanced=True)

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return pearson_correlation(y_true, y_pred, self.axis)


@metric(summary=Text("Agreement of targets and predictions.", "目标与预测值的一致性。"))
class ConcordanceCorrelation(MeanMetric):
    """Agreement over an axis (Lin 1989): correlation that also asks for the same mean and spread.

    >>> ConcordanceCorrelation()([[0.0, 1.0, 2.0]], [[0.0, 2.0, 4.0]])
    tensor(0.6154)
    """

    direction: ClassVar[Direction | None] = "up"
    target: ClassVar[TargetKind | None] = "value"

    name: str | None = field(None, doc=NAME, advanced=True)
    dtype: MetricDtype | None = field(None, doc=DTYPE, advanced=True)
    axis: Int = field(-1, doc=AXIS, advanced=True)

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return concordance_correlation(y_true, y_pred, self.axis)
