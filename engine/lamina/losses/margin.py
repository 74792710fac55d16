"""Losses of margins: a prediction shall be on the right side, and clearly."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from lamina.losses.arguments import ArrayLike, matched
from lamina.losses.loss import Loss, TargetKind, loss
from lamina.text import Text


def hinge(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """Mean over the last axis of max(1 - y_true * y_pred, 0): (batch, ..., values) -> (batch, ...).

    Targets are -1 and 1; if all are 0 or 1, 0 stands for -1.
    """
    y_true, y_pred = matched(y_true, y_pred)
    return (1.0 - _signs(y_true) * y_pred).clamp(min=0.0).mean(-1)


def squared_hinge(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """Like `hinge`, with the squares of the margins: (batch, ..., values) -> (batch, ...)."""
    y_true, y_pred = matched(y_true, y_pred)
    return (1.0 - _signs(y_true) * y_pred).clamp(min=0.0).square().mean(-1)


def categorical_hinge(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """How far the best wrong class comes within 1 of the right one: (batch, ..., classes) -> (batch, ...)."""
    y_true, y_pred = matched(y_true, y_pred)
    right = (y_true * y_pred).sum(-1)
    wrong = ((1.0 - y_true) * y_pred).amax(-1)
    return (wrong - right + 1.0).clamp(min=0.0)


def _signs(y_true: Tensor) -> Tensor:
    """Targets as -1 and 1, decided for the whole batch and without waiting for the device."""
    is_binary = ((y_true == 0) | (y_true == 1)).all()
    return (2.0 * y_true - 1.0).where(is_binary, y_true)


@loss(summary=Text("For yes or no by a margin.", "二分类（间隔最大化）。"))
class Hinge(Loss):
    """Mean of max(1 - y_true * y_pred, 0), for targets -1 and 1 (or 0 and 1).

    >>> Hinge()([[0.0, 1.0], [0.0, 0.0]], [[0.6, 0.4], [0.4, 0.6]])
    tensor(1.3000)
    """

    target: ClassVar[TargetKind] = "binary"

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return hinge(y_true, y_pred)


@loss(
    summary=Text(
        "For yes or no by a margin; large errors count most.",
        "二分类（间隔最大化）；大误差影响更大。",
    )
)
class SquaredHinge(Loss):
    """Mean of max(1 - y_true * y_pred, 0) squared, for targets -1 and 1 (or 0 and 1).

    >>> SquaredHinge()([[0.0, 1.0], [0.0, 0.0]], [[0.6, 0.4], [0.4, 0.6]])
    tensor(1.8600)
    """

    target: ClassVar[TargetKind] = "binary"

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return squared_hinge(y_true, y_pred)


@loss(
    summary=Text(
        "For one class out of several by a margin; targets are one-hot.",
        "多选一分类（间隔最大化）；目标为独热编码。",
    )
)
class CategoricalHinge(Loss):
    """max(best wrong class - right class + 1, 0), for one-hot targets.

    >>> CategoricalHinge()([[0, 1], [0, 0]], [[0.6, 0.4], [0.4, 0.6]])
    tensor(1.4000)
    """

    target: ClassVar[TargetKind] = "one_hot"

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return categorical_hinge(y_true, y_pred)
