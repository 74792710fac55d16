"""`LambdaCallback`: a callback of plain functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lamina.callbacks.callback import Callback
from lamina.errors import ConfigError
from lamina.text import Text


class LambdaCallback(Callback):
    """Calls a function for each hook that is given by its name, `on_epoch_end=lambda epoch, logs: …`.

    Whatever else is given becomes an attribute, for the functions to use.
    """

    def __init__(
        self,
        on_epoch_begin: Callable[..., Any] | None = None,
        on_epoch_end: Callable[..., Any] | None = None,
        on_train_begin: Callable[..., Any] | None = None,
        on_train_end: Callable[..., Any] | None = None,
        on_train_batch_begin: Callable[..., Any] | None = None,
        on_train_batch_end: Callable[..., Any] | None = None,
        **hooks: Callable[..., Any],
    ) -> None:
        super().__init__()
        given: dict[str, Callable[..., Any] | None] = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
            **hooks,
        }
        for name, function in given.items():
            if name.startswith("on_") and not hasattr(Callback, name):
                raise ConfigError(
                    Text(
                        f'LambdaCallback has no hook "{name}".',
                        f"LambdaCallback 没有钩子“{name}”。",
                    ),
                    field=name,
                )
            if function is not None or not name.startswith("on_"):
                setattr(self, name, function)
