"""The arguments of a call as Keras writes them, and back: tensors by what made them, all else as values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch

from lamina.calls import Slot
from lamina.files.keras_objects import as_mapping, refuse, short
from lamina.saving_registry import deserialize_keras_object, serialize_keras_object

TENSOR = "__keras_tensor__"
VALUES = {"__slice__", "__ellipsis__", "__numpy__", "__tensor__", "__bytes__"}
"""Forms of plain values."""
FIXED = "fixed_training"
"""Our key beside the arguments of a call: `training` as it was given. Keras writes every layer's default among the
arguments, so those do not say whether anybody gave it; what stands beside them it lets be."""


def to_form(value: Any, tensor: Callable[[int], Any]) -> Any:
    """Keras' form of an argument, with `tensor(index)` for each slot."""
    if isinstance(value, Slot):
        return tensor(value.index)
    if isinstance(value, (list, tuple)):
        return [to_form(item, tensor) for item in value]
    if isinstance(value, Mapping):
        return {key: to_form(item, tensor) for key, item in value.items()}
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu().numpy()
        return value.item() if value.ndim == 0 else serialize_keras_object(value)
    return serialize_keras_object(value)


def from_form(value: Any, tensor: Callable[[Any], Slot], what: str) -> Any:
    """An argument, with `tensor(history)` for each tensor.

    Raises:
        FileFormatError: If it is anything but tensors, numbers, texts, slices and arrays.
    """
    if isinstance(value, list):
        return [from_form(item, tensor, what) for item in value]
    if not isinstance(value, Mapping):
        return value
    class_name = value.get("class_name")
    if class_name is None:
        return {key: from_form(item, tensor, what) for key, item in value.items()}
    if class_name == TENSOR:
        return tensor(as_mapping(value.get("config"), TENSOR).get("keras_history"))
    if class_name in VALUES:
        try:
            plain = deserialize_keras_object(value)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise refuse(
                f"{what} is called with {short(value)}, which is no value: {error}",
                f"调用 {what} 时使用了 {short(value)}，无法解读：{error}",
            ) from error
        return plain if not isinstance(plain, (torch.Tensor, np.ndarray)) else np.asarray(plain)
    raise refuse(
        f"{what} is called with {short(value)}, which is not supported; only tensors and plain values are.",
        f"调用 {what} 时使用了 {short(value)}，暂不支持；只支持张量和普通值。",
    )


def without_neutral(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Keywords without those that say nothing; `training` is told apart elsewhere."""
    return {key: value for key, value in kwargs.items() if value is not None and key != "training"}
