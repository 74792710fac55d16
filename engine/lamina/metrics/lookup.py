"""Metrics from what a user writes: a name, an object, a function, or a serialized form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lamina.errors import ConfigError
from lamina.losses.loss import Loss
from lamina.metrics.mean import FunctionMetric
from lamina.metrics.metric import METRICS, Metric
from lamina.text import Text

ACCURACY = ("accuracy", "acc")
"""Names that stand for the accuracy that suits the targets."""
CROSSENTROPY = ("crossentropy", "ce")
"""Names that stand for the crossentropy that suits the targets."""


def suiting(
    what: str, target_shape: Sequence[int | None], prediction_shape: Sequence[int | None]
) -> str:
    """Name of the metric that "accuracy" or "crossentropy" means for these shapes, as Keras decides it.

    >>> suiting("accuracy", (None, 10), (None, 10)), suiting("acc", (None,), (None, 10))
    ('CategoricalAccuracy', 'SparseCategoricalAccuracy')
    """
    kind = "Accuracy" if what.lower() in ACCURACY else "Crossentropy"
    units = prediction_shape[-1] if prediction_shape else 1
    if units == 1:
        return f"Binary{kind}"
    is_index = len(target_shape) < len(prediction_shape) or target_shape[-1] == 1
    return f"{'Sparse' if is_index else ''}Categorical{kind}"


def get(identifier: Any) -> Metric | None:
    """The metric that a name, a class, an object, a function or a `{class_name, config}` stands for.

    >>> get("mae").name
    'mean_absolute_error'

    Raises:
        ConfigError: If there is no such metric; the message offers names that look like it.
    """
    if identifier is None or isinstance(identifier, Metric):
        return identifier
    if isinstance(identifier, str):
        return METRICS.get(identifier)()
    if isinstance(identifier, Mapping):
        return deserialize(identifier)
    if isinstance(identifier, type) and issubclass(identifier, Metric):
        return identifier()
    if isinstance(identifier, Loss):
        return FunctionMetric(identifier.call, identifier.name)
    if callable(identifier):
        return FunctionMetric(identifier)
    raise ConfigError(
        Text(
            f"A metric is a name, a Metric or a function of (y_true, y_pred), got {identifier!r}.",
            f"指标应为名称、Metric 对象或函数 (y_true, y_pred)，实际为 {identifier!r}。",
        ),
        field="metrics",
    )


def serialize(metric: Metric) -> dict[str, Any]:
    """`{class_name, config}`, which `deserialize` reads."""
    return {"class_name": type(metric).__name__, "config": metric.get_config()}


def deserialize(config: Mapping[str, Any] | str) -> Metric:
    """The metric of a serialized form; `{type, config}` of the training document is understood too."""
    if isinstance(config, str):
        return METRICS.get(config)()
    cls = METRICS.get(str(config.get("class_name") or config.get("type")))
    return cls.from_config(config.get("config") or {})
