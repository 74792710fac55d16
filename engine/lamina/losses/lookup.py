"""Losses from what a user writes: a name, an object, a function, or a serialized form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor

from lamina.errors import ConfigError
from lamina.losses.loss import LOSSES, Loss
from lamina.losses.reduction import match_ranks
from lamina.text import Text


class FunctionLoss(Loss):
    """A plain function `(y_true, y_pred) -> one loss per sample` as a loss.

    Args:
        function: Takes and returns tensors.
    """

    def __init__(
        self, function: Callable[[Tensor, Tensor], Tensor], name: str | None = None
    ) -> None:
        super().__init__(name=name or getattr(function, "__name__", None))
        self.function = function

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return self.function(*match_ranks(y_true, y_pred))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "function": getattr(self.function, "__name__", str(self.function)),
        }


def get(identifier: Any) -> Loss | None:
    """The loss that a name, a class, an object, a function or a `{class_name, config}` stands for.

    >>> get("mse").name
    'mean_squared_error'

    Raises:
        ConfigError: If there is no such loss; the message offers names that look like it.
    """
    if identifier is None or isinstance(identifier, Loss):
        return identifier
    if isinstance(identifier, str):
        return LOSSES.get(identifier)()
    if isinstance(identifier, Mapping):
        return deserialize(identifier)
    if isinstance(identifier, type) and issubclass(identifier, Loss):
        return identifier()
    if callable(identifier):
        return FunctionLoss(identifier)
    raise ConfigError(
        Text(
            f"A loss is a name, a Loss or a function of (y_true, y_pred), got {identifier!r}.",
            f"损失应为名称、Loss 对象或函数 (y_true, y_pred)，实际为 {identifier!r}。",
        ),
        field="loss",
    )


def serialize(loss: Loss) -> dict[str, Any]:
    """`{class_name, config}`, which `deserialize` reads."""
    return {"class_name": type(loss).__name__, "config": loss.get_config()}


def deserialize(config: Mapping[str, Any] | str) -> Loss:
    """The loss of a serialized form; `{type, config}` of the training document is understood too."""
    if isinstance(config, str):
        return LOSSES.get(config)()
    cls = LOSSES.get(str(config.get("class_name") or config.get("type")))
    return cls.from_config(config.get("config") or {})
