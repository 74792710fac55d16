"""`EarlyStopping`: end training when a value no longer becomes better."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.callbacks.callback import Logs, callback
from lamina.callbacks.messages import say
from lamina.callbacks.monitor import MIN_DELTA, MODE, MONITOR, VERBOSE, Mode, Monitor
from lamina.fields import Float, NonNegativeInt, field
from lamina.text import Text


@callback(summary=Text("Stop when a value no longer becomes better.", "指标不再改进时停止训练。"))
class EarlyStopping(Monitor):
    """Stops after `patience` epochs in a row without anything better."""

    monitor: str = field("val_loss", doc=MONITOR)
    min_delta: Float = field(0.0, doc=MIN_DELTA)
    patience: NonNegativeInt = field(
        0, doc=Text("Epochs without anything better to wait for.", "允许连续多少轮没有改进。")
    )
    verbose: NonNegativeInt = field(0, doc=VERBOSE, advanced=True)
    mode: Mode = field("auto", doc=MODE)
    baseline: Float | None = field(
        None, doc=Text("A value that has to be beaten.", "必须超过的基准值。"), advanced=True
    )
    restore_best_weights: bool = field(
        False, doc=Text("End with the weights of the best epoch.", "结束时恢复最佳一轮的权重。")
    )
    start_from_epoch: NonNegativeInt = field(
        0, doc=Text("Epochs before which nothing is judged.", "从第几轮开始判断。"), advanced=True
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best_weights: list[np.ndarray[Any, Any]] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best, self.best_weights = None, None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        current = self.value_of(logs)
        if current is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self.best_epoch, self.best_weights = epoch, self.model.get_weights()
        self.wait += 1
        if self.is_better(current, self.best):
            self._remember(epoch, current)
            if self.baseline is None or self.is_better(current, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def _remember(self, epoch: int, value: float) -> None:
        self.best, self.best_epoch = value, epoch
        if self.restore_best_weights:
            self.best_weights = self.model.get_weights()

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.stopped_epoch and self.verbose:
            say(f"Epoch {self.stopped_epoch + 1}: stopped early.")
        if self.best_weights is not None:
            if self.verbose:
                say(f"Weights restored to those of epoch {self.best_epoch + 1}.")
            self.model.set_weights(self.best_weights)
