"""`LearningRateFinder`: which learning rates the loss falls with."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from lamina.callbacks.callback import Callback, Logs
from lamina.callbacks.messages import say
from lamina.callbacks.monitor import VERBOSE
from lamina.errors import ConfigError
from lamina.fields import NonNegativeInt, PositiveFloat, PositiveInt, ProperFraction, field
from lamina.text import Text

LOOK_EVERY = 16
"""Batches between two looks at the losses: on a GPU, to look is to wait for it."""


class LearningRateFinder(Callback):
    """Raises the learning rate at each batch until the loss runs away, then puts everything back.

    The range test of Smith (2015, arXiv:1506.01186). Afterwards `suggestion` is the rate at which the smoothed loss fell
    fastest, `rates` and `losses` hold the curve, and model and optimizer are as they were. Call `fit` with enough epochs
    for `steps` batches.
    """

    min_lr: PositiveFloat = field(1e-7, doc=Text("The first rate.", "起始学习率。"))
    max_lr: PositiveFloat = field(1.0, doc=Text("The last rate.", "最大学习率。"))
    steps: PositiveInt = field(
        100, doc=Text("Batches from first to last.", "从起始到最大的批次数。")
    )
    smoothing: ProperFraction = field(
        0.9, doc=Text("How slowly the smoothed loss moves.", "损失平滑系数。"), advanced=True
    )
    stop_factor: PositiveFloat = field(
        4.0,
        doc=Text("Stop at so many times the best loss.", "损失达到最佳的多少倍时停止。"),
        advanced=True,
    )
    verbose: NonNegativeInt = field(0, doc=VERBOSE, advanced=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.max_lr <= self.min_lr:
            raise ConfigError(
                Text(
                    f"LearningRateFinder.max_lr must be above min_lr, got {self.max_lr} and {self.min_lr}.",
                    f"LearningRateFinder.max_lr 必须大于 min_lr，实际为 {self.max_lr} 与 {self.min_lr}。",
                ),
                field="max_lr",
            )
        self.rates: list[float] = []
        self.losses: list[float] = []
        self.suggestion: float | None = None
        self._unseen: list[Tensor] = []

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.rates, self.losses, self._unseen, self.suggestion = [], [], [], None
        optimizer = self.model.optimizer
        if optimizer.follows_schedule:
            raise ConfigError(
                Text(
                    "LearningRateFinder sets the learning rate, but the optimizer follows a schedule.",
                    "LearningRateFinder 需要设置学习率，但优化器使用了调度。",
                ),
                field="learning_rate",
            )
        optimizer.build(self.model.trainable_weights)
        self._weights = self.model.get_weights()
        self._state = optimizer.variables_for_file()
        self._best = math.inf
        self._mean = 0.0

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        step = len(self.rates)
        share = min(step / max(self.steps - 1, 1), 1.0)
        rate = self.min_lr * (self.max_lr / self.min_lr) ** share
        self.model.optimizer.learning_rate = rate
        self.rates.append(rate)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        of_batch = getattr(logs, "batch", None) or {
            "loss": torch.as_tensor(float((logs or {}).get("loss", math.nan)))
        }
        self._unseen.append(of_batch["loss"])
        is_last = len(self.rates) >= self.steps
        if is_last or self._unseen[0].device.type == "cpu" or len(self._unseen) >= LOOK_EVERY:
            self._look()
        if is_last:
            self.model.stop_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self._unseen:
            self._look()
        self.rates = self.rates[: len(self.losses)]
        self.suggestion = self._steepest()
        self.model.set_weights(self._weights)
        self.model.optimizer.load_from_file(self._state)
        if self.verbose and self.suggestion is not None:
            say(f"The loss falls fastest at a learning rate of {self.suggestion:.2g}.")

    def _look(self) -> None:
        """Smooth the losses that came, and stop when they run away."""
        values, self._unseen = torch.stack(self._unseen).tolist(), []
        for value in values:
            self._mean = self.smoothing * self._mean + (1 - self.smoothing) * value
            smooth = self._mean / (1 - self.smoothing ** (len(self.losses) + 1))
            if not math.isfinite(smooth) or (
                len(self.losses) > 1 and smooth > self.stop_factor * self._best
            ):
                self.model.stop_training = True
                return
            self._best = min(self._best, smooth)
            self.losses.append(smooth)

    def _steepest(self) -> float | None:
        """The rate at which the loss falls most per factor of the rate, seen over a tenth of the steps."""
        reach = max(self.steps // 20, 1)
        slopes = [
            after - before
            for before, after in zip(self.losses, self.losses[2 * reach :], strict=False)
        ]
        if not slopes or min(slopes) >= 0:
            return None
        return self.rates[slopes.index(min(slopes)) + reach]
