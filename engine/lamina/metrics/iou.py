"""Intersection over union: how well areas of classes match."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import torch
from pydantic import BeforeValidator
from torch import Tensor

from lamina.errors import ConfigError
from lamina.fields import Float, Int, NonNegativeInt, PositiveInt, field
from lamina.losses.arguments import as_tensor
from lamina.losses.categorical import EPSILON
from lamina.losses.loss import TargetKind
from lamina.losses.reduction import spread
from lamina.metrics.metric import DTYPE, NAME, Direction, Metric, MetricDtype, metric
from lamina.metrics.variable import torch_dtype
from lamina.text import Text

Classes = Annotated[
    tuple[NonNegativeInt, ...],
    BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value),
]
NUM = Text("Number of classes.", "类别数。")
IDS = Text("Classes that count.", "计入的类别。")
IGNORE = Text("Samples of this class do not count.", "不计入该类别的样本。")
SPARSE_TRUE = Text("The targets are class numbers.", "目标为类别编号。")
SPARSE_PRED = Text("The predictions are class numbers.", "预测值为类别编号。")
AXIS = Text("Axis of the classes.", "类别所在的轴。")


class AreaOverlap(Metric):
    """What the metrics of this file share: a matrix of how often each class is taken for each other.

    Weights are whole numbers unless `dtype` says otherwise, as in Keras.
    """

    direction: ClassVar[Direction | None] = "up"

    num_classes: int
    ignore_class: int | None
    sparse_y_true: bool
    sparse_y_pred: bool
    axis: int

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if max(self._ids) >= self.num_classes:
            raise ConfigError(
                Text(
                    f"{type(self).__name__}.target_class_ids goes up to {max(self._ids)}, but there are "
                    f"{self.num_classes} classes, numbered from 0.",
                    f"{type(self).__name__}.target_class_ids 最大为 {max(self._ids)}，但只有 {self.num_classes} 个类别"
                    "（从 0 编号）。",
                ),
                field="target_class_ids",
            )
        shape = (self.num_classes, self.num_classes)
        self.total_cm = self.add_variable(
            shape, "zeros", self.dtype or "int", name="total_confusion_matrix"
        )

    @property
    def _ids(self) -> tuple[int, ...]:
        return tuple(range(self.num_classes))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        dtype = torch_dtype(self.total_cm.dtype)
        y_pred = as_tensor(y_pred).detach()
        y_true = as_tensor(y_true, y_pred.device)
        if not self.sparse_y_true:
            y_true = y_true.argmax(self.axis)
        if not self.sparse_y_pred:
            y_pred = y_pred.argmax(self.axis)
        y_true, y_pred = y_true.to(dtype).reshape(-1), y_pred.to(dtype).reshape(-1)
        weight = y_true.new_ones(()) if sample_weight is None else as_tensor(sample_weight)
        weight = weight.to(y_true.device, dtype)
        weight = spread(weight.reshape(-1) if weight.ndim else weight, y_true.shape)
        known = (y_true >= 0) & (y_true < self.num_classes)
        known = known & (y_pred >= 0) & (y_pred < self.num_classes)
        if self.ignore_class is not None:
            known = known & (y_true != self.ignore_class)
        index = (y_true.long() * self.num_classes + y_pred.long()).where(known, 0)
        counts = self.total_cm.to(index.device).clone().reshape(-1)
        counts.index_add_(0, index, weight.where(known, 0))
        self.total_cm.assign(counts.reshape(self.total_cm.shape))

    def result(self) -> Tensor:
        matrix = self.total_cm.value
        both = matrix.diagonal()
        either = matrix.sum(0) + matrix.sum(1) - both
        ids = torch.tensor(self._ids, device=matrix.device)
        both, either = both[ids].float(), either[ids].float()
        found = either > 1e-9
        return (both / (either + EPSILON)).where(found, 0).sum() / (found.sum() + EPSILON)


@metric(
    summary=Text("Overlap of chosen classes' areas over their union.", "所选类别区域的交并比。")
)
class IoU(AreaOverlap):
    """Mean over chosen classes of intersection over union.

    >>> IoU(num_classes=2, target_class_ids=[0])([0, 0, 1, 1], [0, 1, 0, 1])
    tensor(0.3333)
    """

    target: ClassVar[TargetKind | None] = "index"

    num_classes: PositiveInt = field(doc=NUM, suggest=2)
    target_class_ids: Classes = field(doc=IDS, suggest=(0, 1))
    name: str | None = field(None, doc=NAME, advanced=True)
    dtype: MetricDtype | None = field(None, doc=DTYPE, advanced=True)
    ignore_class: Int | None = field(None, doc=IGNORE, advanced=True)
    sparse_y_true: bool = field(True, doc=SPARSE_TRUE, advanced=True)
    sparse_y_pred: bool = field(True, doc=SPARSE_PRED, advanced=True)
    axis: Int = field(-1, doc=AXIS, advanced=True)

    @property
    def _ids(self) -> tuple[int, ...]:
        return self.target_class_ids


@metric(summary=Text("Overlap of yes and no over their union.", "二分类区域的交并比。"))
class BinaryIoU(AreaOverlap):
    """Mean of intersection over union of 0 and 1, for probabilities.

    >>> BinaryIoU(threshold=0.3)([0, 1, 0, 1], [0.1, 0.2, 0.4, 0.7])
    tensor(0.3333)
    """

    target: ClassVar[TargetKind | None] = "binary"
    num_classes = 2
    ignore_class = None
    sparse_y_true = True
    sparse_y_pred = True
    axis = -1

    target_class_ids: Classes = field((0, 1), doc=IDS)
    threshold: Float = field(
        0.5, doc=Text("Predictions from it on mean yes.", "不低于该值的预测视为“是”。")
    )
    name: str | None = field(None, doc=NAME, advanced=True)
    dtype: MetricDtype | None = field(None, doc=DTYPE, advanced=True)

    @property
    def _ids(self) -> tuple[int, ...]:
        return self.target_class_ids

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        super().update_state(y_true, as_tensor(y_pred) >= self.threshold, sample_weight)


@metric(summary=Text("Overlap of all classes' areas over their union.", "所有类别的平均交并比。"))
class MeanIoU(AreaOverlap):
    """Mean over all classes of intersection over union.

    >>> MeanIoU(num_classes=2)([0, 0, 1, 1], [0, 1, 0, 1])
    tensor(0.3333)
    """

    target: ClassVar[TargetKind | None] = "index"

    num_classes: PositiveInt = field(doc=NUM, suggest=2)
    name: str | None = field(None, doc=NAME, advanced=True)
    dtype: MetricDtype | None = field(None, doc=DTYPE, advanced=True)
    ignore_class: Int | None = field(None, doc=IGNORE, advanced=True)
    sparse_y_true: bool = field(True, doc=SPARSE_TRUE, advanced=True)
    sparse_y_pred: bool = field(True, doc=SPARSE_PRED, advanced=True)
    axis: Int = field(-1, doc=AXIS, advanced=True)


@metric(
    summary=Text(
        "Overlap of chosen classes over their union; targets are one-hot.",
        "所选类别的交并比；目标为独热编码。",
    )
)
class OneHotIoU(AreaOverlap):
    """Mean over chosen classes of intersection over union, for one-hot targets.

    >>> y_true, y_pred = (
    ...     [[0, 0, 1], [1, 0, 0], [0, 1, 0]],
    ...     [[0.2, 0.3, 0.5], [0.1, 0.2, 0.7], [0.1, 0.8, 0.1]],
    ... )
    >>> OneHotIoU(num_classes=3, target_class_ids=[1, 2])(y_true, y_pred)
    tensor(0.7500)
    """

    target: ClassVar[TargetKind | None] = "one_hot"
    sparse_y_true = False

    num_classes: PositiveInt = field(doc=NUM, suggest=2)
    target_class_ids: Classes = field(doc=IDS, suggest=(0, 1))
    name: str | None = field(None, doc=NAME, advanced=True)
    dtype: MetricDtype | None = field(None, doc=DTYPE, advanced=True)
    ignore_class: Int | None = field(None, doc=IGNORE, advanced=True)
    sparse_y_pred: bool = field(False, doc=SPARSE_PRED, advanced=True)
    axis: Int = field(-1, doc=AXIS, advanced=True)

    @property
    def _ids(self) -> tuple[int, ...]:
        return self.target_class_ids


@metric(
    summary=Text(
        "Overlap of all classes over their union; targets are one-hot.",
        "所有类别的平均交并比；目标为独热编码。",
    )
)
class OneHotMeanIoU(AreaOverlap):
    """Mean over all classes of intersection over union, for one-hot targets.

    >>> y_true, y_pred = (
    ...     [[0, 0, 1], [1, 0, 0], [0, 1, 0]],
    ...     [[0.2, 0.3, 0.5], [0.1, 0.2, 0.7], [0.1, 0.8, 0.1]],
    ... )
    >>> OneHotMeanIoU(num_classes=3)(y_true, y_pred)
    tensor(0.5000)
    """

    target: ClassVar[TargetKind | None] = "one_hot"
    sparse_y_true = False

    num_classes: PositiveInt = field(doc=NUM, suggest=2)
    name: str | None = field(None, doc=NAME, advanced=True)
    dtype: MetricDtype | None = field(None, doc=DTYPE, advanced=True)
    ignore_class: Int | None = field(None, doc=IGNORE, advanced=True)
    sparse_y_pred: bool = field(False, doc=SPARSE_PRED, advanced=True)
    axis: Int = field(-1, doc=AXIS, advanced=True)
