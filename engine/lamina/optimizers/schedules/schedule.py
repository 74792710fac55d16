"""`LearningRateSchedule`: the learning rate as a function of the optimizer's step."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from lamina.fields import Declared, field
from lamina.registry import Registry
from lamina.saving_registry import made_of, serialize_keras_object
from lamina.text import Text

NAME = Text("Name; it has no effect.", "名称；不影响结果。")


class LearningRateSchedule(Declared):
    """Base of all schedules; one of one's own implements `__call__`."""

    name: str | None = field(None, doc=NAME, advanced=True)

    @abstractmethod
    def __call__(self, step: int) -> float:
        """The learning rate of one optimizer step, counted from 0."""
        raise NotImplementedError(f"{type(self).__name__} must implement __call__(step).")


SCHEDULES: Registry[type[LearningRateSchedule]] = Registry("schedule", "学习率调度")

S = TypeVar("S", bound=type[LearningRateSchedule])


def schedule(*, summary: Text) -> Callable[[S], S]:
    """Register a schedule under its class name."""

    def add(cls: S) -> S:
        cls.summary = summary
        cls.group = "schedules"
        SCHEDULES.register(cls)
        return cls

    return add


def serialize(learning_rate_schedule: LearningRateSchedule) -> dict[str, Any]:
    """Keras' serialized form, which `deserialize` reads."""
    if type(learning_rate_schedule).__name__ not in SCHEDULES:  # one of a user's own
        form: dict[str, Any] = serialize_keras_object(learning_rate_schedule)
        return form
    return {
        "module": "keras.optimizers.schedules",
        "class_name": type(learning_rate_schedule).__name__,
        "config": learning_rate_schedule.get_config(),
        "registered_name": None,
    }


def deserialize(
    config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None
) -> LearningRateSchedule:
    """The schedule of a serialized form; `{type, config}` of the training document is understood too.

    Args:
        config: The form.
        custom_objects: Classes of one's own by name.
    """
    name = str(config.get("class_name") or config.get("type"))
    own = None if name in (custom_objects or {}) else made_of(config)
    if isinstance(own, LearningRateSchedule):
        return own
    cls = (custom_objects or {}).get(name) or SCHEDULES.get(name)
    return cls.from_config(config.get("config") or {})
