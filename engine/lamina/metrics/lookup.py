"""Metrics from what a user writes: a name, an object, a function, or a serialized form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lamina.lookup import Lookup
from lamina.metrics.mean import MeanMetricWrapper
from lamina.metrics.metric import METRICS, Metric

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


_LOOKUP = Lookup(METRICS, Metric, "keras.metrics", {})


def get(identifier: Any) -> Any:
    """The metric that a name, a class, an object, a function or a `{class_name, config}` stands for.

    >>> get("mae").name
    'mean_absolute_error'

    Raises:
        ConfigError: If there is no such metric; the message offers names that look like it.
    """
    return _LOOKUP.get(identifier)


def metric_of(identifier: Any) -> Metric | None:
    """Like `get`, but always an object: functions and losses become the mean of their values."""
    found = get(identifier)
    return found if found is None or isinstance(found, Metric) else MeanMetricWrapper(found)


def serialize(metric: Any) -> dict[str, Any]:
    """`{module, class_name, config, registered_name}`, which `deserialize` reads."""
    return _LOOKUP.serialize(metric)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The metric of a serialized form; `{type, config}` of the training document is understood too."""
    return _LOOKUP.deserialize(config, custom_objects)
