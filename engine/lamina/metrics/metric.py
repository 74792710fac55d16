"""`Metric`: what is only watched. `MeanMetric`: a metric that is a mean over samples, which nearly all are."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, Literal, TypeVar

import torch
from torch import Tensor

from lamina.fields import Declared, field
from lamina.losses.arguments import as_tensor
from lamina.losses.loss import DtypeName, TargetKind
from lamina.losses.reduction import match_ranks
from lamina.metrics.running_mean import RunningMean
from lamina.naming import snake_case
from lamina.registry import Registry
from lamina.text import Text

Direction = Literal["up", "down"]


class Metric(Declared):
    """Base of all metrics; one of one's own implements `update_state`, `result` and `reset_state`, as in Keras."""

    direction: ClassVar[Direction | None] = None
    """Which way is better; None when the metric alone does not tell."""
    target: ClassVar[TargetKind | None] = None
    """How the targets must be given; None for any way."""
    ranks_only: ClassVar[bool] = False
    """The result depends on the order of the predictions only, so logits do as well as probabilities."""

    name: str | None = field(
        None,
        doc=Text(
            "Name in the logs; empty derives it from the class.", "日志中的名称；留空则取自类名。"
        ),
        advanced=True,
    )
    dtype: DtypeName | None = field(
        None, doc=Text("Floating-point type of the result.", "结果的浮点类型。"), advanced=True
    )

    def __init_subclass__(cls, **kwargs: Any) -> None:
        inherited = cls.declared_fields
        super().__init_subclass__(**kwargs)
        # A constructor of one's own hands Keras' keywords up, so they all stay.
        if "__init__" in vars(cls):
            cls.declared_fields = {**cls.declared_fields, **inherited, **cls.declared_fields}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.name = self.name or snake_case(type(self).__name__)

    @abstractmethod
    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in one batch."""
        raise NotImplementedError(f"{type(self).__name__} must implement update_state.")

    @abstractmethod
    def result(self) -> Tensor:
        """The value over all batches since the last reset, a 0-dim tensor."""
        raise NotImplementedError(f"{type(self).__name__} must implement result.")

    @abstractmethod
    def reset_state(self) -> None:
        """Forget all batches."""
        raise NotImplementedError(f"{type(self).__name__} must implement reset_state.")

    def watch(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None) -> Tensor:
        """Take in one batch and give the value to show for it, without waiting for the device.

        A mean gives the mean of this batch; a metric of one's own its result so far.
        """
        self.update_state(y_true, y_pred, sample_weight)
        return torch.as_tensor(self.result()).detach()

    def read(self) -> float:
        """`result` as a number; waits for the device."""
        return float(self.result())

    def __call__(self, *args: Any, **kwargs: Any) -> Tensor:
        """Take in one batch and give the result so far."""
        self.update_state(*args, **kwargs)
        return self.result()


class MeanMetric(Metric):
    """A metric that is the weighted mean of one value per sample; subclasses implement `values`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._mean = RunningMean()

    @abstractmethod
    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """One value per sample, or per sample and position; may be boolean."""

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        y_pred = as_tensor(y_pred).detach()
        y_true = as_tensor(y_true, y_pred.device)
        weight = None if sample_weight is None else as_tensor(sample_weight, y_pred.device)
        self.watch(y_true, y_pred, weight)

    def watch(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None) -> Tensor:
        mean, count = mean_and_count(self.values(y_true, y_pred), sample_weight)
        self._mean.add(mean, count)
        return mean

    def result(self) -> Tensor:
        result = self._mean.result()
        return result if self.dtype is None else result.to(getattr(torch, self.dtype))

    def read(self) -> float:
        return self._mean.value()

    def reset_state(self) -> None:
        self._mean.reset()


def mean_and_count(values: Tensor, sample_weight: Tensor | None) -> tuple[Tensor, float | Tensor]:
    """Mean of a batch and how much it counts, with Keras' rules.

    Every sample counts once, however many positions it has; a weight per position is averaged within its sample.

    Shapes:
        values: (batch, ...)
        sample_weight: (batch,), (batch, 1) or the leading axes of `values`.
    """
    values = values.detach()
    if sample_weight is None:
        return values.mean(dtype=_float_type(values)), float(values.shape[0] if values.ndim else 1)
    values = values.to(_float_type(values))
    values, weight = match_ranks(values, sample_weight.to(values.dtype))
    if values.ndim > weight.ndim:
        values = values.flatten(weight.ndim).mean(-1)
    weight = weight.expand_as(values)
    values = values * weight
    if weight.ndim > 1:
        weight = weight.flatten(1).mean(-1)
        values = values.flatten(1).mean(-1)
    count = weight.sum()
    return values.sum() / count.where(count != 0, count.new_ones(())), count


def _float_type(values: Tensor) -> torch.dtype:
    return values.dtype if values.is_floating_point() else torch.float32


METRICS: Registry[type[Metric]] = Registry("metric", "指标")

M = TypeVar("M", bound=type[Metric])


def metric(*aliases: str, summary: Text) -> Callable[[M], M]:
    """Register a metric under its class name, its snake-case name and aliases."""

    def add(cls: M) -> M:
        cls.summary = summary
        cls.group = "metrics"
        METRICS.register(cls, aliases=(snake_case(cls.__name__), *aliases))
        return cls

    return add
