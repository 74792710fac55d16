"""`Metric`: what is only watched. `MeanMetric`: a metric that is a mean over samples, which nearly all are."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Literal, TypeVar

import torch
from torch import Tensor

from lamina.calls import mask_of
from lamina.errors import ConfigError, NotSupportedError
from lamina.fields import Declared, field
from lamina.losses.arguments import HALVES, as_tensor, in_full
from lamina.losses.loss import TargetKind
from lamina.losses.reduction import match_ranks, spread, weighted_mask
from lamina.metrics.running_mean import RunningMean
from lamina.metrics.variable import MetricVariable, torch_dtype
from lamina.naming import snake_case, unique_name
from lamina.registry import Registry
from lamina.text import Text

Direction = Literal["up", "down"]
MetricDtype = Literal["float32", "float64", "float16", "bfloat16", "int", "int32", "int64"]
NAME = Text("Name in the logs; empty derives it from the class.", "日志中的名称；留空则取自类名。")
DTYPE = Text("Type of the result.", "结果的类型。")


class Metric(Declared):
    """Base of all metrics; one of one's own implements `update_state` and `result`, as in Keras.

    What it remembers stands in variables, which `reset_state` sets to zero.

    >>> class Largest(Metric):
    ...     def __init__(self, name="largest", **kwargs):
    ...         super().__init__(name=name, **kwargs)
    ...         self.most = self.add_variable(shape=(), initializer="zeros", name="most")
    ...
    ...     def update_state(self, y_true, y_pred, sample_weight=None):
    ...         self.most.assign((y_true - y_pred).abs().max().maximum(self.most))
    ...
    ...     def result(self):
    ...         return self.most
    >>> float(Largest()(torch.zeros(3), torch.tensor([1.0, -4.0, 2.0])))
    4.0
    """

    direction: ClassVar[Direction | None] = None
    """Which way is better; None when the metric alone does not tell."""
    target: ClassVar[TargetKind | None] = None
    """How the targets must be given; None for any way."""
    ranks_only: ClassVar[bool] = False
    """The result depends on the order of the predictions only, so logits do as well as probabilities."""
    is_numbered: ClassVar[bool] = True
    """Without a name the second of its kind is `auc_1`, as in Keras, where only some metrics are numbered."""

    name: str | None = field(None, doc=NAME, advanced=True)
    dtype: MetricDtype | None = field(None, doc=DTYPE, advanced=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        plain = snake_case(type(self).__name__)
        self.name = self.name or (unique_name(plain) if self.is_numbered else plain)
        self._variables: list[MetricVariable] = []

    def add_variable(
        self,
        shape: Sequence[int] = (),
        initializer: Any = None,
        dtype: Any = None,
        aggregation: str = "sum",
        name: str | None = None,
    ) -> MetricVariable:
        """A tensor that is kept between batches.

        Args:
            shape: Of the tensor.
            initializer: A name, an initializer or a function of the shape; zeros when left out.
            dtype: Type of the elements; the metric's when left out.
            aggregation: Accepted for Keras' sake.
            name: Name of the variable.
        """
        if "_variables" not in vars(self):
            raise ConfigError(
                Text(
                    f"{type(self).__name__}.__init__ must call super().__init__() before it adds variables.",
                    f"{type(self).__name__}.__init__ 须先调用 super().__init__()，再添加变量。",
                )
            )
        variable = MetricVariable(shape, initializer, dtype or self.dtype, name)
        self._variables.append(variable)
        return variable

    def add_weight(
        self,
        shape: Sequence[int] = (),
        initializer: Any = None,
        dtype: Any = None,
        name: str | None = None,
    ) -> MetricVariable:
        """The same as `add_variable`."""
        return self.add_variable(shape, initializer, dtype, name=name)

    @property
    def variables(self) -> list[MetricVariable]:
        """All variables, those of metrics inside this one last."""
        inner = [value for value in vars(self).values() if isinstance(value, Metric)]
        return [*self._variables, *(v for metric in inner for v in metric.variables)]

    @abstractmethod
    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in one batch."""
        raise NotImplementedError(f"{type(self).__name__} must implement update_state.")

    @abstractmethod
    def result(self) -> Any:
        """The value over all batches since the last reset: a tensor, or a dict of them."""
        raise NotImplementedError(f"{type(self).__name__} must implement result.")

    def reset_state(self) -> None:
        """Forget all batches."""
        for variable in self.variables:
            variable.zero()

    def stateless_update_state(self, *args: Any, **kwargs: Any) -> Any:
        """Not here: see `update_state`."""
        raise _stateless(self)

    def stateless_result(self, *args: Any, **kwargs: Any) -> Any:
        """Not here: see `result`."""
        raise _stateless(self)

    def stateless_reset_state(self, *args: Any, **kwargs: Any) -> Any:
        """Not here: see `reset_state`."""
        raise _stateless(self)

    def watch(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None) -> Tensor | None:
        """Take in one batch without waiting for the device.

        Returns:
            The value of this batch alone, where the metric has one: a mean does.
        """
        for variable in self.variables:
            variable.to(y_pred.device)
        if sample_weight is None:
            self.update_state(y_true, y_pred)
        else:
            self.update_state(y_true, y_pred, sample_weight=sample_weight)
        return None

    def read(self) -> Any:
        """`result` as a number, as an array where there are several, or as a dict; waits for the device."""
        return as_number(self.result())

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Take in one batch and give the result so far."""
        self.update_state(*args, **kwargs)
        return self.result()


class MeanMetric(Metric):
    """A metric that is the weighted mean of one value per sample; subclasses implement `values`."""

    is_numbered: ClassVar[bool] = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.running = RunningMean()

    @abstractmethod
    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """One value per sample, or per sample and position; may be boolean."""

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        mask = mask_of(y_pred)
        y_pred = in_full(as_tensor(y_pred).detach())
        y_true = as_tensor(y_true, y_pred.device)
        weight = None if sample_weight is None else as_tensor(sample_weight, y_pred.device)
        self.running.add(*_mean_and_count(self.values(y_true, y_pred), weighted_mask(weight, mask)))

    def watch(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None) -> Tensor:
        mean, count = self.mean_of(y_true, y_pred, sample_weight)
        self.running.add(mean, count)
        return mean

    def mean_of(
        self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None
    ) -> tuple[Tensor, float | Tensor]:
        """Mean of one batch and how much it counts; nothing is kept."""
        values = self.values(y_true, y_pred)
        return _mean_and_count(values, weighted_mask(sample_weight, mask_of(y_pred)))

    @property
    def variables(self) -> list[MetricVariable]:
        """Copies of the sum and of the weight it has, as Keras keeps them."""
        names = ("total", "count")
        sums = zip(names, self.running.sums(), strict=True)
        return [MetricVariable((), torch.as_tensor(value), self.dtype, n) for n, value in sums]

    def result(self) -> Tensor:
        result = self.running.result()
        return result if self.dtype is None else result.to(torch_dtype(self.dtype))

    def read(self) -> float:
        return self.running.value()

    def reset_state(self) -> None:
        self.running.reset()


def _mean_and_count(values: Any, sample_weight: Tensor | None) -> tuple[Tensor, float | Tensor]:
    values = as_tensor(values)
    mask = mask_of(values)
    if mask is not None and sample_weight is not None:
        # As in Keras: without weights the ignored samples still count, as zeros.
        missing = mask.ndim - sample_weight.ndim
        sample_weight = weighted_mask(sample_weight[(..., *(None,) * missing)], mask)
    return mean_and_count(values, sample_weight)


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
    weight = spread(weight, values.shape)
    values = values * weight
    if weight.ndim > 1:
        weight = weight.flatten(1).mean(-1)
        values = values.flatten(1).mean(-1)
    count = weight.sum()
    return values.sum() / count.where(count != 0, count.new_ones(())), count


def _float_type(values: Tensor) -> torch.dtype:
    is_full = values.is_floating_point() and values.dtype not in HALVES
    return values.dtype if is_full else torch.float32


def as_number(value: Any) -> Any:
    """A result as Python numbers, or as arrays where there are several."""
    if isinstance(value, Mapping):
        return {name: as_number(part) for name, part in value.items()}
    tensor = as_tensor(value.value if isinstance(value, MetricVariable) else value)
    return tensor.item() if tensor.numel() == 1 else tensor.detach().cpu().numpy()


def _stateless(metric: Metric) -> NotSupportedError:
    name = type(metric).__name__
    return NotSupportedError(
        Text(
            f"{name} keeps its state in itself: call update_state, result and reset_state.",
            f"{name} 自行保存状态：请调用 update_state、result 和 reset_state。",
        )
    )


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
