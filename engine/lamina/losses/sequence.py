"""Connectionist temporal classification (Graves et al. 2006)."""

from __future__ import annotations

from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from lamina.errors import ShapeError
from lamina.losses.arguments import ArrayLike, as_float_tensor, as_tensor
from lamina.losses.loss import Loss, TargetKind, loss
from lamina.text import Text


def ctc(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """Minus the log-likelihood that the steps spell the labels, whatever their alignment.

    Shapes:
        y_true: (batch, labels) class numbers; 0 is the blank and fills up short rows
        y_pred: (batch, steps, classes) logits -> (batch,)
    """
    y_pred = as_float_tensor(y_pred)
    labels = as_tensor(y_true, y_pred.device).long()
    if labels.ndim != 2 or y_pred.ndim != 3:
        raise ShapeError(
            Text(
                f"ctc needs targets (batch, labels) and logits (batch, steps, classes), got {tuple(labels.shape)} "
                f"and {tuple(y_pred.shape)}.",
                f"ctc 需要形状为 (batch, labels) 的目标和 (batch, steps, classes) 的 logits，实际为 "
                f"{tuple(labels.shape)} 和 {tuple(y_pred.shape)}。",
            )
        )
    batch, steps = y_pred.shape[:2]
    return F.ctc_loss(
        F.log_softmax(y_pred.transpose(0, 1), -1),
        labels,
        torch.full((batch,), steps, dtype=torch.long, device=y_pred.device),
        (labels != 0).sum(-1),
        blank=0,
        reduction="none",
    )


@loss(
    summary=Text(
        "For rows of labels without their places in time; the network gives logits.",
        "序列标注，无需对齐；网络输出 logits。",
    )
)
class CTC(Loss):
    """Rows of labels spelled by a longer row of steps; class 0 is the blank.

    >>> CTC()([[1, 2]], torch.zeros(1, 3, 3))
    tensor(1.6864)
    """

    target: ClassVar[TargetKind] = "sequence"

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return ctc(y_true, y_pred)

    def cast_target(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return y_true
