"""Files that other tools read: `.keras`, `.weights.h5` and the older `.h5`, as Keras writes and reads them.

Names are loaded when they are first used: a script that keeps no file needs no HDF5.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lamina.files.compiled import compiled_from_keras as compiled_from_keras
    from lamina.files.compiled import compiled_to_keras as compiled_to_keras
    from lamina.files.model_file import ModelFile as ModelFile
    from lamina.files.model_file import load_weights as load_weights
    from lamina.files.model_file import model_config as model_config
    from lamina.files.model_file import read_model as read_model
    from lamina.files.model_file import restore_optimizer as restore_optimizer
    from lamina.files.model_file import save_model as save_model
    from lamina.files.model_file import save_weights as save_weights
    from lamina.files.topology import ReadModel as ReadModel
    from lamina.files.topology import model_from_keras as read_config

_NAMES = {
    "ModelFile": "model_file:ModelFile",
    "ReadModel": "topology:ReadModel",
    "compiled_from_keras": "compiled:compiled_from_keras",
    "compiled_to_keras": "compiled:compiled_to_keras",
    "load_weights": "model_file:load_weights",
    "model_config": "model_file:model_config",
    "read_config": "topology:model_from_keras",
    "read_model": "model_file:read_model",
    "restore_optimizer": "model_file:restore_optimizer",
    "save_model": "model_file:save_model",
    "save_weights": "model_file:save_weights",
}

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


def __getattr__(name: str) -> Any:
    if name not in _NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, attribute = _NAMES[name].partition(":")
    value = getattr(importlib.import_module(f"{__name__}.{module}"), attribute)
    globals()[name] = value
    return value
