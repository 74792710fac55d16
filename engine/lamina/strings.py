"""Text as tensors: the code points of each string along one more axis, with zeros after its end.

That axis is never part of a declared shape: a tensor of type "string" with shape (batch, 1) has three axes. So text
can be cut into batches, shuffled and moved like any data, and is a string again where a layer reads it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from lamina.errors import ConfigError
from lamina.text import Text

STRING = "string"
"""Type of the elements of such a tensor."""
CODES = torch.int32
"""How they are stored."""


def is_text(value: Any) -> bool:
    """Whether it is a string, an array of strings, or a nest of lists of strings."""
    while isinstance(value, (list, tuple)) and value:
        value = value[0]
    if isinstance(value, (str, bytes)):
        return True
    kind = getattr(getattr(value, "dtype", None), "kind", None)
    if kind == "O" and np.size(value):
        return isinstance(np.asarray(value).flat[0], (str, bytes))
    return kind in ("U", "S")


def text_array(value: Any, encoding: str = "utf-8") -> np.ndarray[Any, Any]:
    """Strings, in whatever holds them, as an array of `str`; bytes are decoded.

    Raises:
        ConfigError: If it holds anything else, or lists of unequal lengths.

    >>> text_array([["a"], [b"bc"]]).tolist()
    [['a'], ['bc']]
    """
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise _no_text("lists of unequal lengths") from error
    if array.dtype.kind == "U":
        return array
    if array.dtype.kind == "S":
        return np.char.decode(array, encoding)
    if array.dtype.kind == "O":
        found = [item.decode(encoding) if isinstance(item, bytes) else item for item in array.flat]
        strange = {type(item).__name__ for item in found if not isinstance(item, str)}
        if not strange:
            return np.array(found, dtype=str).reshape(array.shape)
        raise _no_text(", ".join(sorted(strange)))
    raise _no_text(f"an array of {array.dtype}")


def _no_text(given: str) -> ConfigError:
    return ConfigError(
        Text(
            f"Text is needed: a list or array of strings, all rows equally long; got {given}.",
            f"需要文本：长度一致的字符串列表或数组；实际为 {given}。",
        )
    )


def stored_dtype(name: str) -> torch.dtype:
    """How elements of a type are stored: text as its codes, numbers as themselves."""
    found: torch.dtype = CODES if name == STRING else getattr(torch, name)
    return found


def to_codes(value: Any) -> Tensor:
    """Strings as a tensor of code points, with one more axis.

    >>> to_codes(["ab", "c"]).tolist()
    [[97, 98], [99, 0]]
    """
    array = np.ascontiguousarray(text_array(value))
    width = max(array.dtype.itemsize // 4, 1)
    codes = array.astype(f"U{width}").view(np.int32).reshape(*array.shape, width)
    return torch.from_numpy(codes.copy())


def from_codes(codes: Tensor) -> np.ndarray[Any, Any]:
    """The strings of a tensor of code points.

    >>> from_codes(to_codes([["ab", "c"]])).tolist()
    [['ab', 'c']]
    """
    array = np.ascontiguousarray(codes.cpu().numpy().astype(np.int32))
    width = array.shape[-1]
    return array.view(f"U{width}").reshape(array.shape[:-1])
