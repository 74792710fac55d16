"""Distances between numbers."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from lamina.losses.loss import TargetKind
from lamina.losses.regression import mean_absolute_error, mean_squared_error
from lamina.metrics.metric import Direction, MeanMetric, metric
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
