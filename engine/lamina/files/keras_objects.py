"""How Keras writes one object as JSON, and how that is read without believing it.

Keras' form is `{module, class_name, config, registered_name}`. Only keys that Keras 3.0 knew are
written, so that every Keras 3 reads them. When reading, the class is looked up in the registries of
this library: a module that a file names is never imported. A key that is unknown here is let go
only where its value changes nothing; otherwise the file is refused, because a model that behaves
differently from the one that was saved would be worse than none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lamina import dtype_policies, layers
from lamina.activations import ACTIVATIONS
from lamina.constraints import CONSTRAINTS
from lamina.errors import ConfigError, FileFormatError
from lamina.fields import Declared
from lamina.initializers import INITIALIZERS
from lamina.layer import LAYERS, Layer
from lamina.layer.stored import is_own
from lamina.neutral import is_neutral
from lamina.registry import Registry
from lamina.regularizers import REGULARIZERS
from lamina.saving_registry import finish, is_lambda, own_object, serialize_keras_object
from lamina.text import Text

OBJECTS: Mapping[str, Registry[Any]] = {
    "initializers": INITIALIZERS,
    "regularizers": REGULARIZERS,
    "constraints": CONSTRAINTS,
}
"""Objects that are settings of layers, by Keras' module. No two share a name."""

LAYER_KEYS = {"name", "dtype", "batch_input_shape", "batch_shape"}
"""Keys of every layer that are not parameters of its class."""


def keras_object(
    module: str, class_name: str, config: Mapping[str, Any], **more: Any
) -> dict[str, Any]:
    """Keras' form of a built-in object."""
    return {
        "module": module,
        "class_name": class_name,
        "config": dict(config),
        "registered_name": None,
        **more,
    }


def refuse(en: str, zh: str) -> FileFormatError:
    """The error for content that is understood, but cannot be honoured."""
    return FileFormatError(Text(en, zh))


def short(value: object) -> str:
    """A value of a file, for a message: never more than a line."""
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:77]}..."


def as_mapping(value: object, what: str) -> Mapping[str, Any]:
    """The value, which must be a JSON object."""
    if not isinstance(value, Mapping):
        raise refuse(
            f"{what} should be an object, got {short(value)}.",
            f"{what} 应为对象，实际为 {short(value)}。",
        )
    return value


def as_list(value: object, what: str) -> list[Any]:
    """The value, which must be a JSON list."""
    if not isinstance(value, list):
        raise refuse(
            f"{what} should be a list, got {short(value)}.",
            f"{what} 应为列表，实际为 {short(value)}。",
        )
    return value


def as_text(value: object, what: str) -> str:
    """The value, which must be a string."""
    if not isinstance(value, str):
        raise refuse(
            f"{what} should be text, got {short(value)}.",
            f"{what} 应为文本，实际为 {short(value)}。",
        )
    return value


# ------------------------------------------------------------------------------------------- layers


def layer_to_keras(layer: Layer) -> dict[str, Any]:
    """Keras' form of one layer, without its place in the model."""
    if is_own(type(layer)):
        form: dict[str, Any] = serialize_keras_object(layer)
        return form
    config = layer.get_config()
    for name, value in config.items():
        if is_lambda(value):
            raise _unnamed(f'{name} of {type(layer).__name__} "{layer.name}"')
    return keras_object("keras.layers", layer.type_name, serialize_keras_object(config))


def _unnamed(what: str) -> ConfigError:
    """The error for a function without a name, which a file could not name."""
    return ConfigError(
        Text(
            f"{what} is a lambda and cannot be written into a file. Make it a function with a name and register it with "
            "keras.saving.register_keras_serializable, or save the weights alone (save_weights).",
            f"{what} 是 lambda，无法写入文件。请改为具名函数并用 keras.saving.register_keras_serializable 注册，"
            "或只保存权重（save_weights）。",
        )
    )


@dataclass(frozen=True)
class ReadLayer:
    """One serialized layer.

    Args:
        name: Its name.
        type: Type of its node.
        config: Parameters of the node.
        layer: The layer itself, where a document cannot describe it.
    """

    name: str
    type: str
    config: dict[str, Any]
    layer: Layer | None = None


def _policy_of(dtype: Any, what: str) -> str:
    """The name of a layer's dtype policy, which a file holds as a name or as an object; "float32" for none."""
    try:
        return "float32" if dtype is None else dtype_policies.get(dtype).name
    except ConfigError as error:
        raise refuse(f"{what}: {error.text.en}", f"{what}：{error.text.zh}") from error


def layer_from_keras(entry: Mapping[str, Any]) -> ReadLayer:
    """One serialized layer.

    Raises:
        FileFormatError: If there is no such layer here, or one of its settings cannot be honoured.
    """
    class_name = as_text(entry.get("class_name"), "class_name")
    config = as_mapping(entry.get("config"), f"config of {class_name}")
    name = as_text(entry.get("name") or config.get("name"), f"name of {class_name}")
    cls = layer_class(entry, class_name, name)
    config = cls.config_from_file(config)
    what = f'{class_name} "{name}"'
    policy = _policy_of(config.get("dtype"), what)
    if is_own(cls):
        return ReadLayer(name, cls.type_name, {}, _made(cls, entry, name, what))
    if cls.uses_call or any(_names_own(value) for value in config.values()):
        return ReadLayer(name, cls.type_name, {}, _made(cls, entry, name, what))
    given = {key: value for key, value in config.items() if key not in LAYER_KEYS}
    values = known_values(cls, given, what)
    if isinstance(axis := values.get("axis"), list) and len(axis) == 1:
        values["axis"] = axis[0]  # some layers write their one axis as a list
    if policy != dtype_policies.dtype_policy().name and "dtype_policy" in cls.declared_fields:
        values["dtype_policy"] = policy
    return ReadLayer(
        name,
        cls.type_name,
        {k: value_from_keras(v, f"{k} of {what}") for k, v in values.items()},
    )


def _names_own(value: Any) -> bool:
    """Whether a setting is an object or a function of a user's own, that is known."""
    return isinstance(value, Mapping) and "class_name" in value and own_object(value) is not None


def _made(cls: type[Layer], entry: Mapping[str, Any], name: str, what: str) -> Layer:
    """The layer of a class that a document cannot describe, built as the file says."""
    config = dict(as_mapping(entry.get("config"), f"config of {what}"))
    try:
        layer = cls.from_config(config)
        if is_own(cls):
            finish(layer, entry)
    except (TypeError, ValueError, KeyError, NotImplementedError) as error:
        hint = (
            " Objects in the configuration (layers, functions) have to be made again in from_config, by "
            "keras.saving.deserialize_keras_object."
            if isinstance(error, TypeError) and is_own(cls)
            else ""
        )
        raise refuse(
            f"{what} cannot be made from the configuration in the file: {error}{hint}",
            f"无法按文件中的配置创建 {what}：{error}",
        ) from error
    layer.name = name
    return layer


def layer_class(entry: Mapping[str, Any], class_name: str, name: str) -> type[Layer]:
    """The class for a serialized layer: one of this library, or a user's that is registered or was handed over."""
    module = entry.get("module")
    registered = entry.get("registered_name")
    is_keras = module is None or str(module).split(".")[0] in ("keras", "tensorflow", "tf_keras")
    is_custom = not is_keras or registered not in (None, class_name)
    own = own_object(entry)
    if isinstance(own, type) and issubclass(own, Layer):
        return own
    if is_custom:
        raise refuse(
            f'There is no layer {class_name} here, which "{name}" needs. If it is your own, register its class with '
            "@keras.saving.register_keras_serializable() before loading, or pass it: "
            f'custom_objects={{"{class_name}": {class_name}}}.',
            f"“{name}”所需的层 {class_name} 在此不可用。如果是自定义层，请先用 "
            f"@keras.saving.register_keras_serializable() 注册，或传入 custom_objects={{“{class_name}”: {class_name}}}。",
        )
    if class_name in LAYERS:
        return LAYERS.get(class_name)
    found = vars(layers).get(class_name)
    if isinstance(found, type) and issubclass(found, Layer) and found is not Layer:
        return found
    close = LAYERS.close_to(class_name)
    hint = f" It may be a misspelt {' or '.join(close)}." if close else ""
    raise refuse(
        f'There is no layer {class_name} here, which "{name}" needs.{hint}',
        f"“{name}”所需的层 {class_name} 在此不可用。",
    )


def known_values(cls: type[Declared], config: Mapping[str, Any], what: str) -> dict[str, Any]:
    """The settings that `cls` declares; the others must be ones that change nothing."""
    known: dict[str, Any] = {}
    for key, value in config.items():
        spec = cls.declared_fields.get(cls.aliases.get(key, key))
        if spec is not None and not spec.hidden:
            known[key] = value
        elif not is_neutral(key, value):
            raise refuse(
                f"{what} has {key} = {short(value)}, which is not supported here. "
                "Without it the model would behave differently, so it is not loaded.",
                f"{what} 设置了 {key} = {short(value)}，暂不支持。忽略它会改变模型的行为，因此不予加载。",
            )
    return known


# ------------------------------------------------------------------------------------------- values


def value_from_keras(value: Any, what: str) -> Any:
    """A setting in the form of the graph document: names and `{type, config}` for objects."""
    if not isinstance(value, Mapping):
        return value
    class_name = as_text(value.get("class_name"), f"class_name in {what}")
    if class_name == "function":
        return _function_name(value, what)
    registry = next((known for known in OBJECTS.values() if class_name in known), None)
    if registry is None:
        raise refuse(
            f"{what} is {class_name}, which is not known here. If it is your own, register it with keras.saving.register_keras_serializable before loading, or pass it in custom_objects.",
            f"{what} 为 {class_name}，暂不支持。",
        )
    cls = registry.get(class_name)
    config = as_mapping(value.get("config") or {}, f"config of {what}")
    return {"type": cls.__name__, "config": known_values(cls, config, what)}


def _function_name(value: Mapping[str, Any], what: str) -> str:
    """The name of a function that Keras wrote as an object."""
    name = as_text(value.get("config"), what)
    if name not in ACTIVATIONS:
        raise refuse(
            f"{what} is the function {short(name)}, which is not known here. If it is your own, register it with keras.saving.register_keras_serializable before loading, or pass it in custom_objects.",
            f"{what} 为函数 {short(name)}，暂不支持。",
        )
    return name
