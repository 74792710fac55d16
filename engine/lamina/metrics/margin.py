"""Margins that are only watched."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from lamina.losses.loss import TargetKind
from lamina.losses.margin import categorical_hinge, hinge, squared_hinge
from lamina.metrics.metric import Direction, MeanMetric, metric
from lamina.text import Text


@metric(summary=Text("Margin of yes or no.", "二分类的间隔损失。"))
class Hinge(MeanMetric):
    """Mean of max(1 - y_true * y_pred, 0), for targets -1 and 1 (or 0 and 1).

    >>> Hinge()([[0.0, 1.0], [0.0, 0.0]], [[0.6, 0.4], [0.4, 0.6]])
    tensor(1.3000)
    """

    direction: ClassVar[Direction | None] = "down"
    target: ClassVar[TargetKind | None] = "binary"

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return hinge(y_true, y_pred)


@metric(summary=Text("Squared margin of yes or no.", "二分类的平方间隔损失。"))
class SquaredHinge(MeanMetric):
    """Mean of max(1 - y_true * y_pred, 0) squared, for targets -1 and 1 (or 0 and 1).

    >>> SquaredHinge()([[0.0, 1.0], [0.0, 0.0]], [[0.6, 0.4], [0.4, 0.6]])
    tensor(1.8600)
    """

    direction: ClassVar[Direction | None] = "down"
    target: ClassVar[TargetKind | None] = "binary"

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return squared_hinge(y_true, y_pred)


@metric(
    summary=Text(
        "Margin between classes; targets are one-hot.", "类别间的间隔损失；目标为独热编码。"
    )
)
class CategoricalHinge(MeanMetric):
    """max(best wrong class - right class + 1, 0), for one-hot targets.

    >>> CategoricalHinge()([[0, 1], [0, 0]], [[0.6, 0.4], [0.4, 0.6]])
    tensor(1.4000)
    """

    direction: ClassVar[Direction | None] = "down"
    target: ClassVar[TargetKind | None] = "one_hot"

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return categorical_hinge(y_true, y_pred)
