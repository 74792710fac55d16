"""Distances between numbers."""

from __future__ import annotations

import math

import torch.nn.functional as F
from torch import Tensor

from lamina.fields import Float, Int, field
from lamina.losses.arguments import ArrayLike, matched
from lamina.losses.categorical import EPSILON
from lamina.losses.loss import Loss, ReductionField, loss
from lamina.text import Text


def mean_squared_error(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """Mean over the last axis of the squared differences: (batch, ..., values) -> (batch, ...)."""
    y_true, y_pred = matched(y_true, y_pred)
    return (y_true - y_pred).square().mean(-1)


def mean_absolute_error(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """Mean over the last axis of the absolute differences: (batch, ..., values) -> (batch, ...)."""
    y_true, y_pred = matched(y_true, y_pred)
    return (y_true - y_pred).abs().mean(-1)


def mean_absolute_percentage_error(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """Mean over the last axis of the differences in percent of the target: (batch, ..., values) -> (batch, ...)."""
    y_true, y_pred = matched(y_true, y_pred)
    return 100.0 * ((y_true - y_pred) / y_true.abs().clamp(min=EPSILON)).abs().mean(-1)


def mean_squared_logarithmic_error(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """Mean over the last axis of the squared differences of log(x + 1): (batch, ..., values) -> (batch, ...).

    Negative numbers count as 0.
    """
    y_true, y_pred = matched(y_true, y_pred)
    first, second = (x.clamp(min=EPSILON).add(1.0).log() for x in (y_pred, y_true))
    return (first - second).square().mean(-1)


def huber(y_true: ArrayLike, y_pred: ArrayLike, delta: float = 1.0) -> Tensor:
    """Squared up to a difference of `delta`, linear beyond: (batch, ..., values) -> (batch, ...)."""
    y_true, y_pred = matched(y_true, y_pred)
    error = (y_pred - y_true).abs()
    return (0.5 * error.square()).where(error <= delta, delta * error - 0.5 * delta**2).mean(-1)


def log_cosh(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """Mean over the last axis of log(cosh(difference)): (batch, ..., values) -> (batch, ...)."""
    y_true, y_pred = matched(y_true, y_pred)
    error = y_pred - y_true
    # cosh itself overflows: log(cosh x) = x + log(1 + exp(-2 x)) - log 2.
    return (error + F.softplus(-2.0 * error) - math.log(2.0)).mean(-1)


def cosine_similarity(y_true: ArrayLike, y_pred: ArrayLike, axis: int = -1) -> Tensor:
    """Minus the cosine of the angle between targets and predictions: (batch, ..., values) -> (batch, ...).

    -1 for the same direction, 0 at right angles or where either is zero.
    """
    y_true, y_pred = matched(y_true, y_pred)
    return -(unit(y_true, axis) * unit(y_pred, axis)).sum(axis)


def unit(x: Tensor, axis: int) -> Tensor:
    """Vectors along `axis` at length one; a zero vector stays zero."""
    return x * x.square().sum(axis, keepdim=True).clamp(min=1e-12).rsqrt()


@loss("mse", "MSE", summary=Text("For numbers; large errors count most.", "回归；大误差影响更大。"))
class MeanSquaredError(Loss):
    """Mean of the squared differences.

    >>> MeanSquaredError()([[0.0, 1.0], [0.0, 0.0]], [[1.0, 1.0], [1.0, 0.0]])
    tensor(0.5000)
    """

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return mean_squared_error(y_true, y_pred)

    def mean(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        same = y_true.shape == y_pred.shape and y_pred.numel()
        return F.mse_loss(y_pred, y_true) if same else super().mean(y_true, y_pred)


@loss(
    "mae",
    "MAE",
    summary=Text(
        "For numbers; every error counts by its size.", "回归；误差按其大小计入，对离群值不敏感。"
    ),
)
class MeanAbsoluteError(Loss):
    """Mean of the absolute differences.

    >>> MeanAbsoluteError()([[0.0, 1.0], [0.0, 0.0]], [[1.0, 1.0], [1.0, 0.0]])
    tensor(0.5000)
    """

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return mean_absolute_error(y_true, y_pred)

    def mean(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        same = y_true.shape == y_pred.shape and y_pred.numel()
        return F.l1_loss(y_pred, y_true) if same else super().mean(y_true, y_pred)


@loss(
    "mape",
    "MAPE",
    summary=Text("For numbers; errors in percent of the target.", "回归；误差按目标的百分比计。"),
)
class MeanAbsolutePercentageError(Loss):
    """Mean of the differences in percent of the targets.

    >>> MeanAbsolutePercentageError()([[2.0, 4.0]], [[1.0, 4.0]])
    tensor(25.)
    """

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return mean_absolute_percentage_error(y_true, y_pred)


@loss(
    "msle",
    "MSLE",
    summary=Text(
        "For numbers of many magnitudes, none negative.", "回归；目标非负且跨越多个数量级。"
    ),
)
class MeanSquaredLogarithmicError(Loss):
    """Mean of the squared differences of log(x + 1).

    >>> MeanSquaredLogarithmicError()([[0.0, 1.0]], [[1.0, 1.0]])
    tensor(0.2402)
    """

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return mean_squared_logarithmic_error(y_true, y_pred)


@loss(summary=Text("For numbers with outliers.", "回归；适合含离群值的数据。"))
class Huber(Loss):
    """Squared for small differences, linear for large ones (Huber 1964).

    >>> Huber()([[0.0, 0.0]], [[0.5, 3.0]])
    tensor(1.3125)
    """

    delta: Float = field(
        1.0,
        doc=Text(
            "Difference beyond which the loss grows linearly.", "差超过该值后损失按线性增长。"
        ),
    )
    reduction: ReductionField = field(
        "sum_over_batch_size", doc=Loss.declared_fields["reduction"].doc, advanced=True
    )
    name: str | None = field("huber_loss", doc=Loss.declared_fields["name"].doc, advanced=True)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return huber(y_true, y_pred, self.delta)


@loss(
    "logcosh",
    summary=Text("For numbers with outliers, smooth everywhere.", "回归；处处光滑，抗离群值。"),
)
class LogCosh(Loss):
    """Mean of log(cosh(difference)): squared near zero, absolute far from it.

    >>> LogCosh()([[0.0, 1.0], [0.0, 0.0]], [[1.0, 1.0], [0.0, 0.0]])
    tensor(0.1084)
    """

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return log_cosh(y_true, y_pred)


@loss(summary=Text("For directions, whatever their length.", "比较方向，与长度无关。"))
class CosineSimilarity(Loss):
    """Minus the cosine of the angle between targets and predictions.

    >>> CosineSimilarity()([[0.0, 1.0], [1.0, 1.0]], [[1.0, 0.0], [1.0, 1.0]])
    tensor(-0.5000)
    """

    axis: Int = field(-1, doc=Text("Axis of the vectors.", "向量所在的轴。"), advanced=True)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return cosine_similarity(y_true, y_pred, self.axis)
