"""`LearningRateScheduler`: the learning rate of each epoch from a function."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

from lamina.callbacks.callback import Callback, Logs
from lamina.callbacks.messages import say
from lamina.errors import ConfigError
from lamina.optimizers.schedules.schedule import LearningRateSchedule
from lamina.text import Text


class LearningRateScheduler(Callback):
    """Sets the learning rate at the start of each epoch.

    Args:
        schedule: `(epoch, learning rate) -> learning rate`, or only `(epoch)`; epochs count from 0.
        verbose: 1 says what it does.
    """

    def __init__(self, schedule: Callable[..., Any], verbose: int = 0) -> None:
        super().__init__()
        if isinstance(schedule, LearningRateSchedule) or not callable(schedule):
            raise ConfigError(
                Text(
                    f"LearningRateScheduler.schedule is a function (epoch, rate) -> rate, got {_shown(schedule)}. A "
                    "schedule object counts steps and goes to the optimizer: SGD(learning_rate=schedule).",
                    f"LearningRateScheduler.schedule 应为函数 (epoch, rate) -> rate，实际为 {_shown(schedule)}。"
                    "调度对象按步计数，应交给优化器：SGD(learning_rate=schedule)。",
                ),
                field="schedule",
            )
        self.schedule = schedule
        self.verbose = verbose

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        optimizer = self.model.optimizer
        arguments = (epoch, float(optimizer.learning_rate))[: _positional(self.schedule)]
        rate = self.schedule(*arguments)
        is_number = hasattr(rate, "__float__") and not isinstance(rate, (bool, str))
        if not is_number or not 0 <= float(rate) < math.inf:
            raise ConfigError(
                Text(
                    f"LearningRateScheduler.schedule must give a number from 0 on, got {rate!r} for epoch {epoch}.",
                    f"LearningRateScheduler.schedule 应返回不小于 0 的数，第 {epoch} 轮实际返回 {rate!r}。",
                ),
                field="schedule",
            )
        optimizer.learning_rate = float(rate)
        if self.verbose:
            say(f"Epoch {epoch + 1}: LearningRateScheduler setting learning rate to {float(rate)}.")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if isinstance(logs, dict):
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)


def _shown(schedule: Any) -> str:
    is_object = isinstance(schedule, LearningRateSchedule)
    return type(schedule).__name__ if is_object else repr(schedule)


def _positional(function: Callable[..., Any]) -> int:
    """How many of the two arguments a schedule takes."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return 2
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return 2
    return min(2, sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters))
