"""Means of given values: for loops of one's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from lamina.losses.arguments import as_float_tensor, as_tensor
from lamina.losses.reduction import match_ranks
from lamina.metrics.metric import MeanMetric, Metric, mean_and_count, metric
from lamina.metrics.running_mean import RunningMean
from lamina.text import Text


@metric(summary=Text("Weighted mean of given values.", "给定数值的加权平均。"))
class Mean(Metric):
    """Weighted mean of the values given to `update_state`.

    >>> mean = Mean()
    >>> mean.update_state([1, 3, 5, 7])
    >>> mean.result()
    tensor(4.)
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._mean = RunningMean()

    def update_state(self, values: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        values = as_float_tensor(values, self.dtype)
        weight = None if sample_weight is None else as_tensor(sample_weight, values.device)
        self._mean.add(*mean_and_count(values, weight))

    def result(self) -> Tensor:
        return self._mean.result()

    def reset_state(self) -> None:
        self._mean.reset()


class FunctionMetric(MeanMetric):
    """A plain function `(y_true, y_pred) -> one value per sample` as a metric.

    Args:
        function: Takes and returns tensors.
    """

    def __init__(
        self, function: Callable[[Tensor, Tensor], Tensor], name: str | None = None
    ) -> None:
        super().__init__(name=name or getattr(function, "__name__", None))
        self.function = function

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        y_true, y_pred = match_ranks(y_true, y_pred)
        return self.function(y_true, y_pred)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "function": getattr(self.function, "__name__", str(self.function)),
        }
