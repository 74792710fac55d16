"""Small objects that a user gives by name, by configuration, as a class, as an object or as a function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lamina.errors import ConfigError
from lamina.neutral import known_settings
from lamina.registry import Registry
from lamina.saving_registry import get_registered_object, made_of
from lamina.text import Text


def find(registry: Registry[type[Any]], identifier: Any) -> Any:
    """The object for what a user may write; None stays None, a function stays itself.

    Raises:
        ConfigError: If there is no such object or its parameters cannot be.
    """
    if identifier is None:
        return None
    if isinstance(identifier, type):
        return identifier()
    if callable(identifier):
        return identifier
    if isinstance(identifier, str):
        if identifier not in registry and (own := get_registered_object(identifier)) is not None:
            return own() if isinstance(own, type) else own
        return registry.get(identifier)()
    if isinstance(identifier, Mapping):
        if (own := made_of(identifier)) is not None:
            return own
        name = identifier.get("type", identifier.get("class_name"))
        config = identifier.get("config") or {}
        if isinstance(name, str) and isinstance(config, Mapping):
            cls = registry.get(name)
            return cls.from_config(known_settings(cls, config))
    raise ConfigError(
        Text(
            f"a {registry.kind} is a name, an object or a function, got {identifier!r}.",
            f"{registry.kind_zh}应为名称、对象或函数，实际为 {identifier!r}。",
        )
    )


def read(
    registry: Registry[type[Any]], config: Any, custom_objects: Mapping[str, Any] | None
) -> Any:
    """`find`, with a user's own classes or functions by name going first."""
    is_object = isinstance(config, Mapping)
    name = config.get("type", config.get("class_name")) if is_object else config
    own = (custom_objects or {}).get(name) if isinstance(name, str) else None
    if own is None:
        return find(registry, config)
    if not isinstance(own, type):
        return own
    return own(**(config.get("config") or {})) if is_object else own()


def write(
    registry: Registry[type[Any]], value: Any, spelled: Callable[[type[Any]], str]
) -> str | dict[str, Any] | None:
    """The name alone when all parameters are the defaults, else `{"type", "config"}`.

    Args:
        spelled: The name of a registered class as people write it: "l2".

    Raises:
        ConfigError: If the value is a user's own: a file could not name it.
    """
    if value is None:
        return None
    cls = type(value)
    if all(cls is not known for known in registry):
        shown = getattr(value, "__name__", cls.__name__)
        raise ConfigError(
            Text(
                f'The {registry.kind} "{shown}" is your own and cannot be written into a file. '
                f"Use one of {', '.join(registry.names())}.",
                f"{registry.kind_zh}“{shown}”是自定义的，无法写入文件。请使用 {'、'.join(registry.names())} 之一。",
            )
        )
    config = value.get_config()
    changed = {k: v for k, v in config.items() if v != cls.default_config().get(k)}
    return {"type": cls.__name__, "config": changed} if changed else spelled(cls)


def shown(
    registry: Registry[type[Any]], value: Any, spelled: Callable[[type[Any]], str]
) -> str | dict[str, Any] | None:
    """Like `write`, but of a user's own object there is its name alone, which no document is read back from.

    A model in memory has a document, too, and uses the object itself.
    """
    if value is not None and all(type(value) is not known for known in registry):
        return str(getattr(value, "__name__", type(value).__name__))
    return write(registry, value, spelled)
