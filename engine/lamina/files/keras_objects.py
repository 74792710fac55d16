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
from typing import Any

from lamina.activations import ACTIVATIONS
from lamina.constraints import CONSTRAINTS
from lamina.errors import ConfigError, FileFormatError
from lamina.fields import Declared
from lamina.initializers import INITIALIZERS
from lamina.layer import LAYERS, Layer
from lamina.registry import Registry
from lamina.regularizers import REGULARIZERS
from lamina.text import Text

HARMLESS = {
    "autocast",
    "implementation",  # of recurrent layers: the same numbers by another way
    "input_length",  # Embedding, Keras 2
    "renorm_momentum",  # without renorm
    "synchronized",  # statistics over replicas, of which there is one
    "time_major",
    "unroll",
    "use_cudnn",
    "zero_output_for_mask",  # without a mask
    "lora_alpha",  # without lora_rank
}
"""Keys that may have any value: the result does not depend on them."""

NEUTRAL: Mapping[str, tuple[Any, ...]] = {
    "attention_axes": ([1],),  # the one axis there is between batch and features
    "recurrent_dropout": (0,),
}
"""Keys with the values, beside null and false, that change nothing."""

OBJECTS: Mapping[str, Registry[Any]] = {
    "initializers": INITIALIZERS,
    "regularizers": REGULARIZERS,
    "constraints": CONSTRAINTS,
}
"""Objects that are settings of layers, by Keras' module. No two share a name."""

OPERATIONS = {"Add": "Add"}
"""Operators on tensors, such as `x + y`, that do what one of our layers does."""

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
    config = {"name": layer.name, "dtype": layer.dtype, **layer.get_config()}
    for name in layer.declared_fields:
        value = getattr(layer, name)
        module = module_of(value)
        if name.endswith(("_regularizer", "_constraint")) and value is not None and module is None:
            raise _unnamed(f'{name} of {type(layer).__name__} "{layer.name}"')
        if module is not None:
            config[name] = keras_object(f"keras.{module}", type(value).__name__, value.get_config())
    return keras_object("keras.layers", layer.type_name, config)


def _unnamed(what: str) -> ConfigError:
    """The error for an object of a user's own, which a file could not name."""
    return ConfigError(
        Text(
            f"{what} is your own and cannot be written into a file. Use a built-in one, or save the weights alone "
            "(save_weights).",
            f"{what} 是自定义的，无法写入文件。请使用内置对象，或只保存权重（save_weights）。",
        )
    )


def module_of(value: object) -> str | None:
    """Keras' module of an object that is a setting of a layer; None for anything else."""
    return next(
        (module for module, known in OBJECTS.items() if any(type(value) is cls for cls in known)),
        None,
    )


def layer_from_keras(entry: Mapping[str, Any]) -> tuple[str, str, dict[str, Any]]:
    """Name, node type and parameters of one serialized layer.

    Raises:
        FileFormatError: If there is no such layer here, or one of its settings cannot be honoured.
    """
    class_name = as_text(entry.get("class_name"), "class_name")
    config = as_mapping(entry.get("config"), f"config of {class_name}")
    name = as_text(config.get("name"), f"name of {class_name}")
    cls = layer_class(entry, class_name, name)
    config = cls.config_from_file(config)
    what = f'{class_name} "{name}"'
    dtype = config.get("dtype")
    if isinstance(dtype, Mapping):
        dtype = as_mapping(dtype.get("config"), f"dtype of {what}").get("name")
    if dtype not in (None, "float32"):
        raise refuse(
            f"{what} computes in {short(dtype)}; only float32 is supported.",
            f"{what} 以 {short(dtype)} 计算；仅支持 float32。",
        )
    given = {key: value for key, value in config.items() if key not in LAYER_KEYS}
    values = known_values(cls, given, what)
    if isinstance(axis := values.get("axis"), list) and len(axis) == 1:
        values["axis"] = axis[0]  # some layers write their one axis as a list
    return (
        name,
        cls.type_name,
        {k: value_from_keras(v, f"{k} of {what}") for k, v in values.items()},
    )


def layer_class(entry: Mapping[str, Any], class_name: str, name: str) -> type[Layer]:
    """The class of this library for a serialized layer."""
    module = entry.get("module")
    registered = entry.get("registered_name")
    is_keras = module is None or str(module).split(".")[0] in ("keras", "tensorflow", "tf_keras")
    is_custom = not is_keras or registered not in (None, class_name)
    if class_name == "Lambda":
        raise refuse(
            f'"{name}" is a Lambda layer: it holds program code, which is never run from a file.',
            f"“{name}”是 Lambda 层：其中包含程序代码，绝不会从文件中执行。",
        )
    if is_keras and ".ops." in str(module):
        if class_name not in OPERATIONS:
            raise refuse(
                f'"{name}" is the operation {class_name} on tensors; operations cannot be read yet, only layers.',
                f"“{name}”是对张量的运算 {class_name}；暂时只能读取层，不能读取运算。",
            )
        return LAYERS.get(OPERATIONS[class_name])
    if is_custom or class_name not in LAYERS:
        close = [] if is_custom else LAYERS.close_to(class_name)
        hint = f" It may be a misspelt {' or '.join(close)}." if close else ""
        raise refuse(
            f'There is no layer {class_name} here, which "{name}" needs.{hint}',
            f"“{name}”所需的层 {class_name} 在此不可用。",
        )
    return LAYERS.get(class_name)


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


def is_neutral(key: str, value: object) -> bool:
    """Whether leaving out a setting leaves the behaviour as it is."""
    return value is None or value is False or key in HARMLESS or value in NEUTRAL.get(key, ())


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
            f"{what} is {class_name}, which is not supported here.",
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
            f"{what} is the function {short(name)}, which is not supported here.",
            f"{what} 为函数 {short(name)}，暂不支持。",
        )
    return name


def declared_from_keras(cls: type[Declared], config: Mapping[str, Any], what: str) -> Any:
    """An object of `cls` (a loss, a metric, an optimizer …) from its serialized settings."""
    try:
        return cls.from_config(known_values(cls, config, what))
    except (ConfigError, TypeError, ValueError) as error:
        raise refuse(f"{what}: {error}", f"{what}：{error}") from error
