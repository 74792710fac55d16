"""Objects from what a user writes, for every registry of declared classes: a name, a class, a form with a config."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from lamina.errors import ConfigError
from lamina.fields import Declared
from lamina.registry import Registry
from lamina.text import Text

T = TypeVar("T", bound=Declared)


@dataclass(frozen=True)
class Lookup(Generic[T]):
    """`get`, `serialize` and `deserialize` of one registry.

    Args:
        registry: The classes by name.
        base: What they all derive from.
        module: Keras' name of the module, for serialized forms.
        functions: The plain functions by name, where there are any.
    """

    registry: Registry[type[T]]
    base: type[Any]
    module: str
    functions: Mapping[str, Callable[..., Any]]

    def get(self, identifier: Any) -> Any:
        """What a name, a class, an object, a function or a `{class_name, config}` stands for.

        Raises:
            ConfigError: If there is no such thing; the message offers names that look like it.
        """
        if identifier is None or isinstance(identifier, self.base):
            return identifier
        if isinstance(identifier, str):
            return self.functions.get(identifier) or self.registry.get(identifier)()
        if isinstance(identifier, Mapping):
            return self.deserialize(identifier)
        if isinstance(identifier, type) and issubclass(identifier, self.base):
            return identifier()
        if callable(identifier):
            return identifier
        kind, kind_zh = self.registry.kind, self.registry.kind_zh
        raise ConfigError(
            Text(
                f"A {kind} is a name, an object or a function of (y_true, y_pred), got {identifier!r}.",
                f"{kind_zh}应为名称、对象或函数 (y_true, y_pred)，实际为 {identifier!r}。",
            ),
            field=kind,
        )

    def serialize(self, value: Any) -> dict[str, Any]:
        """`{module, class_name, config, registered_name}`, which `deserialize` reads."""
        if not isinstance(value, Declared):
            name = getattr(value, "__name__", str(value))
            return _form("builtins", "function", name, "function")
        cls = type(value)
        name = cls.__name__
        is_ours = name in self.registry and self.registry.get(name) is cls
        return _form(
            self.module if is_ours else cls.__module__,
            name,
            value.get_config(),
            None if is_ours else name,
        )

    def deserialize(self, config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
        """What a serialized form stands for; `{type, config}` of the training document is understood too.

        Args:
            config: A name, or a form that `serialize` or Keras wrote.
            custom_objects: Classes and functions of one's own by name.
        """
        custom = custom_objects or {}
        if isinstance(config, str):
            return custom[config] if config in custom else self.get(config)
        name = str(config.get("class_name") or config.get("type"))
        if name == "function":
            return self.deserialize(str(config["config"]), custom)
        cls = custom[name] if name in custom else self.registry.get(name)
        return cls.from_config(config.get("config") or {})


def _form(module: str, class_name: str, config: Any, registered: str | None) -> dict[str, Any]:
    return {
        "module": module,
        "class_name": class_name,
        "config": config,
        "registered_name": registered,
    }
