"""Calls of layers: what they are made of, and what holds while one runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lamina.devices import elsewhere
from lamina.errors import ConfigError
from lamina.text import Text


@dataclass(frozen=True)
class Slot:
    """The place of a tensor in the arguments of a call."""

    index: int


def take_apart(value: Any, leaves: list[Any], is_leaf: Callable[[Any], bool]) -> Any:
    """The same nest of lists, tuples and dicts with a `Slot` for each leaf, which is put into `leaves`."""
    if is_leaf(value):
        leaves.append(value)
        return Slot(len(leaves) - 1)
    if type(value) is tuple:
        return tuple([take_apart(item, leaves, is_leaf) for item in value])
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(take_apart(item, leaves, is_leaf) for item in value))
    if isinstance(value, (list, tuple)):
        return type(value)(take_apart(item, leaves, is_leaf) for item in value)
    if isinstance(value, dict):
        return {key: take_apart(item, leaves, is_leaf) for key, item in value.items()}
    return value


def put_together(structure: Any, leaves: Sequence[Any]) -> Any:
    """The reverse of `take_apart`."""
    return mapped(lambda slot: leaves[slot.index], structure, lambda x: isinstance(x, Slot))


def is_deep(nest: Any) -> bool:
    """Whether a nest with slots has more than one level: a list or dict in which there is another."""
    items = (
        nest.values() if isinstance(nest, dict) else nest if isinstance(nest, (list, tuple)) else ()
    )
    return any(not isinstance(item, Slot) for item in items)


def in_slots(nest: Any, value: Any, what: Text) -> list[Any]:
    """What stands in a value at the places of a nest's slots, in their order.

    Args:
        what: What the value is, for messages.

    Raises:
        ConfigError: If the value is another nest.
    """
    found: dict[int, Any] = {}
    if not _fill_slots(nest, value, found):
        raise ConfigError(
            Text(
                f"The {what.en} must be nested as in the model: {_outline(nest)}.",
                f"{what.zh}的嵌套结构应与模型一致：{_outline(nest)}。",
            )
        )
    return [found[index] for index in sorted(found)]


def fits_nest(nest: Any, value: Any) -> bool:
    """Whether a value has something at the place of each slot of a nest."""
    return _fill_slots(nest, value, {})


def _fill_slots(nest: Any, value: Any, found: dict[int, Any]) -> bool:
    if isinstance(nest, Slot):
        found[nest.index] = value
        return True
    if isinstance(nest, dict):
        fits = isinstance(value, Mapping) and set(nest) <= set(value)
        return fits and all(_fill_slots(item, value[key], found) for key, item in nest.items())
    fits = isinstance(value, (list, tuple)) and len(nest) == len(value)
    return fits and all(_fill_slots(*pair, found) for pair in zip(nest, value, strict=True))


def _outline(nest: Any) -> str:
    """A nest in few letters: `{a: [*, *]}`."""
    if isinstance(nest, dict):
        return "{" + ", ".join(f"{key}: {_outline(item)}" for key, item in nest.items()) + "}"
    if isinstance(nest, (list, tuple)):
        return "[" + ", ".join(map(_outline, nest)) + "]"
    return "*"


def mapped(function: Callable[[Any], Any], value: Any, is_leaf: Callable[[Any], bool]) -> Any:
    """The same nest with the function's result in place of each leaf."""
    if is_leaf(value):
        return function(value)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(mapped(function, item, is_leaf) for item in value))
    if isinstance(value, (list, tuple)):
        return type(value)(mapped(function, item, is_leaf) for item in value)
    if isinstance(value, dict):
        return {key: mapped(function, item, is_leaf) for key, item in value.items()}
    return value


def is_tensor(value: Any) -> bool:
    """Whether a value is data to a layer: a tensor, an array, a symbolic tensor or a proxy of a trace."""
    if isinstance(value, Tensor):
        return True
    if value is None or type(value) in (tuple, dict, list):
        return False
    return (
        isinstance(value, (np.ndarray, torch.fx.Proxy))
        or hasattr(value, "graph_call")
        or (hasattr(value, "__array__") and hasattr(value, "shape"))
    )


def is_nest_of_tensors(value: Any) -> bool:
    """Whether it is a list, tuple or dict with tensors at its ends, and not of plain numbers."""
    while isinstance(value, (list, tuple, dict)) and value:
        value = next(iter(value.values())) if isinstance(value, dict) else value[0]
        if isinstance(value, Tensor):
            return True
    return False


# --- as JSON ------------------------------------------------------------------------------------------------------

_TENSOR, _TUPLE, _SLICE, _ARRAY = "$tensor", "$tuple", "$slice", "$array"


def encode(value: Any, what: str) -> Any:
    """Arguments with slots as JSON.

    Raises:
        ConfigError: If one is neither data nor anything JSON knows.
    """
    if isinstance(value, Slot):
        return {_TENSOR: value.index}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, list):
        return [encode(item, what) for item in value]
    if isinstance(value, tuple):
        return {_TUPLE: [encode(item, what) for item in value]}
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: encode(item, what) for key, item in value.items()}
    if isinstance(value, slice):
        return {_SLICE: [encode(v, what) for v in (value.start, value.stop, value.step)]}
    if value is Ellipsis:
        return {_SLICE: None}
    if isinstance(value, torch.dtype):
        return str(value).removeprefix("torch.")
    if hasattr(value, "__array__"):
        array = np.asarray(value.detach().cpu() if isinstance(value, Tensor) else value)
        return {_ARRAY: array.tolist(), "dtype": array.dtype.name}
    raise ConfigError(
        Text(
            f'"{what}" is called with an argument of type {type(value).__name__}, which a graph cannot hold. Pass '
            "tensors, numbers, text, or lists and dicts of those.",
            f"调用“{what}”时使用了 {type(value).__name__} 类型的参数，图中无法保存。请传入张量、数值、文本，或由它们组成的列表和字典。",
        )
    )


def decode(value: Any) -> Any:
    """The reverse of `encode`; arrays become tensors."""
    if isinstance(value, list):
        return [decode(item) for item in value]
    if isinstance(value, dict):
        if _TENSOR in value:
            return Slot(int(value[_TENSOR]))
        if _TUPLE in value:
            return tuple(decode(item) for item in value[_TUPLE])
        if _SLICE in value:
            return Ellipsis if value[_SLICE] is None else slice(*map(decode, value[_SLICE]))
        if _ARRAY in value:
            array = np.asarray(value[_ARRAY], dtype=value["dtype"])
            return torch.as_tensor(array, device=elsewhere())
        return {key: decode(item) for key, item in value.items()}
    return value


# --- while a call runs --------------------------------------------------------------------------------------------


class _State(threading.local):
    depth = 0
    training: bool | None = None
    weights_in: torch.dtype | None = None


_state = _State()


@contextmanager
def calling(training: bool, weights_in: torch.dtype | None = None) -> Iterator[None]:
    """Inside, layers that are called without `training` take this one.

    Args:
        training: What they take.
        weights_in: Type that weights are read in; None for their own.
    """
    before, type_before = _state.training, _state.weights_in
    _state.training, _state.weights_in = training, weights_in
    _state.depth += 1
    try:
        yield
    finally:
        _state.training, _state.weights_in = before, type_before
        _state.depth -= 1


@contextmanager
def reading_weights_in(dtype: torch.dtype | None) -> Iterator[None]:
    """Inside, weights are read in this type; None for their own."""
    before = _state.weights_in
    _state.weights_in = dtype
    try:
        yield
    finally:
        _state.weights_in = before


def weights_are_read_in() -> torch.dtype | None:
    """The type that weights are read in; None for their own."""
    return _state.weights_in


def current_training() -> bool | None:
    """What the call around this one says; None outside of any."""
    return _state.training


def is_outermost() -> bool:
    """Whether no call is running."""
    return _state.depth == 0


# --- masks --------------------------------------------------------------------------------------------------------


def mask_of(tensor: Any) -> Any:
    """The mask that a tensor carries, (batch, time) of bool, or None."""
    return getattr(tensor, "_keras_mask", None)


def set_mask(tensor: Any, mask: Any) -> None:
    """Let a tensor carry a mask."""
    if mask is not None:
        tensor._keras_mask = mask


def has_tensors(value: Any) -> bool:
    """Whether there is a tensor anywhere in a nest, such as a mask among several that may be None."""
    leaves: list[Any] = []
    take_apart(value, leaves, is_tensor)
    return bool(leaves)
