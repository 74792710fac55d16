"""Crossentropy of yes-or-no targets."""

from __future__ import annotations

from typing import ClassVar

import torch.nn.functional as F
from torch import Tensor

from lamina.errors import ShapeError
from lamina.fields import Fraction, Int, field
from lamina.losses.arguments import ArrayLike, as_float_tensor, as_tensor
from lamina.losses.categorical import AXIS, EPSILON, FROM_LOGITS
from lamina.losses.loss import Head, Loss, TargetKind, loss
from lamina.losses.reduction import match_ranks
from lamina.text import Text


def binary_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """Mean over `axis` of the crossentropies of targets 0 and 1.

    Shapes:
        y_true, y_pred: (batch, ..., units) -> (batch, ...)
    """
    y_pred = as_float_tensor(y_pred)
    y_true, y_pred = match_ranks(as_tensor(y_true, y_pred.device), y_pred)
    if y_true.shape != y_pred.shape:
        given, wanted = tuple(y_true.shape), tuple(y_pred.shape)
        raise ShapeError(
            Text(
                f"binary_crossentropy needs targets of the shape of the predictions {wanted}, got {given}. "
                "For one class out of several use sparse_categorical_crossentropy.",
                f"binary_crossentropy 需要与预测值形状 {wanted} 相同的目标，实际为 {given}。"
                "多选一分类请用 sparse_categorical_crossentropy。",
            )
        )
    y_true = y_true.to(y_pred.dtype)
    if label_smoothing:
        y_true = y_true * (1 - label_smoothing) + 0.5 * label_smoothing
    if from_logits:
        values = F.binary_cross_entropy_with_logits(y_pred, y_true, reduction="none")
    else:
        clipped = y_pred.clamp(EPSILON, 1 - EPSILON)
        values = F.binary_cross_entropy(clipped, y_true, reduction="none")
    return values.mean(axis)


@loss("bce", "BCE", summary=Text("For yes or no, also several at once.", "二分类，也可同时多个。"))
class BinaryCrossentropy(Loss):
    """Crossentropy between targets 0 or 1 and predicted probabilities.

    >>> BinaryCrossentropy()([[0.0, 1.0], [0.0, 0.0]], [[0.6, 0.4], [0.4, 0.6]])
    tensor(0.8149)
    """

    head: ClassVar[Head | None] = "sigmoid"
    target: ClassVar[TargetKind] = "binary"

    from_logits: bool = field(False, doc=FROM_LOGITS, advanced=True)
    label_smoothing: Fraction = field(
        0.0,
        doc=Text(
            "How far targets are moved from 0 and 1 towards 0.5.",
            "目标由 0 和 1 向 0.5 靠拢的程度。",
        ),
        advanced=True,
    )
    axis: Int = field(-1, doc=AXIS, advanced=True)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return binary_crossentropy(
            y_true, y_pred, self.from_logits, self.label_smoothing, self.axis
        )
