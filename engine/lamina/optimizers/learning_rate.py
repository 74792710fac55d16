"""The learning rate of an optimizer: a number, a schedule, or a function without arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import numpy as np
import pydantic
from pydantic import PlainSerializer, WithJsonSchema

from lamina.errors import ConfigError, WrongTypeError
from lamina.notes import READS
from lamina.optimizers.schedules.schedule import LearningRateSchedule, deserialize, serialize
from lamina.text import Text


class CurrentRate(float):
    """The learning rate at this moment; a number that old scripts can also `assign` and read by `numpy`."""

    owner: HasLearningRate

    @property
    def value(self) -> np.float32:
        return np.float32(self)

    def numpy(self) -> np.float32:
        return np.float32(self)

    def assign(self, value: float) -> None:
        """Set the learning rate of the optimizer that this was read from."""
        self.owner.learning_rate = value


class Steps(int):
    """A number of updates that scripts can also read by `numpy` and set by `assign`."""

    owner: HasLearningRate

    def numpy(self) -> np.int64:
        return np.int64(self)

    def assign(self, value: int) -> None:
        """Go on as after so many batches."""
        self.owner._step = int(value)


Source = float | LearningRateSchedule | Callable[[], float]


class HasLearningRate:
    """What `optimizer.learning_rate` reads and sets."""

    _rate: Source
    _step: int

    @property
    def learning_rate(self) -> CurrentRate:
        """The rate of the next step."""
        READS.add("the learning rate")
        rate = CurrentRate(self.rate_of_next_step())
        rate.owner = self
        return rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        self._set_rate(value)

    lr = learning_rate

    def _set_rate(self, value: Any) -> None:
        source = parse_rate(value)
        if isinstance(source, float) and isinstance(
            getattr(self, "_rate", None), LearningRateSchedule
        ):
            raise WrongTypeError(
                Text(
                    "The learning rate follows a schedule, so it cannot be set to a number. "
                    "Make the optimizer with a number instead, or set another schedule.",
                    "学习率由调度决定，不能设为数值。请用数值创建优化器，或设置另一个调度。",
                ),
                field="learning_rate",
            )
        self._rate = source

    @property
    def follows_schedule(self) -> bool:
        return not isinstance(self._rate, float)

    def rate_of_next_step(self) -> float:
        if isinstance(self._rate, float):
            return self._rate
        if isinstance(self._rate, LearningRateSchedule):
            return float(self._rate(self._step))
        return float(self._rate())


def parse_rate(value: Any) -> Source:
    """A learning rate as users write it: a number, a schedule, a function, or a serialized schedule."""
    if isinstance(value, LearningRateSchedule):
        return value
    if isinstance(value, Mapping):
        return deserialize(dict(value))
    if callable(value) and not hasattr(value, "__float__"):
        return value  # type: ignore[no-any-return]
    if isinstance(value, (bool, str)) or not hasattr(value, "__float__"):
        raise ConfigError(
            Text(
                f"must be a number, a schedule or a function, got {value!r}.",
                f"必须是数值、调度或函数，实际为 {value!r}。",
            )
        )
    rate = float(value)
    if not (np.isfinite(rate) and rate >= 0):
        raise ConfigError(
            Text(
                f"must be at least 0 and finite, got {value!r}.",
                f"必须不小于 0 且有限，实际为 {value!r}。",
            ),
            code="out_of_range",
        )
    return rate


def rate_to_json(source: Any) -> Any:
    """JSON form of a learning rate."""
    if isinstance(source, LearningRateSchedule):
        return serialize(source)
    return float(source()) if callable(source) else float(source)


LearningRate = Annotated[
    Any,
    pydantic.PlainValidator(parse_rate),
    PlainSerializer(rate_to_json),
    WithJsonSchema({"type": "number", "minimum": 0, "x-widget": "float"}),
]

RATE = Text("How far each step goes; a number or a schedule.", "每一步更新的幅度；数值或调度。")
