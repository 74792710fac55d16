"""Models as configurations: `to_json`, `model_from_json` and `from_config`, without weights."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lamina.errors import ConfigError
from lamina.files.archive import MAX_JSON_BYTES
from lamina.files.keras_objects import as_mapping, layer_from_keras
from lamina.files.topology import is_graph, model_from_keras
from lamina.model import Model, Sequential, made
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
        if config.get("class_name") == "Sequential" and is_graph(config):
            return Sequential.from_config(as_mapping(config.get("config"), "config of Sequential"))
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
