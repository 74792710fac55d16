"""`SwapEMAWeights`: evaluate and save with the moving average of the weights while training goes on with its own."""

from __future__ import annotations

from typing import Any

from lamina.callbacks.callback import Callback, Logs
from lamina.errors import ConfigError
from lamina.fields import field
from lamina.text import Text


class SwapEMAWeights(Callback):
    """Puts the averages that `use_ema=True` keeps into the model for evaluation and prediction, and takes them out again."""

    swap_on_epoch: bool = field(
        False,
        doc=Text(
            "Leave them in from the end of an epoch to the next, so that checkpoints hold them.",
            "每轮结束后保持换入，使检查点保存平均权重。",
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._is_in = False

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._put(False)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._put(self.swap_on_epoch)

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._is_in = False  # the optimizer has put its averages into the model for good

    def on_test_begin(self, logs: Logs | None = None) -> None:
        self._put(True)

    def on_test_end(self, logs: Logs | None = None) -> None:
        self._put(False)

    on_predict_begin = on_test_begin
    on_predict_end = on_test_end

    def _put(self, averages_in: bool) -> None:
        optimizer = getattr(self.model.optimizer, "inner_optimizer", self.model.optimizer)
        if not optimizer.use_ema:
            raise ConfigError(
                Text(
                    "SwapEMAWeights needs an optimizer with use_ema=True.",
                    "SwapEMAWeights 需要 use_ema=True 的优化器。",
                ),
                field="use_ema",
            )
        if self._is_in != averages_in and optimizer.built:
            optimizer.swap_averages()
            self._is_in = averages_in
