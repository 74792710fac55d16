"""`Monitor`: a callback that watches one value and knows which way is better."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Iterable
from typing import Any, Literal, get_args

from lamina.callbacks.callback import Callback, Logs
from lamina.errors import ConfigError
from lamina.fields import Float, field
from lamina.text import Text

Mode = Literal["auto", "min", "max"]

MONITOR = Text(
    "The log to watch: loss, accuracy, or either with val_ before it.",
    "要监视的日志项：loss、accuracy，或加 val_ 前缀。",
)
MODE = Text(
    "Whether less or more is better; auto tells by the name.",
    "越小越好还是越大越好；auto 按名称判断。",
)
MIN_DELTA = Text("Smallest change that counts as better.", "视为改进的最小变化。")
VERBOSE = Text("1 says what it does, 0 is silent.", "1 表示输出说明，0 表示不输出。")


class Monitor(Callback):
    """Base of the callbacks that act on one value becoming better or not."""

    monitor: str = field("val_loss", doc=MONITOR)
    mode: Mode = field("auto", doc=MODE)
    min_delta: Float = field(0.0, doc=MIN_DELTA)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        given = self.bind(args, kwargs)
        if given.get("mode", "auto") not in get_args(Mode):
            warnings.warn(
                f"{type(self).__name__} knows the modes auto, min and max, got {given['mode']!r}; it goes on as auto.",
                stacklevel=3,
            )
            given["mode"] = "auto"
        super().__init__(**given)
        self.best: float | None = None

    def value_of(self, logs: Logs | None) -> float | None:
        """The watched value; None, with a warning, when the logs do not have it."""
        self.direction()  # a name that tells no direction is said before a missing log
        value: Any = (logs or {}).get(self.monitor)
        if value is None:
            warnings.warn(
                f'{type(self).__name__} watches "{self.monitor}", which is not in the logs: '
                f"{', '.join(logs or ())}.",
                stacklevel=2,
            )
            return None
        return float(value)

    def is_better(self, value: float, reference: float | None) -> bool:
        """Whether a value is better than another by more than `min_delta`; anything is better than None."""
        if reference is None:
            return True
        if self.direction() == "max":
            return value - abs(self.min_delta) > reference
        return value + abs(self.min_delta) < reference

    @property
    def monitor_op(self) -> Any:
        """The comparison that tells a better value, `ops.less` or `ops.greater`."""
        ops = importlib.import_module("lamina.ops")
        return ops.greater if self.direction() == "max" else ops.less

    def direction(self) -> Literal["min", "max"]:
        """Which way is better.

        Raises:
            ConfigError: If neither the mode nor the metric tells.
        """
        if self.mode != "auto":
            return self.mode
        name = self.monitor.removeprefix("val_")
        if name == "loss" or name.endswith("_loss"):
            return "min"
        for metric in _one_by_one(getattr(self.model, "metrics", ())):
            if _names_metric(name, metric.name) and metric.direction is not None:
                return "max" if metric.direction == "up" else "min"
        if name.endswith(("acc", "accuracy")):
            return "max"
        raise ConfigError(
            Text(
                f'{type(self).__name__} cannot tell whether "{self.monitor}" is better high or low. '
                "Set mode to min or max.",
                f"{type(self).__name__} 无法判断“{self.monitor}”越大越好还是越小越好。请将 mode 设为 min 或 max。",
            ),
            field="mode",
        )


def _names_metric(log: str, metric: str) -> bool:
    """Whether a log is that of a metric; with several outputs the output's name stands before it."""
    return log == metric or log.endswith(f"_{metric}")


def _one_by_one(metrics: Iterable[Any]) -> list[Any]:
    """Metrics, with those that `compile` was given taken out of what holds them."""
    return [one for metric in metrics for one in getattr(metric, "metrics", [metric])]
