"""`ReduceLROnPlateau`: a smaller learning rate when a value no longer becomes better."""

from __future__ import annotations

from typing import Annotated, Any

from annotated_types import Gt, Lt

from lamina.callbacks.callback import Logs, callback
from lamina.callbacks.messages import say
from lamina.callbacks.monitor import MIN_DELTA, MODE, MONITOR, VERBOSE, Mode, Monitor
from lamina.fields import Float, NonNegativeFloat, NonNegativeInt, field
from lamina.text import Text


@callback(
    summary=Text(
        "Lower the learning rate when a value no longer becomes better.",
        "指标不再改进时降低学习率。",
    )
)
class ReduceLROnPlateau(Monitor):
    """Multiplies the learning rate by `factor` after `patience` epochs without anything better."""

    monitor: str = field("val_loss", doc=MONITOR)
    factor: Annotated[float, Gt(0), Lt(1)] = field(
        0.1, doc=Text("What the learning rate is multiplied by.", "学习率所乘的系数。")
    )
    patience: NonNegativeInt = field(
        10, doc=Text("Epochs without anything better to wait for.", "允许连续多少轮没有改进。")
    )
    verbose: NonNegativeInt = field(0, doc=VERBOSE, advanced=True)
    mode: Mode = field("auto", doc=MODE)
    min_delta: Float = field(1e-4, doc=MIN_DELTA)
    cooldown: NonNegativeInt = field(
        0,
        doc=Text("Epochs to leave alone after a reduction.", "每次降低后静候的轮数。"),
        advanced=True,
    )
    min_lr: NonNegativeFloat = field(
        0.0, doc=Text("Smallest learning rate.", "学习率下限。"), advanced=True
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.wait = self.cooldown_counter = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.best, self.wait, self.cooldown_counter = None, 0, 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        rate = float(self.model.optimizer.learning_rate)
        _add(logs, rate)
        current = self.value_of(logs)
        if current is None:
            return
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.wait = 0
        if self.is_better(current, self.best):
            self.best, self.wait = current, 0
        elif self.cooldown_counter == 0:
            self.wait += 1
            if self.wait >= self.patience and rate > self.min_lr:
                self._reduce(epoch, rate)

    def _reduce(self, epoch: int, rate: float) -> None:
        rate = max(rate * self.factor, self.min_lr)
        self.model.optimizer.learning_rate = rate
        self.cooldown_counter, self.wait = self.cooldown, 0
        if self.verbose:
            say(f"Epoch {epoch + 1}: ReduceLROnPlateau reducing learning rate to {rate}.")


def _add(logs: Any, rate: float) -> None:
    """Let the history show the rate of the epoch."""
    if isinstance(logs, dict):
        logs["learning_rate"] = rate
