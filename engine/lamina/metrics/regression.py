"""Distances between numbers."""

from __future__ import annotations

import math
from typing import ClassVar

import torch
from torch import Tensor

from lamina.fields import Int, field
from lamina.losses.arguments import matched
from lamina.losses.loss import TargetKind
from lamina.losses.regression import (
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    unit,
)
from lamina.metrics.metric import DTYPE, NAME, Direction, MeanMetric, MetricDtype, metric
from lamina.text import Text


@metric("mse", "MSE", summary=Text("Mean of the squared differences.", "差的平方的平均值。"))
class MeanSquaredError(MeanMetric):
    """Mean of the squared differences.

    >>> error = MeanSquaredError()
    >>> error([[0.0, 1.0], [0.0, 0.0]], [[1.0, 1.0], [0.0, 0.0]])
    tensor(0.2500)
    """

    direction: ClassVar[Direction | None] = "down"
    target: ClassVar[TargetKind | None] = "value"

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return mean_squared_error(y_true, y_pred)


@metric("mae", "MAE", summary=Text("Mean of the absolute differences.", "差的绝对值的平均值。"))
class MeanAbsoluteError(MeanMetric):
    """Mean of the absolute differences.

    >>> error = MeanAbsoluteError()
    >>> error([[0.0, 1.0], [0.0, 0.0]], [[1.0, 1.0], [0.0, 0.0]])
    tensor(0.2500)
    """

    direction: ClassVar[Direction | None] = "down"
    target: ClassVar[TargetKind | None] = "value"

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return mean_absolute_error(y_true, y_pred)


@metric("mape", "MAPE", summary=Text("Mean of the differences in percent.", "差的百分比的平均值。"))
class MeanAbsolutePercentageError(MeanMetric):
    """Mean of the differences in percent of the targets.

    >>> MeanAbsolutePercentageError()([[2.0, 4.0]], [[1.0, 4.0]])
    tensor(25.)
    """

    direction: ClassVar[Direction | None] = "down"
    target: ClassVar[TargetKind | None] = "value"

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return mean_absolute_percentage_error(y_true, y_pred)


@metric(
    "msle",
    "MSLE",
    summary=Text(
        "Mean of the squared differences of log(x + 1).", "log(x + 1) 之差的平方的平均值。"
    ),
)
class MeanSquaredLogarithmicError(MeanMetric):
    """Mean of the squared differences of log(x + 1).

    >>> MeanSquaredLogarithmicError()([[0.0, 1.0]], [[1.0, 1.0]])
    tensor(0.2402)
    """

    direction: ClassVar[Direction | None] = "down"
    target: ClassVar[TargetKind | None] = "value"

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return mean_squared_logarithmic_error(y_true, y_pred)


@metric(summary=Text("Mean of log(cosh(difference)).", "log(cosh(差)) 的平均值。"))
class LogCoshError(MeanMetric):
    """Mean of log(cosh(difference)).

    >>> LogCoshError()([[0.0, 1.0], [0.0, 0.0]], [[1.0, 1.0], [0.0, 0.0]])
    tensor(0.1084)
    """

    direction: ClassVar[Direction | None] = "down"
    target: ClassVar[TargetKind | None] = "value"

    name: str | None = field("logcosh", doc=NAME, advanced=True)

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return log_cosh(y_true, y_pred)


@metric(
    summary=Text("Cosine of the angle between targets and predictions.", "目标与预测值夹角的余弦。")
)
class CosineSimilarity(MeanMetric):
    """Cosine of the angle between targets and predictions: 1 for the same direction.

    >>> CosineSimilarity()([[0.0, 1.0], [1.0, 1.0]], [[1.0, 0.0], [1.0, 1.0]])
    tensor(0.5000)
    """

    direction: ClassVar[Direction | None] = "up"
    target: ClassVar[TargetKind | None] = "value"

    name: str | None = field(None, doc=NAME, advanced=True)
    dtype: MetricDtype | None = field(None, doc=DTYPE, advanced=True)
    axis: Int = field(-1, doc=Text("Axis of the vectors.", "向量所在的轴。"), advanced=True)

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        y_true, y_pred = matched(y_true, y_pred)
        return (unit(y_true, self.axis) * unit(y_pred, self.axis)).sum(self.axis)


@metric(summary=Text("Root of the mean of the squared differences.", "均方差的平方根。"))
class RootMeanSquaredError(MeanMetric):
    """Root of the mean of the squared differences.

    >>> RootMeanSquaredError()([[0.0, 1.0], [0.0, 0.0]], [[1.0, 1.0], [0.0, 0.0]])
    tensor(0.5000)
    """

    direction: ClassVar[Direction | None] = "down"
    target: ClassVar[TargetKind | None] = "value"

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        y_true, y_pred = matched(y_true, y_pred)
        return (y_pred - y_true).square()

    def watch(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None) -> Tensor:
        return super().watch(y_true, y_pred, sample_weight).sqrt()

    def result(self) -> Tensor:
        return torch.sqrt(super().result())

    def read(self) -> float:
        return math.sqrt(super().read())
