"""The registry of `keras.saving`, with this library's own classes known by Keras' module names."""

from __future__ import annotations

import importlib
from typing import Any

from lamina.saving_registry import (
    CustomObjectScope,
    add_resolver,
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
    "register_keras_serializable",
    "serialize_keras_object",
]

_KNOWN = frozenset(
    {
        "activations",
        "callbacks",
        "constraints",
        "initializers",
        "layers",
        "losses",
        "metrics",
        "optimizers",
        "random",
        "regularizers",
    }
)


_MODELS = {"Sequential": "Sequential", "Functional": "Model", "Model": "Model"}
_MODEL_MODULES = (
    "keras",
    "keras.models",
    "keras.src.models.functional",
    "keras.src.models.sequential",
)


def _library(module: str, name: str) -> Any:
    """A class of this library, for `keras.layers` and its like; a file can name no other module."""
    if name in _MODELS and module in _MODEL_MODULES:
        return getattr(importlib.import_module("lamina.model"), _MODELS[name])
    package, *parts = module.split(".")
    # Keras with torch writes the inner module of an optimizer, keras.src.backend.torch.optimizers.torch_sgd
    kind = next((part for part in parts if part in _KNOWN), None)
    kind = "optimizers.schedules" if "schedules" in parts else kind
    if package not in ("keras", "lamina") or kind is None or name.startswith("_"):
        return None
    try:
        found = getattr(importlib.import_module(f"lamina.{kind}"), name, None)
    except ModuleNotFoundError:
        return None
    return found if isinstance(found, type) or kind == "activations" else None


add_resolver(_library)
