"""F scores: precision and recall in one number."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import torch
from annotated_types import Gt, Le
from torch import Tensor

from lamina.errors import ShapeError
from lamina.fields import PositiveFloat, field
from lamina.losses.arguments import as_tensor
from lamina.losses.categorical import EPSILON
from lamina.losses.loss import TargetKind
from lamina.losses.reduction import spread
from lamina.metrics.metric import NAME, Direction, Metric, metric
from lamina.metrics.variable import torch_dtype
from lamina.text import Text

Average = Literal["micro", "macro", "weighted"] | None
AVERAGE = Text(
    "How the classes' scores become one; empty gives one per class.",
    "如何合并各类别的得分；留空则每类一个。",
)
CUT = Text(
    "Predictions above it are yes; empty takes the largest of each sample.",
    "高于该值的预测视为“是”；留空则取每个样本的最大值。",
)
PARTS = ("true_positives", "false_positives", "false_negatives", "intermediate_weights")


class FScore(Metric):
    """What both F scores share; subclasses have `average` and `threshold`."""

    direction: ClassVar[Direction | None] = "up"
    target: ClassVar[TargetKind | None] = "binary"
    is_numbered: ClassVar[bool] = False

    average: Average
    threshold: float | None
    beta: float

    def _build(self, shape: tuple[int, ...]) -> None:
        if len(shape) != 2:
            raise ShapeError(
                Text(
                    f"{type(self).__name__} needs predictions (samples, classes), got {shape}.",
                    f"{type(self).__name__} 需要形状为 (samples, classes) 的预测值，实际为 {shape}。",
                )
            )
        size = () if self.average == "micro" else (shape[-1],)
        self._parts = [self.add_variable(size, "zeros", name=name) for name in PARTS]
        for name, variable in zip(PARTS, self._parts, strict=True):
            setattr(self, name, variable)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        dtype = torch_dtype(self.dtype or "float32")
        y_pred = as_tensor(y_pred).detach().to(dtype)
        y_true = as_tensor(y_true, y_pred.device).to(dtype)
        if not self._variables:
            self._build(tuple(y_pred.shape))
        if self.threshold is None:
            said = (y_pred >= y_pred.amax(-1, keepdim=True)) & (y_pred.abs() > 1e-9)
        else:
            said = y_pred > self.threshold
        said = said.to(dtype)
        found = said * y_true
        sums = torch.stack([found, said - found, y_true - found, y_true])  # (4, samples, classes)
        if sample_weight is not None:
            weight = as_tensor(sample_weight, y_pred.device).to(dtype).unsqueeze(-1)
            sums = sums * spread(weight, said.shape)
        totals = sums.sum((1, 2)) if self.average == "micro" else sums.sum(1)
        for part, total in zip(self._parts, totals, strict=True):
            part.assign(part.to(total.device) + total)

    def result(self) -> Tensor:
        if not self._variables:
            return torch.zeros(())
        found, wrong, missed, weight = (part.value for part in self._parts)
        precision = found / (found + wrong + EPSILON)
        recall = found / (found + missed + EPSILON)
        square = self.beta**2
        score = precision * recall / (square * precision + recall + EPSILON) * (1 + square)
        if self.average == "weighted":
            return (score * weight / (weight.sum() + EPSILON)).sum()
        return score if self.average is None else score.mean()


@metric(
    summary=Text(
        "Precision and recall in one, recall beta times as important.",
        "兼顾精确率与召回率，召回率的重要性为 beta 倍。",
    )
)
class FBetaScore(FScore):
    """(1 + beta²) * precision * recall / (beta² * precision + recall).

    Shapes:
        y_true, y_pred: (batch, classes)

    >>> y_true, y_pred = (
    ...     [[1, 1, 1], [1, 0, 0], [1, 1, 0]],
    ...     [[0.2, 0.6, 0.7], [0.2, 0.6, 0.6], [0.6, 0.8, 0]],
    ... )
    >>> FBetaScore(beta=2.0, threshold=0.5)(y_true, y_pred)
    tensor([0.3846, 0.9091, 0.8333])
    """

    average: Average = field(None, doc=AVERAGE)
    beta: PositiveFloat = field(
        1.0, doc=Text("How much recall counts against precision.", "召回率相对精确率的权重。")
    )
    threshold: Annotated[float, Gt(0), Le(1)] | None = field(None, doc=CUT)
    name: str | None = field("fbeta_score", doc=NAME, advanced=True)


@metric(summary=Text("Harmonic mean of precision and recall.", "精确率与召回率的调和平均。"))
class F1Score(FScore):
    """2 * precision * recall / (precision + recall).

    Shapes:
        y_true, y_pred: (batch, classes)

    >>> y_true, y_pred = (
    ...     [[1, 1, 1], [1, 0, 0], [1, 1, 0]],
    ...     [[0.2, 0.6, 0.7], [0.2, 0.6, 0.6], [0.6, 0.8, 0]],
    ... )
    >>> F1Score(threshold=0.5)(y_true, y_pred)
    tensor([0.5000, 0.8000, 0.6667])
    """

    beta = 1.0

    average: Average = field(None, doc=AVERAGE)
    threshold: Annotated[float, Gt(0), Le(1)] | None = field(None, doc=CUT)
    name: str | None = field("f1_score", doc=NAME, advanced=True)
