"""Models as configurations: `to_json`, `model_from_json`, `from_config` and `clone_model`, without weights."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from lamina.errors import ConfigError, NotSupportedError
from lamina.files.archive import MAX_JSON_BYTES
from lamina.files.keras_objects import layer_from_keras
from lamina.files.model_file import model_config
from lamina.files.topology import is_graph, model_from_keras
from lamina.layer import Layer
from lamina.model import Model, made
from lamina.saving_registry import CustomObjectScope
from lamina.text import Text


def to_json(model: Model, **options: Any) -> str:
    """The model's layers and links as JSON, as Keras 3 writes and reads it.

    Args:
        model: A built model.
        options: Passed to `json.dumps`.
    """
    return model.to_json(**options)


def model_from_json(json_string: str, custom_objects: Mapping[str, Any] | None = None) -> Model:
    """The model of a text that `to_json` wrote, here or in Keras, with fresh weights.

    Raises:
        ConfigError: If it is no JSON object.
        FileFormatError: If it holds something that does not exist here.
    """
    try:
        if len(json_string) > MAX_JSON_BYTES:
            raise ValueError("it is longer than any model needs")
        config = json.loads(json_string)
        if not isinstance(config, dict):
            raise ValueError(f"it holds a {type(config).__name__}, not an object")
    except (ValueError, TypeError, RecursionError) as error:
        raise ConfigError(
            Text(
                f"model_from_json takes the text that to_json gives; this is none ({error}).",
                f"model_from_json 需要 to_json 生成的文本；传入的内容无效（{error}）。",
            )
        ) from error
    return from_config(config, custom_objects)


def from_config(
    config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
) -> Model:
    """The model of Keras' form `{class_name, config}`, with fresh weights."""
    with CustomObjectScope(custom_objects):
        if is_graph(config):
            return made(model_from_keras(config))
        model = layer_from_keras(config).layer
    if not isinstance(model, Model):
        raise ConfigError(
            Text(
                f"The text describes a {type(model).__name__}, which is no model.",
                f"文本描述的是 {type(model).__name__}，不是模型。",
            )
        )
    return model


def clone_model(
    model: Model,
    input_tensors: Any = None,
    clone_function: Callable[[Layer], Layer] | None = None,
    call_function: Any = None,
    recursive: bool = False,
    **kwargs: Any,
) -> Model:
    """A model of the same layers with fresh weights.

    Args:
        model: A built Sequential or functional model; it is not changed.
        input_tensors, clone_function, call_function: Not supported yet; leave them out.
        recursive: Taken for Keras' sake: there are no models inside models here.

    Raises:
        NotSupportedError: If one of those is given.
    """
    del recursive
    given = {
        "input_tensors": input_tensors,
        "clone_function": clone_function,
        "call_function": call_function,
        **kwargs,
    }
    for name, value in given.items():
        if value is not None:
            raise NotSupportedError(
                Text(
                    f"clone_model copies a model as it is; {name} is not supported yet.",
                    f"clone_model 只按原样复制模型；暂不支持 {name}。",
                )
            )
    return from_config(_built_config(model))


def _built_config(model: Model) -> dict[str, Any]:
    if not model.built:
        raise ConfigError(
            Text(
                f'"{model.name}" does not know the shape of its input yet. Add an Input or call build.',
                f"“{model.name}”尚不知道输入形状。请添加 Input 或调用 build。",
            )
        )
    return model_config(model)
