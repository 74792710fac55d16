"""`History`: the logs of every epoch, which `fit` returns."""

from __future__ import annotations

from typing import Any

from lamina.callbacks.callback import Callback, Logs

OLD_NAMES = {"acc": "accuracy", "accuracy": "acc"}
"""Scripts of other Keras versions say the one where this one says the other."""


class EpochLogs(dict[str, Any]):
    """A dict by log name that also answers to the old spelling of the accuracy.

    >>> logs = EpochLogs(val_accuracy=0.9)
    >>> logs["val_acc"], "val_acc" in logs, list(logs)
    (0.9, True, ['val_accuracy'])
    """

    def __missing__(self, name: str) -> Any:
        other = _other_spelling(name)
        if other is not None and dict.__contains__(self, other):
            return dict.__getitem__(self, other)
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        if dict.__contains__(self, name):
            return True
        other = _other_spelling(name) if isinstance(name, str) else None
        return other is not None and dict.__contains__(self, other)

    def get(self, name: str, default: Any = None) -> Any:
        return self[name] if name in self else default  # noqa: SIM401 - this is that get


def _other_spelling(name: str) -> str | None:
    prefix = "val_" if name.startswith("val_") else ""
    other = OLD_NAMES.get(name.removeprefix("val_"))
    return None if other is None else prefix + other


class History(Callback):
    """Keeps the logs of every epoch.

    Attributes:
        history: A list of values by log name, one value per epoch.
        epoch: The epochs, counted from 0.
    """

    def __init__(self) -> None:
        super().__init__()
        self.history: EpochLogs = EpochLogs()
        self.epoch: list[int] = []

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.epoch = []
        self.model.history = self

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            dict.setdefault(self.history, name, []).append(value)
