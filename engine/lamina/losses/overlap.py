"""Losses of overlapping areas, for masks of images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

from pydantic import BeforeValidator
from torch import Tensor

from lamina.fields import Float, Int, field
from lamina.losses.arguments import ArrayLike, matched
from lamina.losses.categorical import EPSILON
from lamina.losses.loss import Loss, ReductionField, TargetKind, loss
from lamina.text import Text

Axis = int | Sequence[int] | None
AreaAxes = Annotated[
    Int | tuple[Int, ...] | None,
    BeforeValidator(lambda axes: tuple(axes) if isinstance(axes, list) else axes),
]
AXES = Text(
    "Axes over which areas are summed; empty for all, which gives one loss for the batch.",
    "对哪些轴求面积；留空为全部，即整批得到一个损失。",
)


def dice(y_true: ArrayLike, y_pred: ArrayLike, axis: Axis = None) -> Tensor:
    """1 - 2 * |overlap| / (|y_true| + |y_pred|), summed over `axis`."""
    y_true, y_pred = matched(y_true, y_pred)
    overlap = _area(y_true * y_pred, axis)
    return 1 - 2.0 * overlap / (_area(y_true, axis) + _area(y_pred, axis) + EPSILON)


def tversky(
    y_true: ArrayLike, y_pred: ArrayLike, alpha: float = 0.5, beta: float = 0.5, axis: Axis = None
) -> Tensor:
    """1 - |overlap| / (|overlap| + alpha * |missed| + beta * |too much|), summed over `axis`."""
    y_true, y_pred = matched(y_true, y_pred)
    overlap = _area(y_true * y_pred, axis)
    missed = _area((1 - y_pred) * y_true, axis)
    excess = _area(y_pred * (1 - y_true), axis)
    return 1 - overlap / (overlap + missed * alpha + excess * beta + EPSILON)


def _area(values: Tensor, axis: Axis) -> Tensor:
    if axis is None:
        return values.sum()
    return values.sum(axis if isinstance(axis, int) else tuple(axis))


@loss(summary=Text("For masks of images, by their overlap.", "图像掩码，按重叠程度。"))
class Dice(Loss):
    """1 minus the Dice coefficient, twice the overlap over the sum of both areas.

    >>> Dice()([[[0.0], [0.0]], [[1.0], [1.0]]], [[[0.0], [1.0]], [[1.0], [1.0]]])
    tensor(0.2000)
    """

    target: ClassVar[TargetKind] = "one_hot"

    reduction: ReductionField = field(
        "sum_over_batch_size", doc=Loss.declared_fields["reduction"].doc, advanced=True
    )
    name: str | None = field(None, doc=Loss.declared_fields["name"].doc, advanced=True)
    axis: AreaAxes = field(None, doc=AXES, advanced=True)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return dice(y_true, y_pred, self.axis)


@loss(
    summary=Text(
        "For masks of images, weighing what is missed against what is too much.",
        "图像掩码，可权衡漏检与误检。",
    )
)
class Tversky(Loss):
    """1 minus the Tversky index (Salehi et al. 2017, arXiv:1706.05721); both weights 0.5 give Dice.

    >>> Tversky()([[[0.0], [0.0]], [[1.0], [1.0]]], [[[0.0], [1.0]], [[1.0], [1.0]]])
    tensor(0.2000)
    """

    target: ClassVar[TargetKind] = "one_hot"

    alpha: Float = field(0.5, doc=Text("Weight of what is missed.", "漏检的权重。"))
    beta: Float = field(0.5, doc=Text("Weight of what is too much.", "误检的权重。"))
    reduction: ReductionField = field(
        "sum_over_batch_size", doc=Loss.declared_fields["reduction"].doc, advanced=True
    )
    name: str | None = field(None, doc=Loss.declared_fields["name"].doc, advanced=True)
    axis: AreaAxes = field(None, doc=AXES, advanced=True)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return tversky(y_true, y_pred, self.alpha, self.beta, self.axis)
