"""Optimizers from what a user writes: a name, an object or a serialized form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lamina.errors import ConfigError
from lamina.foreign import shown
from lamina.optimizers.optimizer import OPTIMIZERS, WRAPPERS, Optimizer
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
        return class_of(identifier)()
    if isinstance(identifier, Mapping):
        return deserialize(identifier)
    if isinstance(identifier, type) and issubclass(identifier, Optimizer):
        return identifier()
    raise ConfigError(
        Text(
            f"An optimizer is a name or an Optimizer, {shown(identifier).en}",
            f"优化器应为名称或 Optimizer 对象，{shown(identifier).zh}",
        ),
        field="optimizer",
    )


def serialize(optimizer: Optimizer) -> dict[str, Any]:
    """Keras' serialized form, which `deserialize` reads."""
    is_known = _is_known(type(optimizer))
    return {
        "module": "keras.optimizers" if is_known else type(optimizer).__module__,
        "class_name": type(optimizer).__name__,
        "config": optimizer.get_config(),
        "registered_name": None if is_known else type(optimizer).__name__,
    }


def deserialize(
    config: Mapping[str, Any] | str, custom_objects: Mapping[str, Any] | None = None
) -> Optimizer:
    """The optimizer of a serialized form; `{type, config}` of the training document is understood too.

    Args:
        config: The form, or a name alone.
        custom_objects: Classes of one's own by name.
    """
    if isinstance(config, str):
        config = {"class_name": config}
    name = str(config.get("class_name") or config.get("type"))
    cls = (custom_objects or {}).get(name) or class_of(name)
    return cls.from_config(dict(config.get("config") or {}))


def class_of(name: str) -> type[Optimizer]:
    """The optimizer of that name, whatever its case; it need not be one that a training document can name."""
    for registry in (OPTIMIZERS, WRAPPERS):
        for spelling in (name, name.lower()):
            if spelling in registry:
                return registry.get(spelling)
    return OPTIMIZERS.get(name)  # says which there are


def _is_known(cls: type[Optimizer]) -> bool:
    registry = OPTIMIZERS if cls.__name__ in OPTIMIZERS else WRAPPERS
    return cls.__name__ in registry and registry.get(cls.__name__) is cls
