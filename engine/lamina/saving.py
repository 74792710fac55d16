"""`keras.saving` and `keras.models.load_model`: models back from files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from lamina.files.compiled import compiled_from_keras
from lamina.files.model_file import (
    ModelFile,
    load_weights,
    read_model,
    restore_optimizer,
    save_model,
    save_weights,
)
from lamina.model import Model, made
from lamina.refused import absent
from lamina.utils.serialization import (
    CustomObjectScope,
    custom_object_scope,
    deserialize_keras_object,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
    serialize_keras_object,
)

__all__ = [
    "CustomObjectScope",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "load_model",
    "load_weights",
    "register_keras_serializable",
    "save_model",
    "save_weights",
    "serialize_keras_object",
]


def load_model(
    filepath: str | Path,
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,  # noqa: A002 - Keras' name
    safe_mode: bool = True,  # noqa: ARG001 - see below
) -> Model:
    """The model of a `.keras` or `.h5` file, written by this library or by Keras (`.h5` also by Keras 2).

    Classes and functions of one's own are known by `register_keras_serializable`, or by `custom_objects`; a module
    that a file names is never imported.

    Args:
        filepath: The file.
        custom_objects: One's own classes and functions by name.
        compile: Whether to compile it as it was when saved, with the optimizer's state.
        safe_mode: Taken for the sake of Keras scripts; code in a file is never run, whatever it
            says.

    Raises:
        FileFormatError: If the file is damaged, hostile, or holds something that is not known here.
        MissingFileError: If there is no such file.
    """
    with CustomObjectScope(custom_objects):
        file = read_model(filepath, compiled=compile)
        if not isinstance(file, ModelFile):
            assert isinstance(file, Model)
            return file
        arguments = None
        if compile and file.compile_config is not None:
            # before the costly part: it may refuse
            arguments = compiled_from_keras(file.compile_config)
        model = made(file.read)
        for path, values in file.weights.items():
            layer: Any = model
            for node_id in path.split("/"):
                layer = layer.layers_by_node[node_id]
            layer.set_weights(values)
        if arguments is not None:
            model.compile(**arguments)
            if file.optimizer_state:
                restore_optimizer(model.optimizer, model, file.optimizer_state)
        return model


def __getattr__(name: str) -> NoReturn:
    raise absent(__name__, name)
