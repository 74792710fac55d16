"""Means and sums of given values, and means of functions: for loops and metrics of one's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import torch
from torch import Tensor

from lamina.calls import mask_of
from lamina.losses import lookup as losses
from lamina.losses.arguments import as_float_tensor, as_tensor
from lamina.losses.loss import Loss
from lamina.losses.reduction import match_ranks, spread, weighted_mask
from lamina.metrics.metric import MeanMetric, Metric, mean_and_count, metric
from lamina.metrics.running_mean import RunningMean
from lamina.metrics.variable import MetricVariable, torch_dtype
from lamina.naming import snake_case
from lamina.text import Text


@metric(summary=Text("Weighted mean of given values.", "给定数值的加权平均。"))
class Mean(Metric):
    """Weighted mean of the values given to `update_state`.

    >>> mean = Mean()
    >>> mean.update_state([1, 3, 5, 7])
    >>> mean.result()
    tensor(4.)
    """

    is_numbered: ClassVar[bool] = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.running = RunningMean()

    def update_state(self, values: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        mask = mask_of(values)
        values = as_float_tensor(values)
        weight = None if sample_weight is None else as_tensor(sample_weight, values.device)
        if mask is not None and weight is not None:
            weight = weighted_mask(weight, mask)
        self.running.add(*mean_and_count(values, weight))

    def result(self) -> Tensor:
        result = self.running.result()
        return result if self.dtype is None else result.to(torch_dtype(self.dtype))

    @property
    def total(self) -> Tensor:
        """The weighted sum so far."""
        return torch.as_tensor(self.running.sums()[0])

    @property
    def count(self) -> Tensor:
        """The sum of the weights so far."""
        return torch.as_tensor(self.running.sums()[1])

    @property
    def variables(self) -> list[MetricVariable]:
        """Copies of `total` and `count`, and the variables of one's own."""
        sums = {"total": self.total, "count": self.count}
        own = [MetricVariable((), value, self.dtype, name) for name, value in sums.items()]
        return [*own, *super().variables]

    def reset_state(self) -> None:
        self.running.reset()


@metric(summary=Text("Weighted sum of given values.", "给定数值的加权和。"))
class Sum(Metric):
    """Weighted sum of the values given to `update_state`.

    >>> total = Sum()
    >>> total.update_state([1, 3, 5, 7])
    >>> float(total.result())
    16.0
    """

    is_numbered: ClassVar[bool] = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.total = self.add_variable((), "zeros", name="total")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        values = as_float_tensor(values).detach()
        if sample_weight is not None:
            weight = as_tensor(sample_weight, values.device).to(values.dtype)
            values, weight = match_ranks(values, weight)
            if values.ndim > weight.ndim:
                values = values.flatten(weight.ndim).sum(-1)
            values = values * spread(weight, values.shape)
        self.total.assign_add(values.sum())

    def result(self) -> Tensor:
        return self.total.value


class MeanMetricWrapper(MeanMetric):
    """The mean of a function `(y_true, y_pred, **kwargs) -> one value per sample`.

    Args:
        fn: Takes and returns tensors; a `Loss` gives one value per batch.
        name: Name in the logs; the function's when left out.
        dtype: Type of the result.
        kwargs: Handed to the function.

    >>> def largest(y_true, y_pred):
    ...     return (y_true - y_pred).abs().amax(-1)
    >>> MeanMetricWrapper(largest)(torch.zeros(2, 2), torch.tensor([[1.0, -3.0], [2.0, 0.0]]))
    tensor(2.5000)
    """

    def __init__(
        self, fn: Callable[..., Any], name: str | None = None, dtype: Any = None, **kwargs: Any
    ) -> None:
        given = getattr(fn, "name", None) if isinstance(fn, Loss) else None
        super().__init__(name=name or given or _name_of(fn), dtype=dtype)
        self.fn = fn
        self.fn_kwargs = kwargs

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        values: Tensor = self.fn(y_true, y_pred, **self.fn_kwargs)
        return values

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "fn": losses.serialize(self.fn), **self.fn_kwargs}


def _name_of(function: Any) -> str | None:
    """What logs call a function, as in Keras: that of a lambda is "lambda"."""
    name = getattr(function, "__name__", None)
    return None if name is None else snake_case(name)
