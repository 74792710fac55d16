"""`Callback`: what may look on, or step in, while a model trains, with Keras' hooks and Keras' names in the logs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from lamina.fields import Declared
from lamina.registry import Registry
from lamina.text import Text

Logs = Mapping[str, Any]


class Callback(Declared):
    """Base of all callbacks; override the hooks that matter.

    Hooks of batches receive lazy logs: `logs["loss"]` is the running mean of the epoch, as in Keras, and becomes a
    number only when it is read, which on a GPU waits for it. `logs.batch` holds the values of this batch alone as
    0-dim tensors that nobody waits for, and `logs.batch_size` their number of samples. A hook that is not overridden
    costs nothing.

    Attributes:
        model: The model that is trained. Setting `model.stop_training = True` ends training after this batch
            and, where the epoch has one, its validation; `model.stops_without_validation = True` beside it leaves the
            validation out. `model.stop_evaluating` and `model.stop_predicting` end what they say after this batch.
        params: "epochs", "steps" (batches per epoch, None when unknown) and "verbose".
    """

    model: Any
    params: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.model = None
        self.params = {}

    def set_params(self, params: dict[str, Any]) -> None:
        self.params = params

    def set_model(self, model: Any) -> None:
        self.model = model

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Before the first epoch."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """After the last epoch, however training ended; `logs` are those of the last epoch."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Before an epoch, counted from 0."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """After an epoch and its validation; `logs` hold "loss", the metrics, and both with "val_" before them."""

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a batch of training; the short name of `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a batch of training; the short name of `on_train_batch_end`."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a batch of training, counted from 0 in the epoch."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a batch of training."""
        self.on_batch_end(batch, logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Before an evaluation, also that at the end of an epoch."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """After an evaluation."""

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a batch of evaluation."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a batch of evaluation."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Before a prediction."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """After a prediction."""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a batch of prediction."""

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a batch of prediction; `logs["outputs"]` holds what was predicted."""


CALLBACKS: Registry[type[Callback]] = Registry("callback", "回调")

C = TypeVar("C", bound=type[Callback])


def callback(*, summary: Text) -> Callable[[C], C]:
    """Register a callback that a training document may name: one that takes no paths and no code."""

    def add(cls: C) -> C:
        cls.summary = summary
        cls.group = "callbacks"
        CALLBACKS.register(cls)
        return cls

    return add
