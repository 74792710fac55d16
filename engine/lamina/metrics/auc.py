"""Area under a curve of two rates over all thresholds."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import torch
from annotated_types import Ge
from pydantic import BeforeValidator
from torch import Tensor

from lamina.errors import ConfigError, ShapeError
from lamina.fields import PositiveInt, field
from lamina.losses.arguments import as_tensor
from lamina.losses.categorical import FROM_LOGITS
from lamina.metrics.confusion import Thresholded
from lamina.metrics.counting import NEAR, Counts, Threshold, are_even, prepared, share
from lamina.metrics.metric import DTYPE, NAME, Direction, MetricDtype, metric
from lamina.text import Text


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _row(value: Any) -> Any:
    return tuple(value) if isinstance(value, (list, np.ndarray)) else value


Curve = Annotated[Literal["ROC", "PR", "PRGAIN"], BeforeValidator(_upper)]
Summation = Annotated[Literal["interpolation", "minoring", "majoring"], BeforeValidator(_lower)]


@metric(
    summary=Text(
        "Area under the ROC or the precision-recall curve.", "ROC 曲线或精确率-召回率曲线下的面积。"
    )
)
class AUC(Thresholded):
    """Area under the curve: the probability that a yes is rated above a no, for ROC.

    The curve is drawn through `num_thresholds` points; for "PR" the interpolation is that of Davis and Goadrich 2006.

    Shapes:
        y_true, y_pred: (batch, ...); (batch, labels) with `multi_label`

    >>> AUC(num_thresholds=3)([0, 0, 1, 1], [0, 0.5, 0.3, 0.9])
    tensor(0.7500)
    """

    direction: ClassVar[Direction | None] = "up"

    num_thresholds: Annotated[PositiveInt, Ge(2)] = field(
        200, doc=Text("Number of points of the curve.", "曲线的点数。")
    )
    curve: Curve = field("ROC", doc=Text("Which curve.", "曲线类型。"))
    summation_method: Summation = field(
        "interpolation",
        doc=Text("How the area between two points is taken.", "两点之间面积的算法。"),
        advanced=True,
    )
    name: str | None = field(None, doc=NAME, advanced=True)
    dtype: MetricDtype | None = field(None, doc=DTYPE, advanced=True)
    thresholds: Annotated[tuple[Threshold, ...] | None, BeforeValidator(_row)] = field(
        None,
        doc=Text("Points of the curve between 0 and 1.", "曲线在 0 与 1 之间的点。"),
        advanced=True,
    )
    multi_label: bool = field(
        False,
        doc=Text("Mean over the labels' own areas.", "分别计算各标签的面积再取平均。"),
        advanced=True,
    )
    num_labels: PositiveInt | None = field(
        None,
        doc=Text("Number of labels, with multi_label.", "标签数（配合 multi_label）。"),
        advanced=True,
    )
    label_weights: Annotated[tuple[float, ...] | None, BeforeValidator(_row)] = field(
        None, doc=Text("Weights of the labels.", "各标签的权重。"), advanced=True
    )
    from_logits: bool = field(False, doc=FROM_LOGITS, advanced=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.num_labels and not self.multi_label:
            raise ConfigError(
                Text(
                    "AUC.num_labels is needed only when multi_label is True.",
                    "仅当 multi_label 为 True 时才需要 AUC.num_labels。",
                ),
                field="num_labels",
            )
        if self.thresholds is None:
            count = self.num_thresholds
            inner = [(i + 1) / (count - 1) for i in range(count - 2)]
        else:
            inner = sorted(self.thresholds)
            self.num_thresholds = len(inner) + 2
        evenly = self.thresholds is None or are_even([0.0, *inner, 1.0])
        points = [-NEAR, *inner, 1 + NEAR]
        self._count_at(points, evenly=evenly)
        if self.num_labels:
            self._separate(self.num_labels)

    def _separate(self, labels: int) -> None:
        self._labels = labels
        self._state = self._new_state()

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        y_pred = as_tensor(y_pred)
        if self.from_logits:
            y_pred = torch.sigmoid(y_pred)
        y_true, y_pred, weight = prepared(y_true, y_pred, sample_weight)
        if self.multi_label:
            if y_pred.ndim != 2:
                raise ShapeError(
                    Text(
                        f"AUC with multi_label needs predictions (samples, labels), got {tuple(y_pred.shape)}.",
                        f"AUC 的 multi_label 需要形状为 (samples, labels) 的预测值，实际为 {tuple(y_pred.shape)}。",
                    )
                )
            if self._labels is None:
                self._separate(y_pred.shape[1])
        elif self.label_weights is not None:
            labels = y_pred.new_tensor(self.label_weights).expand(y_pred.shape)
            weight = labels if weight is None else labels * weight
        self._buckets.add(self._state, y_true, y_pred, weight, self._labels)

    def result(self) -> Tensor:
        counts = self.counts
        if self.curve == "PR" and self.summation_method == "interpolation":
            areas = _interpolated_pr(counts)
        else:
            x, y = _CURVES[self.curve](counts)
            before, after = y[:-1], y[1:]
            heights = {
                "interpolation": lambda: (before + after) / 2,
                "minoring": lambda: torch.minimum(before, after),
                "majoring": lambda: torch.maximum(before, after),
            }[self.summation_method]()
            areas = (x[:-1] - x[1:]) * heights
        area = areas.sum(0)
        if not self.multi_label:
            return area
        if self.label_weights is None:
            return area.mean()
        weights = area.new_tensor(self.label_weights)
        return _over((area * weights).sum(), weights.sum())


def _over(part: Tensor, whole: Tensor) -> Tensor:
    """Part / whole, 0 where whole is 0."""
    return (part / whole.where(whole != 0, 1)).where(whole != 0, 0)


def _roc(counts: Counts) -> tuple[Tensor, Tensor]:
    return share(counts.fp, counts.tn), share(counts.tp, counts.fn)


def _pr(counts: Counts) -> tuple[Tensor, Tensor]:
    return share(counts.tp, counts.fn), share(counts.tp, counts.fp)


def _pr_gain(counts: Counts) -> tuple[Tensor, Tensor]:
    """Both rates on a harmonic scale from the share of positives to 1 (Flach and Kull 2015)."""
    odds = _over(counts.tp + counts.fn, counts.tn + counts.fp)
    none = counts.tp == 0
    recall = (1 - odds * _over(counts.fn, counts.tp)).where(~none, 0).clamp(min=0)
    precision = (1 - odds * _over(counts.fp, counts.tp)).where(~none, 1)
    return recall, precision


_CURVES = {"ROC": _roc, "PR": _pr, "PRGAIN": _pr_gain}


def _interpolated_pr(counts: Counts) -> Tensor:
    """Area of each piece of the PR curve, between whose ends true and all positives change in proportion."""
    tp, said = counts.tp, counts.tp + counts.fp
    more_tp, more_said = tp[:-1] - tp[1:], said[:-1] - said[1:]
    slope = _over(more_tp, more_said.clamp(min=0))
    intercept = tp[1:] - slope * said[1:]
    usable = (said[:-1] > 0) & (said[1:] > 0)
    ratio = _over(said[:-1], said[1:].clamp(min=0)).where(usable, 1)
    return _over(slope * (more_tp + intercept * ratio.log()), (tp + counts.fn)[1:].clamp(min=0))
