"""The nests in which a model takes its inputs and gives its outputs, and data that come in another one.

A nest has a `Slot` for each tensor. Dicts keep the order of their keys, but count through their slots by sorted keys,
in which order Keras takes tensors one after the other.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch import Tensor

from lamina.calls import Slot, is_deep, mask_of, put_together, set_mask
from lamina.errors import ConfigError
from lamina.strings import STRING
from lamina.text import Text


def nest_of(value: Any, leaves: list[Any], is_leaf: Callable[[Any], bool]) -> Any:
    """The nest of a value; its leaves are put into `leaves` in the order of their slots.

    >>> leaves = []
    >>> nest_of({"b": 1, "a": [2, 3]}, leaves, lambda x: isinstance(x, int)), leaves
    ({'b': Slot(index=2), 'a': [Slot(index=0), Slot(index=1)]}, [2, 3, 1])
    """
    if is_leaf(value):
        leaves.append(value)
        return Slot(len(leaves) - 1)
    if isinstance(value, Mapping):
        found = {key: nest_of(value[key], leaves, is_leaf) for key in sorted(value)}
        return {key: found[key] for key in value}
    if isinstance(value, (list, tuple)):
        items = [nest_of(item, leaves, is_leaf) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    return value


def plainly(nest: Any) -> Any:
    """The nest as a model keeps it: one tensor in a list stands for itself."""
    is_list = isinstance(nest, (list, tuple)) and not is_deep(nest)
    return Slot(0) if is_list and len(nest) == 1 else nest


def keys_of(nest: Any) -> list[str]:
    """The keys of a dict of tensors, in the order of the tensors; none for another nest."""
    if not isinstance(nest, dict) or is_deep(nest):
        return []
    return sorted(nest, key=lambda key: nest[key].index)


def check_keys(nest: Any, value: Any, names: Sequence[str]) -> None:
    """Look at the form of data for a model that takes a dict of tensors.

    Warns where Keras does: data have keys that are not needed, or none at all.

    Raises:
        ConfigError: If data without keys could stand for the inputs in two orders.
    """
    keys = keys_of(nest)
    if not keys:
        return
    if isinstance(value, Mapping):
        if set(value) <= set(keys) or not set(keys) <= set(value):
            return
    elif keys != list(nest):
        raise ConfigError(_other_structure(nest, value, names))
    warnings.warn(_other_structure(nest, value, names).en, stacklevel=6)


def _other_structure(nest: Any, value: Any, names: Sequence[str]) -> Text:
    wanted = put_together(nest, names)
    given = sorted(value) if isinstance(value, Mapping) else type(value).__name__
    return Text(
        f"The structure of `inputs` doesn't match the expected structure. Expected: {wanted}. Received: {given}. "
        f"Give a dict with the keys {', '.join(map(str, nest))}.",
        f"inputs 的结构与模型不一致。应为：{wanted}；实际为：{given}。请传入键为 {'、'.join(map(str, nest))} 的字典。",
    )


def in_rank(tensor: Tensor, like: Any) -> Tensor:
    """A batch in the rank of a model's input, with a last axis of size 1 more or less."""
    rank = len(like.shape)
    codes = 1 if like.dtype == STRING else 0  # the codes of text have an axis of their own
    last = tensor.ndim - codes - 1
    if last == rank - 2 and like.shape[-1] == 1:
        fitting = tensor.unsqueeze(last + 1)
    elif last == rank and tensor.shape[last] == 1:
        fitting = tensor.squeeze(last)
    else:
        return tensor
    set_mask(fitting, mask_of(tensor))
    return fitting
