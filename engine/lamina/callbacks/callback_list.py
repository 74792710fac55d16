"""`CallbackList`: several callbacks as one, calling only those that override a hook."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from lamina.callbacks.callback import Callback, Logs
from lamina.callbacks.history import History
from lamina.callbacks.progbar_logger import ProgbarLogger
from lamina.errors import ConfigError
from lamina.text import Text

Hook = Callable[..., None]
HOOKS = [name for name in vars(Callback) if name.startswith(("on_", "set_"))]


class CallbackList(Callback):
    """Several callbacks, called in their order.

    Args:
        callbacks: One callback, several, or None.
        add_history: Add a `History` where there is none.
        add_progbar: Add a `ProgbarLogger` where there is none.
        model: The model that they look on.
        params: "epochs", "steps" and "verbose" for the callbacks.
    """

    def __init__(
        self,
        callbacks: Any = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Any = None,
        **params: Any,
    ) -> None:
        super().__init__()
        self.callbacks = list(_flatten(callbacks))
        if add_history and not any(isinstance(c, History) for c in self.callbacks):
            self.callbacks.append(History())
        if add_progbar and not any(isinstance(c, ProgbarLogger) for c in self.callbacks):
            self.callbacks.append(ProgbarLogger())
        self.set_params(params)
        if model is not None:
            self.set_model(model)
        self._train_batch_begin = self._overriders("on_train_batch_begin", "on_batch_begin")
        self._train_batch_end = self._overriders("on_train_batch_end", "on_batch_end")
        self._test_batch_begin = self._overriders("on_test_batch_begin")
        self._test_batch_end = self._overriders("on_test_batch_end")
        self._predict_batch_begin = self._overriders("on_predict_batch_begin")
        self._predict_batch_end = self._overriders("on_predict_batch_end")

    def __iter__(self) -> Any:
        return iter(self.callbacks)

    def append(self, callback: Callback) -> None:
        """Add a callback at the end."""
        self.__init__([*self.callbacks, callback], model=self.model, **self.params)  # type: ignore[misc]

    @property
    def history(self) -> History | None:
        return next((c for c in self.callbacks if isinstance(c, History)), None)

    @property
    def look_at_train_batches(self) -> bool:
        """Whether anybody looks before or after a batch is trained on."""
        return bool(self._train_batch_begin or self._train_batch_end)

    @property
    def look_before_train_batches(self) -> bool:
        """Whether anybody looks before a batch is trained on."""
        return bool(self._train_batch_begin)

    def watches_each(self, hook: str) -> bool:
        """Whether a callback wants this hook for every single batch; a progress bar does not mind to skip some."""
        return any(not isinstance(c, ProgbarLogger) and _overrides(c, hook) for c in self.callbacks)

    def _overriders(self, *hooks: str) -> list[Hook]:
        return [
            getattr(c, hooks[0]) for c in self.callbacks if any(_overrides(c, h) for h in hooks)
        ]

    def set_params(self, params: dict[str, Any]) -> None:
        super().set_params(params)
        for callback in self.callbacks:
            callback.set_params(params)

    def set_model(self, model: Any) -> None:
        super().set_model(model)
        for callback in self.callbacks:
            callback.set_model(model)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        for callback in self.callbacks:
            callback.on_train_begin(_given(logs))

    def on_train_end(self, logs: Logs | None = None) -> None:
        for callback in self.callbacks:
            callback.on_train_end(_given(logs))

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        for callback in self.callbacks:
            callback.on_epoch_begin(epoch, _given(logs))

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        for callback in self.callbacks:
            callback.on_epoch_end(epoch, _given(logs))

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        for hook in self._train_batch_begin:
            hook(batch, _given(logs))

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        given = _given(logs)
        for hook in self._train_batch_end:
            hook(batch, given)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        for callback in self.callbacks:
            callback.on_test_begin(_given(logs))

    def on_test_end(self, logs: Logs | None = None) -> None:
        for callback in self.callbacks:
            callback.on_test_end(_given(logs))

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        for hook in self._test_batch_begin:
            hook(batch, _given(logs))

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        for hook in self._test_batch_end:
            hook(batch, _given(logs))

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        for callback in self.callbacks:
            callback.on_predict_begin(_given(logs))

    def on_predict_end(self, logs: Logs | None = None) -> None:
        for callback in self.callbacks:
            callback.on_predict_end(_given(logs))

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        for hook in self._predict_batch_begin:
            hook(batch, _given(logs))

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        for hook in self._predict_batch_end:
            hook(batch, _given(logs))


def _given(logs: Logs | None) -> Logs:
    """What hooks get, who may read it without asking whether it is there."""
    return {} if logs is None else logs


def _overrides(callback: Callback, hook: str) -> bool:
    """Whether a callback has its own version of a hook, in its class or set on the object."""
    own = getattr(callback, hook)
    return getattr(own, "__func__", own) is not getattr(Callback, hook)


def _flatten(callbacks: Any) -> Iterable[Callback]:
    if callbacks is None:
        return
    if isinstance(callbacks, (list, tuple)):
        for item in callbacks:
            yield from _flatten(item)
    elif isinstance(callbacks, type) or not all(hasattr(callbacks, hook) for hook in HOOKS):
        raise ConfigError(
            Text(
                f"A callback is an object with Keras' hooks, got {callbacks!r}.",
                f"回调应为带有 Keras 钩子方法的对象，实际为 {callbacks!r}。",
            ),
            field="callbacks",
        )
    else:
        yield callbacks
