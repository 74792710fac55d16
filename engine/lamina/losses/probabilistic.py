"""Losses between distributions and of counts, and the crossentropy that bears wrong labels."""

from __future__ import annotations

from typing import Annotated, ClassVar

from annotated_types import Gt, Lt
from torch import Tensor

from lamina.errors import ShapeError
from lamina.fields import field
from lamina.losses.arguments import ArrayLike, as_tensor, matched
from lamina.losses.categorical import EPSILON
from lamina.losses.loss import Loss, TargetKind, loss
from lamina.text import Text


def kl_divergence(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """Sum over the last axis of y_true * log(y_true / y_pred): (batch, ..., classes) -> (batch, ...)."""
    y_true, y_pred = matched(y_true, y_pred)
    y_true, y_pred = y_true.clamp(EPSILON, 1), y_pred.clamp(EPSILON, 1)
    return (y_true * (y_true / y_pred).log()).sum(-1)


def poisson(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """Mean over the last axis of y_pred - y_true * log(y_pred): (batch, ..., values) -> (batch, ...)."""
    y_true, y_pred = matched(y_true, y_pred)
    return (y_pred - y_true * (y_pred + EPSILON).log()).mean(-1)


def categorical_generalized_cross_entropy(y_true: ArrayLike, y_pred: ArrayLike, q: float) -> Tensor:
    """(1 - p ** q) / q, where p is the probability of the target's class.

    Shapes:
        y_true: (batch, ...) class numbers
        y_pred: (batch, ..., classes) -> (batch, ...)
    """
    y_pred = as_tensor(y_pred)
    classes = as_tensor(y_true, y_pred.device).long()
    if classes.ndim == y_pred.ndim and classes.shape[-1] == 1:
        classes = classes.squeeze(-1)
    if classes.shape != y_pred.shape[:-1]:
        given, wanted = tuple(classes.shape), tuple(y_pred.shape[:-1])
        raise ShapeError(
            Text(
                f"categorical_generalized_cross_entropy needs class numbers of the shape {wanted}, got {given}.",
                f"categorical_generalized_cross_entropy 需要形状为 {wanted} 的类别编号，实际为 {given}。",
            )
        )
    chosen = y_pred.gather(-1, classes.unsqueeze(-1)).squeeze(-1)
    return (1 - chosen.pow(q)) / q


@loss(
    "kld",
    "KLD",
    "kullback_leibler_divergence",
    summary=Text("Between two distributions.", "比较两个概率分布。"),
)
class KLDivergence(Loss):
    """How far the predicted distribution is from the target (Kullback-Leibler).

    >>> KLDivergence()([[0.5, 0.5]], [[0.25, 0.75]])
    tensor(0.1438)
    """

    target: ClassVar[TargetKind] = "one_hot"

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return kl_divergence(y_true, y_pred)


@loss(summary=Text("For counts.", "回归；目标为计数。"))
class Poisson(Loss):
    """y_pred - y_true * log(y_pred), for counts that follow a Poisson distribution.

    >>> Poisson()([[0.0, 2.0]], [[1.0, 1.0]])
    tensor(1.0000)
    """

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return poisson(y_true, y_pred)


@loss(
    summary=Text(
        "For one class out of several when some labels are wrong; targets are class numbers.",
        "多选一分类，适合含错误标签的数据；目标为类别编号。",
    )
)
class CategoricalGeneralizedCrossEntropy(Loss):
    """(1 - p ** q) / q: between crossentropy (q near 0) and absolute error (q near 1).

    Wrong labels pull less than with a crossentropy (Zhang and Sabuncu 2018, arXiv:1805.07836).

    >>> CategoricalGeneralizedCrossEntropy()([1, 0], [[0.36, 0.64], [0.81, 0.19]])
    tensor(0.3000)
    """

    target: ClassVar[TargetKind] = "index"

    q: Annotated[float, Gt(0), Lt(1)] = field(
        0.5,
        doc=Text(
            "How little wrong labels pull: above 0 and below 1.",
            "对错误标签的容忍程度：大于 0 且小于 1。",
        ),
    )

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return categorical_generalized_cross_entropy(y_true, y_pred, self.q)

    def cast_target(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return y_true
