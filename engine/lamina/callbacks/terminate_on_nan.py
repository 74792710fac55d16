"""`TerminateOnNaN`: end training when the loss is not a number any more."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from lamina.callbacks.callback import Callback, Logs, callback
from lamina.callbacks.messages import say
from lamina.errors import LaminaError
from lamina.fields import field
from lamina.text import Text

LOOK_EVERY = 32
"""Batches between two looks on a GPU: to look is to wait for it."""


class NonFiniteLossError(LaminaError, RuntimeError):
    """The loss became NaN or infinite.

    Args:
        epoch: Counted from 1.
        step: Batch of that epoch, counted from 1.
    """

    def __init__(self, epoch: int, step: int) -> None:
        super().__init__(
            Text(
                f"The loss became NaN or infinite in epoch {epoch}, at batch {step}. Try a smaller learning rate, "
                "set clipnorm, or look for missing or huge values in the data.",
                f"损失在第 {epoch} 轮第 {step} 个批次变为 NaN 或无穷大。请尝试更小的学习率、设置 clipnorm，"
                "或检查数据中是否有缺失值或过大的值。",
            )
        )
        self.epoch = epoch
        self.step = step


@callback(summary=Text("Stop when the loss is not a number any more.", "损失变为 NaN 时停止训练。"))
class TerminateOnNaN(Callback):
    """Stops at the first batch whose loss is NaN or infinite; on a GPU at most 32 batches later."""

    raise_error: bool = field(
        False,
        doc=Text("Raise an error instead of ending quietly.", "抛出错误而不是静默结束。"),
        advanced=True,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._epoch = 0
        self._unseen: list[Tensor] = []

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch = epoch
        self._unseen = []

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        of_batch = getattr(logs, "batch", None)
        loss = (
            torch.as_tensor(float((logs or {}).get("loss", 0.0)))
            if of_batch is None
            else of_batch["loss"]
        )
        self._unseen.append(loss)
        if loss.device.type == "cpu" or len(self._unseen) >= LOOK_EVERY:
            self._look(batch)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self._unseen:
            self._look(len(self._unseen) - 1)

    def _look(self, batch: int) -> None:
        losses, self._unseen = self._unseen, []
        finite = (
            [bool(losses[0].isfinite())]
            if len(losses) == 1
            else torch.stack(losses).isfinite().tolist()
        )
        if all(finite):
            return
        self.model.stop_training = True
        step = batch + 1 - (len(finite) - 1 - finite.index(False))
        error = NonFiniteLossError(self._epoch + 1, step)
        if self.raise_error:
            raise error
        say(str(error))
