"""Names under which classes and functions of users are written into files and found again.

The lowest module that deals with them: it knows no layer. What a file names is looked up here, in the objects handed
over with a call, and in tables that other modules add by `add_resolver`; a name is never imported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

import numpy as np
import torch

from lamina.errors import ConfigError, NotSupportedError
from lamina.neutral import known_settings
from lamina.origin import origin
from lamina.text import Text

T = TypeVar("T")
Resolver = Callable[[str, str], Any]
"""(module, class name) as a file states them -> the class, or None."""

_custom_objects: dict[str, Any] = {}
_registered_names: dict[Any, str] = {}
_resolvers: list[Resolver] = []
_scope: ContextVar[Mapping[str, Any]] = ContextVar("custom_objects", default={})  # noqa: B039 - never written to


def register_keras_serializable(
    package: str = "Custom", name: str | None = None
) -> Callable[[T], T]:
    """Decorator: files may name this class or function, as `package>name`.

    Args:
        package: What keeps the names of two libraries apart.
        name: The object's own name when left out.

    Raises:
        ConfigError: If the decorated class has no `get_config`.

    >>> @register_keras_serializable("Docs")
    ... def twice(x):
    ...     return 2 * x
    >>> get_registered_name(twice)
    'Docs>twice'
    """

    def register(obj: T) -> T:
        own = str(name or getattr(obj, "__name__", ""))
        if isinstance(obj, type) and not hasattr(obj, "get_config"):
            raise ConfigError(
                Text(
                    f"{own} cannot be registered: it has no get_config method. Add one that returns "
                    "the constructor's arguments as a dict.",
                    f"无法注册 {own}：缺少 get_config 方法。请添加该方法并以字典返回构造参数。",
                )
            )
        registered = f"{package}>{own}"
        _custom_objects[registered] = obj
        _registered_names[obj] = registered
        return obj

    return register


def get_custom_objects() -> dict[str, Any]:
    """The table of registered objects itself; what is put into it is known everywhere."""
    return _custom_objects


def get_registered_name(obj: Any) -> str:
    """`package>name` of a registered object, its own name otherwise."""
    try:
        known = _registered_names.get(obj)
    except TypeError:  # not hashable
        known = None
    return known or str(getattr(obj, "__name__", type(obj).__name__))


def get_registered_object(
    name: str,
    custom_objects: Mapping[str, Any] | None = None,
    module_objects: Mapping[str, Any] | None = None,
) -> Any:
    """The object of that name, or None: from the scope, the registry, then the two arguments."""
    for table in (_scope.get(), _custom_objects, custom_objects or {}, module_objects or {}):
        if name in table:
            return table[name]
    return None


class CustomObjectScope:
    """Within the block, these objects are known by their names.

    Args:
        custom_objects: Objects by name.

    >>> with CustomObjectScope({"three": 3}):
    ...     get_registered_object("three")
    3
    """

    def __init__(self, custom_objects: Mapping[str, Any] | None) -> None:
        self.custom_objects = dict(custom_objects or {})
        self._tokens: list[Any] = []

    def __enter__(self) -> CustomObjectScope:
        self._tokens.append(_scope.set({**_scope.get(), **self.custom_objects}))
        return self

    def __exit__(self, *_exception: object) -> None:
        _scope.reset(self._tokens.pop())


custom_object_scope = CustomObjectScope


def own_object(form: Mapping[str, Any]) -> Any:
    """The user's class or function that a form names; None where it names a built-in one or nothing that is known."""
    registered, name = form.get("registered_name"), form.get("class_name")
    if name == "function":
        found = get_registered_object(str(form.get("config")))
    else:
        found = None if registered is None else get_registered_object(str(registered))
    if found is None and str(form.get("module") or "").split(".")[0] not in ("keras", "builtins"):
        found = get_registered_object(str(name))
    return found


def made_of(form: Mapping[str, Any]) -> Any:
    """What `own_object` found, made from the form's configuration where it is a class; None for nothing."""
    found = own_object(form)
    if found is None or form.get("class_name") == "function":
        return found
    config = dict(form.get("config") or {})
    return found.from_config(config) if hasattr(found, "from_config") else found(**config)


def add_resolver(resolver: Resolver) -> None:
    """Let `deserialize_keras_object` find a library's own classes."""
    _resolvers.append(resolver)


@contextmanager
def without_registration() -> Iterator[None]:
    """Forget, at the end of the block, what was registered inside it; for tests."""
    objects, names = dict(_custom_objects), dict(_registered_names)
    try:
        yield
    finally:
        _custom_objects.clear()
        _custom_objects.update(objects)
        _registered_names.clear()
        _registered_names.update(names)


def is_lambda(obj: Any) -> bool:
    """Whether a value is a function without a name."""
    return getattr(obj, "__name__", "") == "<lambda>"


def serialize_keras_object(obj: Any) -> Any:
    """The JSON form of an object, as Keras 3 writes it.

    Raises:
        NotSupportedError: For a lambda: its code would have to be run when the file is read.
        ConfigError: For an object without `get_config`.
    """
    if obj is None or isinstance(obj, (bool, int, float, str)):
        return obj
    if isinstance(obj, (np.bool_, np.integer, np.floating)):
        return obj.item()
    if isinstance(obj, (list, tuple)):  # JSON makes both a list
        return type(obj)([serialize_keras_object(each) for each in obj])
    if isinstance(obj, Mapping):
        return {key: serialize_keras_object(value) for key, value in obj.items()}
    if isinstance(obj, bytes):
        return _plain("__bytes__", {"value": obj.decode(errors="surrogateescape")})
    if isinstance(obj, slice):
        bounds = {"start": obj.start, "stop": obj.stop, "step": obj.step}
        return _plain("__slice__", {k: serialize_keras_object(v) for k, v in bounds.items()})
    if obj is Ellipsis:
        return _plain("__ellipsis__", {})
    if isinstance(obj, torch.dtype):
        return str(obj).removeprefix("torch.")
    if isinstance(obj, torch.Tensor):
        dtype = str(obj.dtype).removeprefix("torch.")
        return _plain("__tensor__", {"value": obj.detach().cpu().tolist(), "dtype": dtype})
    if isinstance(obj, np.ndarray):
        return _plain("__numpy__", {"value": obj.tolist(), "dtype": str(obj.dtype)})
    if is_lambda(obj):
        raise NotSupportedError(
            Text(
                "A lambda cannot be written into a file. Make it a named function and register it "
                "with register_keras_serializable.",
                "lambda 无法写入文件。请改为具名函数，并用 register_keras_serializable 注册。",
            )
        )
    if callable(obj) and not isinstance(obj, type) and not hasattr(obj, "get_config"):
        return {
            "module": _module_of(obj),
            "class_name": "function",
            # Keras finds a function by this, not by the key that is called so
            "config": get_registered_name(obj),
            "registered_name": get_registered_name(obj),
        }
    if not hasattr(obj, "get_config"):
        raise ConfigError(
            Text(
                f"{type(obj).__name__} has no get_config, so it cannot be written down. Add one.",
                f"{type(obj).__name__} 没有 get_config，无法序列化。请添加该方法。",
            )
        )
    cls = type(obj)
    is_ours = _is_ours(cls)
    form = {
        "module": _module_of(cls),
        "class_name": cls.__name__,
        "config": serialize_keras_object(getattr(obj, "config_for_file", obj.get_config)()),
        "registered_name": None if is_ours else get_registered_name(cls),
    }
    for key in () if is_ours else ("build_config", "compile_config"):
        more = getattr(obj, f"get_{key}", lambda: None)()
        if more is not None:
            form[key] = serialize_keras_object(more)
    return form


def deserialize_keras_object(
    config: Any,
    custom_objects: Mapping[str, Any] | None = None,
    safe_mode: bool = True,  # noqa: ARG001 - code in a config is never run, whatever it says
    **kwargs: Any,
) -> Any:
    """The object of a JSON form that `serialize_keras_object` or Keras 3 wrote.

    Args:
        config: The JSON form.
        custom_objects: Objects by name, besides the registered ones.
        safe_mode: Taken for the sake of Keras scripts.
        kwargs: `module_objects`, one more table of objects.

    Raises:
        ConfigError: If it names something that is not known here.
        NotSupportedError: For a lambda.
    """
    module_objects = kwargs.pop("module_objects", None)
    if kwargs:
        raise TypeError(f"deserialize_keras_object has no argument {next(iter(kwargs))!r}.")
    tables = {**(module_objects or {}), **(custom_objects or {})}

    def back(form: Any) -> Any:
        return deserialize_keras_object(form, custom_objects, module_objects=module_objects)

    if isinstance(config, (list, tuple)):
        return type(config)([back(each) for each in config])
    if isinstance(config, str) and module_objects is not None:
        return _known(config, "", tables)
    if not isinstance(config, Mapping):
        return config
    if "class_name" not in config or "config" not in config:
        return {key: back(value) for key, value in config.items()}
    name, inner = str(config["class_name"]), config["config"]
    if name in _PLAIN:
        return _PLAIN[name](inner, back)
    if name == "__lambda__":
        raise NotSupportedError(
            Text(
                "The file holds a lambda, which is code; code in a file is never run. Save it with a "
                "named, registered function.",
                "文件中包含 lambda 代码；文件中的代码不会被执行。请改用已注册的具名函数后重新保存。",
            )
        )
    module = str(config.get("module") or "")
    registered = config.get("registered_name")
    if name == "function":
        return _known(str(registered or inner), module, tables, str(inner))
    cls = _known(str(registered or name), module, tables, name)
    # Layers and a user's classes read the objects in their configuration themselves, as in Keras.
    reads_forms = not _is_ours(cls) or hasattr(cls, "build_from_config")
    values = dict(inner) if reads_forms else back(inner)
    if not reads_forms and hasattr(cls, "declared_fields"):
        values = known_settings(cls, values)
    with CustomObjectScope(custom_objects):
        made = cls.from_config(values) if hasattr(cls, "from_config") else cls(**values)
        if not _is_ours(cls):
            finish(made, config)
    return made


def finish(made: Any, form: Mapping[str, Any]) -> None:
    """Build and compile an object of a user's class as the form says it was."""
    build_config = form.get("build_config")
    if build_config and not getattr(made, "built", True):
        made.build_from_config(build_config)
        made.built = True
    compile_config = form.get("compile_config")
    if compile_config and hasattr(made, "compile_from_config"):
        made.compile_from_config(compile_config)


def _known(name: str, module: str, tables: Mapping[str, Any], short: str = "") -> Any:
    """The object behind a name of a file."""
    for candidate in (name, short or name):
        found = get_registered_object(candidate, tables)
        if found is not None:
            return found
    for resolver in _resolvers:
        found = resolver(module, short or name)
        if found is not None:
            return found
    raise ConfigError(
        Text(
            f'"{name}" is not known here. Register its class with register_keras_serializable, or pass it '
            "in custom_objects.",
            f"未知的“{name}”。请用 register_keras_serializable 注册该类，或通过 custom_objects 传入。",
        )
    )


def _plain(name: str, config: Mapping[str, Any]) -> dict[str, Any]:
    return {"class_name": name, "config": dict(config)}


def _is_ours(obj: Any) -> bool:
    """Whether a class or function is the library's; a registered one is its user's."""
    return origin(obj) == "lamina" and get_registered_name(obj) not in _custom_objects


def _module_of(obj: Any) -> str | None:
    """Keras' module of a class of this library; of a user's class its own, which nobody ever imports."""
    module = str(getattr(obj, "__module__", ""))
    if not _is_ours(obj):
        return module
    parts = module.split(".")
    if len(parts) == 1 or parts[1] == "model":
        return "keras"
    return ".".join(["keras", parts[1], *(part for part in parts[2:3] if part == "schedules")])


_PLAIN: Mapping[str, Callable[[Any, Callable[[Any], Any]], Any]] = {
    "__bytes__": lambda config, _: str(config["value"]).encode(errors="surrogateescape"),
    "__slice__": lambda config, _: slice(config["start"], config["stop"], config["step"]),
    "__ellipsis__": lambda _config, _: Ellipsis,
    "__tensor__": lambda config, _: torch.as_tensor(np.array(config["value"], config["dtype"])),
    "__numpy__": lambda config, _: np.array(config["value"], dtype=config["dtype"]),
}
"""Values that JSON has no form of."""
