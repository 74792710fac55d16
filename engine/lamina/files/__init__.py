"""Files that other tools read: `.keras`, `.weights.h5` and the older `.h5`, as Keras writes and reads them."""

from lamina.files.compiled import compiled_from_keras, compiled_to_keras
from lamina.files.model_file import (
    ModelFile,
    load_weights,
    model_config,
    read_model,
    restore_optimizer,
    save_model,
    save_weights,
)
from lamina.files.topology import ReadModel
from lamina.files.topology import model_from_keras as read_config

__all__ = [
    "ModelFile",
    "ReadModel",
    "compiled_from_keras",
    "compiled_to_keras",
    "load_weights",
    "model_config",
    "read_config",
    "read_model",
    "restore_optimizer",
    "save_model",
    "save_weights",
]
