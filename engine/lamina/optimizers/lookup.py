"""Optimizers from what a user writes: a name, an object or a serialized form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lamina.errors import ConfigError
from lamina.optimizers.optimizer import OPTIMIZERS, Optimizer
from lamina.text import Text


def get(identifier: Any) -> Optimizer:
    """The optimizer that a name, a class, an object or a `{class_name, config}` stands for.

    >>> get("rmsprop").get_config()["rho"]
    0.9

    Raises:
        ConfigError: If there is no such optimizer; the message offers names that look like it.
    """
    if isinstance(identifier, Optimizer):
        return identifier
    if isinstance(identifier, str):
        return OPTIMIZERS.get(identifier)()
    if isinstance(identifier, Mapping):
        return deserialize(identifier)
    if isinstance(identifier, type) and issubclass(identifier, Optimizer):
        return identifier()
    raise ConfigError(
        Text(
            f"An optimizer is a name or an Optimizer, got {identifier!r}.",
            f"优化器应为名称或 Optimizer 对象，实际为 {identifier!r}。",
        ),
        field="optimizer",
    )


def serialize(optimizer: Optimizer) -> dict[str, Any]:
    """`{class_name, config}`, which `deserialize` reads."""
    return {"class_name": type(optimizer).__name__, "config": optimizer.get_config()}


def deserialize(config: Mapping[str, Any] | str) -> Optimizer:
    """The optimizer of a serialized form; `{type, config}` of the training document is understood too."""
    if isinstance(config, str):
        return OPTIMIZERS.get(config)()
    cls = OPTIMIZERS.get(str(config.get("class_name") or config.get("type")))
    return cls.from_config(config.get("config") or {})
