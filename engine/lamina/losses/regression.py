"""Distances between numbers."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from lamina.errors import ShapeError
from lamina.losses.loss import Loss, loss
from lamina.losses.reduction import match_ranks
from lamina.text import Text


def mean_squared_error(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Mean over the last axis of the squared differences: (batch, ..., values) -> (batch, ...)."""
    return _difference(y_true, y_pred).square().mean(-1)


def mean_absolute_error(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Mean over the last axis of the absolute differences: (batch, ..., values) -> (batch, ...)."""
    return _difference(y_true, y_pred).abs().mean(-1)


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


def _difference(y_true: Tensor, y_pred: Tensor) -> Tensor:
    y_true, y_pred = match_ranks(y_true, y_pred)
    try:
        return y_true.to(y_pred.dtype) - y_pred
    except RuntimeError as error:
        given, wanted = tuple(y_true.shape), tuple(y_pred.shape)
        raise ShapeError(
            Text(
                f"The targets {given} and the predictions {wanted} do not have the same shape. "
                "Change the last layer or reshape the targets.",
                f"目标 {given} 与预测值 {wanted} 的形状不同。请修改最后一层或调整目标的形状。",
            )
        ) from error
