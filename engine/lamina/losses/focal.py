"""Crossentropies that look at the hard samples (Lin et al. 2017, arXiv:1708.02002)."""

from __future__ import annotations

from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from lamina.fields import Float, Fraction, Int, field
from lamina.losses.arguments import ArrayLike, matched
from lamina.losses.categorical import AXIS, EPSILON, FROM_LOGITS, LABEL_SMOOTHING
from lamina.losses.loss import Head, Loss, TargetKind, loss
from lamina.text import Text

ALPHA = Text("Weight of the positive class.", "正类的权重。")
GAMMA = Text(
    "How little easy samples count; 0 is the plain crossentropy.",
    "易分样本被弱化的程度；0 即普通交叉熵。",
)


def binary_focal_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """Mean over `axis` of (1 - p) ** gamma times the crossentropy; p is the probability of the target.

    Shapes:
        y_true, y_pred: (batch, ..., units) -> (batch, ...)
    """
    y_true, y_pred = matched(y_true, y_pred, same_shape=True)
    if label_smoothing:
        y_true = y_true * (1 - label_smoothing) + 0.5 * label_smoothing
    if from_logits:
        y_pred = torch.sigmoid(y_pred)
    values = F.binary_cross_entropy(y_pred.clamp(EPSILON, 1 - EPSILON), y_true, reduction="none")
    right = y_true * y_pred + (1 - y_true) * (1 - y_pred)
    values = (1 - right).pow(gamma) * values
    if apply_class_balancing:
        values = (y_true * alpha + (1 - y_true) * (1 - alpha)) * values
    return values.mean(axis)


def categorical_focal_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """Sum over the classes of alpha * (1 - p) ** gamma times the crossentropy; targets are one-hot.

    Shapes:
        y_true, y_pred: (batch, ..., classes) -> (batch, ...)
    """
    y_true, y_pred = matched(y_true, y_pred, same_shape=True)
    if label_smoothing:
        y_true = y_true * (1 - label_smoothing) + label_smoothing / y_true.shape[-1]
    if from_logits:
        y_pred = torch.softmax(y_pred, axis)
    shares = (y_pred / y_pred.sum(axis, keepdim=True)).clamp(EPSILON, 1 - EPSILON)
    return ((1 - shares).pow(gamma) * alpha * -y_true * shares.log()).sum(axis)


@loss(summary=Text("For yes or no when one of them is rare.", "二分类，适合其中一类很少的数据。"))
class BinaryFocalCrossentropy(Loss):
    """Crossentropy of targets 0 or 1 in which easy samples count little.

    >>> BinaryFocalCrossentropy(gamma=2)([[0.0, 1.0], [0.0, 0.0]], [[0.6, 0.4], [0.4, 0.6]])
    tensor(0.2678)
    """

    head: ClassVar[Head | None] = "sigmoid"
    target: ClassVar[TargetKind] = "binary"

    apply_class_balancing: bool = field(
        False, doc=Text("Weigh the classes by alpha.", "按 alpha 对类别加权。")
    )
    alpha: Float = field(0.25, doc=ALPHA)
    gamma: Float = field(2.0, doc=GAMMA)
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
        return binary_focal_crossentropy(
            y_true,
            y_pred,
            self.apply_class_balancing,
            self.alpha,
            self.gamma,
            self.from_logits,
            self.label_smoothing,
            self.axis,
        )


@loss(
    summary=Text(
        "For one class out of several when some are rare; targets are one-hot.",
        "多选一分类，适合类别不均衡的数据；目标为独热编码。",
    )
)
class CategoricalFocalCrossentropy(Loss):
    """Crossentropy of one-hot targets in which easy samples count little.

    >>> y_true, y_pred = [[0, 1, 0], [0, 0, 1]], [[0.05, 0.95, 0], [0.1, 0.8, 0.1]]
    >>> CategoricalFocalCrossentropy()(y_true, y_pred)
    tensor(0.2332)
    """

    head: ClassVar[Head | None] = "softmax"
    target: ClassVar[TargetKind] = "one_hot"

    alpha: Float = field(0.25, doc=Text("Weight of every class.", "各类别的权重。"))
    gamma: Float = field(2.0, doc=GAMMA)
    from_logits: bool = field(False, doc=FROM_LOGITS, advanced=True)
    label_smoothing: Fraction = field(0.0, doc=LABEL_SMOOTHING, advanced=True)
    axis: Int = field(-1, doc=AXIS, advanced=True)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return categorical_focal_crossentropy(
            y_true,
            y_pred,
            self.alpha,
            self.gamma,
            self.from_logits,
            self.label_smoothing,
            self.axis,
        )
