"""R²: how much of the targets' spread is explained."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor

from lamina.errors import ShapeError
from lamina.fields import NonNegativeInt, field
from lamina.losses.arguments import as_tensor, matched
from lamina.losses.loss import TargetKind
from lamina.losses.reduction import spread
from lamina.metrics.metric import Direction, Metric, metric
from lamina.metrics.variable import torch_dtype
from lamina.text import Text

PARTS = ("squared_sum", "sum", "residual", "count")


@metric(summary=Text("Share of the targets' spread that is explained.", "目标方差中被解释的比例。"))
class R2Score(Metric):
    """1 - residual / total sum of squares: 1 for perfect, 0 for the mean as prediction.

    Shapes:
        y_true, y_pred: (batch, values)

    >>> R2Score()([[1.0], [4.0], [3.0]], [[2.0], [4.0], [4.0]])
    tensor(0.5714)
    """

    direction: ClassVar[Direction | None] = "up"
    target: ClassVar[TargetKind | None] = "value"
    is_numbered: ClassVar[bool] = False

    class_aggregation: Literal["uniform_average", "variance_weighted_average"] | None = field(
        "uniform_average",
        doc=Text(
            "How the columns' scores become one; empty gives one per column.",
            "如何合并各列的得分；留空则每列一个。",
        ),
    )
    num_regressors: NonNegativeInt = field(
        0,
        doc=Text(
            "Number of inputs, for the adjusted score; 0 for the plain one.",
            "自变量个数，用于调整后的得分；0 为不调整。",
        ),
        advanced=True,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.num_samples = self.add_variable((), "zeros", name="num_samples")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        dtype = torch_dtype(self.dtype or "float32")
        y_true, y_pred = (x.detach().to(dtype) for x in matched(y_true, y_pred))
        if len(self._variables) == 1:
            self._build(tuple(y_pred.shape))
        weight = y_true.new_ones(()) if sample_weight is None else as_tensor(sample_weight)
        weight = weight.to(y_true.device, dtype)
        weight = spread(weight.unsqueeze(1) if weight.ndim == 1 else weight, y_true.shape)
        weighted = y_true * weight
        squares = (y_true - y_pred).square() * weight
        sums = torch.stack([y_true * weighted, weighted, squares, weight]).sum(1)
        for part, total in zip(self._variables[1:], sums, strict=True):
            part.assign(part.to(total.device) + total)
        self.num_samples.assign_add(y_true.numel())

    def _build(self, shape: tuple[int, ...]) -> None:
        if len(shape) != 2:
            raise ShapeError(
                Text(
                    f"R2Score needs predictions (samples, values), got {shape}.",
                    f"R2Score 需要形状为 (samples, values) 的预测值，实际为 {shape}。",
                )
            )
        for name in PARTS:
            self.add_variable((shape[-1],), "zeros", name=name)

    def result(self) -> Tensor:
        if len(self._variables) == 1:
            return torch.zeros(())
        squared, plain, residual, count = (part.value for part in self._variables[1:])
        total = squared - plain * (plain / count)
        scores = 1 - residual / total
        scores = scores.where(~scores.isinf(), 0)
        if self.class_aggregation == "uniform_average":
            scores = scores.mean()
        elif self.class_aggregation is not None:
            scores = (total * scores).sum() / total.sum()
        return scores if self.num_regressors == 0 else self._adjusted(scores)

    def _adjusted(self, scores: Tensor) -> Tensor:
        left = float(self.num_samples) - self.num_regressors - 1
        if left <= 0:
            warnings.warn(
                "Too few samples for the adjusted R² of so many regressors; the plain one is given.",
                stacklevel=3,
            )
            return scores
        return 1 - (1 - scores) * (float(self.num_samples) - 1) / left
