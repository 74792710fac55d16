"""Crossentropies between classes: targets as one-hot rows or as class indices."""

from __future__ import annotations

from typing import ClassVar

import torch.nn.functional as F
from torch import Tensor

from lamina.calls import set_mask
from lamina.errors import ShapeError
from lamina.fields import Fraction, Int, field
from lamina.losses.arguments import ArrayLike, as_float_tensor, as_tensor
from lamina.losses.loss import Head, Loss, ReductionField, TargetKind, loss
from lamina.losses.reduction import match_ranks
from lamina.text import Text

EPSILON = 1e-7
"""Probabilities are kept this far from 0 and 1, as in Keras, so that no logarithm is infinite."""

FROM_LOGITS = Text(
    "The predictions are logits: the network does not end in an activation.",
    "预测值为 logits：网络末尾没有激活函数。",
)
LABEL_SMOOTHING = Text(
    "Share of each target that is spread evenly over all classes.",
    "平均分给所有类别的目标比例。",
)
IGNORE_CLASS = Text("Samples of this class do not count.", "不计入该类别的样本。")
AXIS = Text("Axis of the classes.", "类别所在的轴。")


def log_probabilities(y_pred: Tensor, axis: int, *, from_logits: bool) -> Tensor:
    """Logarithm of the probability of each class; probabilities are rescaled to sum to one and clipped."""
    if from_logits:
        return F.log_softmax(y_pred, axis)
    probabilities = y_pred / y_pred.sum(axis, keepdim=True)
    return probabilities.clamp(EPSILON, 1 - EPSILON).log()


def categorical_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """Crossentropy of each sample; targets are one-hot, or any distribution over the classes.

    Shapes:
        y_true, y_pred: (batch, ..., classes) -> (batch, ...)
    """
    y_pred = as_float_tensor(y_pred)
    y_true, y_pred = match_ranks(as_tensor(y_true, y_pred.device), y_pred)
    if y_true.shape != y_pred.shape:
        raise ShapeError(_not_one_hot(y_true, y_pred))
    y_true = y_true.to(y_pred.dtype)
    if label_smoothing:
        y_true = y_true * (1 - label_smoothing) + label_smoothing / y_true.shape[-1]
    return -(y_true * log_probabilities(y_pred, axis, from_logits=from_logits)).sum(axis)


def sparse_categorical_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    from_logits: bool = False,
    ignore_class: int | None = None,
    axis: int = -1,
) -> Tensor:
    """Crossentropy of each sample; targets are class indices.

    Shapes:
        y_true: (batch, ...) or (batch, ..., 1)
        y_pred: (batch, ..., classes) -> (batch, ...)
    """
    y_pred = as_float_tensor(y_pred)
    y_true = as_tensor(y_true, y_pred.device)
    classes = y_true.squeeze(axis) if _has_axis_of_one(y_true, y_pred, axis) else y_true
    classes = classes.long()
    scores = log_probabilities(y_pred, axis, from_logits=from_logits)
    if classes.shape != scores.select(axis, 0).shape:
        raise ShapeError(_not_indices(y_true, y_pred))
    if ignore_class is None:
        return -scores.gather(axis, classes.unsqueeze(axis)).squeeze(axis)
    counted = classes != ignore_class
    picked = scores.gather(axis, classes.where(counted, classes.new_zeros(())).unsqueeze(axis))
    values = -picked.squeeze(axis).where(counted, picked.new_zeros(()))
    set_mask(values, counted)
    return values


@loss(
    summary=Text(
        "For one class out of several; targets are one-hot.", "多选一分类；目标为独热编码。"
    )
)
class CategoricalCrossentropy(Loss):
    """Crossentropy between one-hot targets and predicted probabilities.

    >>> y_true, y_pred = [[0, 1, 0], [0, 0, 1]], [[0.05, 0.95, 0], [0.1, 0.8, 0.1]]
    >>> CategoricalCrossentropy()(y_true, y_pred)
    tensor(1.1769)
    """

    head: ClassVar[Head | None] = "softmax"
    target: ClassVar[TargetKind] = "one_hot"

    from_logits: bool = field(False, doc=FROM_LOGITS, advanced=True)
    label_smoothing: Fraction = field(0.0, doc=LABEL_SMOOTHING, advanced=True)
    axis: Int = field(-1, doc=AXIS, advanced=True)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return categorical_crossentropy(
            y_true, y_pred, self.from_logits, self.label_smoothing, self.axis
        )

    def mean(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        if self.from_logits and y_pred.ndim == 2 and y_true.shape == y_pred.shape:
            return F.cross_entropy(y_pred, y_true, label_smoothing=self.label_smoothing)
        return super().mean(y_true, y_pred)


@loss(
    summary=Text(
        "For one class out of several; targets are class numbers.",
        "多选一分类；目标为类别编号。",
    )
)
class SparseCategoricalCrossentropy(Loss):
    """Crossentropy between class indices and predicted probabilities.

    >>> SparseCategoricalCrossentropy()([1, 2], [[0.05, 0.95, 0], [0.1, 0.8, 0.1]])
    tensor(1.1769)
    """

    head: ClassVar[Head | None] = "softmax"
    target: ClassVar[TargetKind] = "index"

    from_logits: bool = field(False, doc=FROM_LOGITS, advanced=True)
    ignore_class: Int | None = field(None, doc=IGNORE_CLASS, advanced=True)
    reduction: ReductionField = field(
        "sum_over_batch_size", doc=Loss.declared_fields["reduction"].doc, advanced=True
    )
    axis: Int = field(-1, doc=AXIS, advanced=True)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return sparse_categorical_crossentropy(
            y_true, y_pred, self.from_logits, self.ignore_class, self.axis
        )

    def mean(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        if self.from_logits and y_pred.ndim == 2 and self.ignore_class is None:
            classes = y_true.squeeze(-1) if y_true.ndim == 2 else y_true
            if classes.shape == y_pred.shape[:1]:
                return F.cross_entropy(y_pred, classes.long())
        return super().mean(y_true, y_pred)

    def cast_target(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return y_true


def _has_axis_of_one(y_true: Tensor, y_pred: Tensor, axis: int) -> bool:
    return y_true.ndim == y_pred.ndim and y_true.shape[axis] == 1


def _not_one_hot(y_true: Tensor, y_pred: Tensor) -> Text:
    given, wanted = tuple(y_true.shape), tuple(y_pred.shape)
    return Text(
        f"categorical_crossentropy needs one-hot targets of the shape of the predictions {wanted}, "
        f"got {given}. Use sparse_categorical_crossentropy for class numbers, or to_categorical.",
        f"categorical_crossentropy 需要与预测值形状 {wanted} 相同的独热目标，实际为 {given}。"
        "若目标为类别编号，请用 sparse_categorical_crossentropy，或先用 to_categorical 转换。",
    )


def _not_indices(y_true: Tensor, y_pred: Tensor) -> Text:
    given, wanted = tuple(y_true.shape), tuple(y_pred.shape[:-1])
    return Text(
        f"sparse_categorical_crossentropy needs class numbers of the shape {wanted}, got {given}. "
        "Use categorical_crossentropy for one-hot targets.",
        f"sparse_categorical_crossentropy 需要形状为 {wanted} 的类别编号，实际为 {given}。"
        "若目标为独热编码，请用 categorical_crossentropy。",
    )
