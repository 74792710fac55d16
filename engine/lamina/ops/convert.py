"""What ops take and what type they give: conversion of arguments and Keras' promotion of dtypes.

The promotion is JAX's lattice (https://docs.jax.dev/en/latest/type_promotion.html) with 32-bit defaults: Python
numbers are weak, so `x + 1.0` keeps float16 and makes float32 of any integer.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lamina.devices import elsewhere
from lamina.errors import ConfigError
from lamina.settings import floatx
from lamina.text import Text

_ABOVE = {
    "bool": ("int",),
    "int": ("uint8", "int8"),
    "uint8": ("int16", "uint16"),
    "int8": ("int16",),
    "uint16": ("int32", "uint32"),
    "int16": ("int32",),
    "uint32": ("int64",),
    "int32": ("int64",),
    "int64": ("float",),
    "float": ("bfloat16", "float16"),
    "bfloat16": ("float32",),
    "float16": ("float32",),
    "float32": ("float64", "complex64"),
    "float64": ("complex128",),
    "complex64": ("complex128",),
    "complex128": (),
}
"""The lattice: each type and the next above it; "int" and "float" are Python's numbers."""

DTYPES = frozenset({*_ABOVE} - {"int", "float"})


@cache
def _reach(dtype: str) -> frozenset[str]:
    return frozenset({dtype}).union(*(_reach(above) for above in _ABOVE[dtype]))


def dtype_name(dtype: Any) -> str:
    """A dtype's name: of a string, a torch or NumPy dtype, or a Python number's class.

    Raises:
        ConfigError: If there is no such dtype.
    """
    if dtype is bool:
        return "bool"
    if dtype is int:
        return "int32"
    if dtype is float:
        return floatx()
    if isinstance(dtype, torch.dtype):
        return str(dtype).removeprefix("torch.")
    name = dtype if isinstance(dtype, str) else getattr(dtype, "name", None)
    if name is None:
        name = np.dtype(dtype).name if isinstance(dtype, type) else str(dtype)
    if name not in DTYPES:
        raise ConfigError(
            Text(
                f"{dtype!r} is not a dtype. Known: {', '.join(sorted(DTYPES))}.",
                f"{dtype!r} 不是 dtype。可用：{'、'.join(sorted(DTYPES))}。",
            )
        )
    return str(name)


def result_type(*dtypes: Any) -> str:
    """The dtype that values of several dtypes have in common; as in Keras, of 32 bits where 64 would do.

    >>> result_type("int32", "float16"), result_type("int32", float), result_type("uint8", "int8")
    ('float16', 'float32', 'int16')
    """
    if not dtypes:
        return floatx()
    return _result_type(tuple(d if d in (int, float) else dtype_name(d) for d in dtypes))


@cache
def _joined(names: frozenset[str]) -> str:
    common = frozenset.intersection(*(_reach(name) for name in names))
    return max(common, key=lambda name: len(_reach(name)))


def _result_type(dtypes: tuple[Any, ...]) -> str:
    joined = _lattice_type(dtypes)
    return {"int64": "int32", "float64": "float32"}.get(joined, joined)


def _lattice_type(dtypes: tuple[Any, ...]) -> str:
    names = frozenset({int: "int", float: "float"}.get(d, d) for d in dtypes)
    joined = _joined(names)
    return {"int": "int32", "float": floatx()}.get(joined, joined)


def torch_dtype(dtype: Any) -> torch.dtype:
    """Torch's dtype for a name or any other form."""
    return getattr(torch, dtype_name(dtype))  # type: ignore[no-any-return]


def convert(x: Any, dtype: Any = None, device: torch.device | None = None) -> Tensor:
    """A tensor of anything an op takes: tensors, weights (in Keras' layout), arrays, nested lists, numbers."""
    wanted = None if dtype is None else torch_dtype(dtype)
    if isinstance(x, Tensor):
        placed: Tensor = x if device is None or x.device == device else x.to(device)
        return placed if wanted is None else placed.to(wanted)
    if hasattr(x, "to_keras"):
        tensor: Tensor = x.to_keras(x.value)
        return tensor if wanted is None else tensor.to(wanted)
    device = elsewhere() if device is None else device
    if isinstance(x, (list, tuple)):
        return _of_sequence(x, wanted, device)
    if isinstance(x, (bool, int, float, complex)):
        return torch.as_tensor(x, dtype=wanted or _number_dtype(x), device=device)
    array = np.array(x)
    if array.dtype == np.uint32:
        array = array.astype(np.int64)
    if array.dtype == object:
        raise ConfigError(
            Text(
                f"Expected a tensor, array or number, got {type(x).__name__}.",
                f"需要张量、数组或数字，实际为 {type(x).__name__}。",
            )
        )
    return torch.as_tensor(array, dtype=wanted, device=device)


def _of_sequence(
    x: Sequence[Any], wanted: torch.dtype | None, device: torch.device | None
) -> Tensor:
    if any(isinstance(item, Tensor) or hasattr(item, "to_keras") for item in x):
        return torch.stack(convert_all(*x, dtype=wanted))
    if wanted is None:
        wanted = torch_dtype(result_type(*(getattr(i, "dtype", type(i)) for i in _flat(x))))
    return torch.as_tensor(np.array(x), dtype=wanted, device=device)


def _flat(x: Any) -> list[Any]:
    return [y for item in x for y in _flat(item)] if isinstance(x, (list, tuple)) else [x]


def _number_dtype(x: complex) -> torch.dtype:
    if isinstance(x, bool):
        return torch.bool
    if isinstance(x, int):
        return torch.int32 if -(2**31) <= x < 2**31 else torch.int64
    return torch_dtype(floatx()) if isinstance(x, float) else torch.complex64


def convert_all(*xs: Any, dtype: Any = None) -> list[Tensor]:
    """Several arguments as tensors on one device: where the first tensor or weight among them is.

    One beside the CPU goes before: what a script makes with torch itself joins what the library made.
    """
    found = [x.device for x in xs if isinstance(x, Tensor) or hasattr(x, "to_keras")]
    device = next((one for one in found if one.type != "cpu"), found[0] if found else None)
    return [convert(x, dtype, device) for x in xs]


def promoted(*xs: Any, at_least: Any = None, keep_64: bool = False) -> list[Tensor]:
    """Several arguments as tensors of the type they have in common; Python numbers are weak.

    Args:
        xs: What the op was given.
        at_least: A type that the result has to hold as well, `float` for ops that give fractions.
        keep_64: Keep 64 bits, as Keras does in arithmetic; most other ops go down to 32.
    """
    tensors = convert_all(*xs)
    kinds = [
        type(x) if type(x) in (int, float) else t.dtype for x, t in zip(xs, tensors, strict=True)
    ]
    names = tuple(kind if kind in (int, float) else dtype_name(kind) for kind in kinds)
    names += () if at_least is None else (at_least,)
    common = torch_dtype(_lattice_type(names) if keep_64 else result_type(*names))
    return [t.to(common) for t in tensors]


def as_float(x: Any) -> Tensor:
    """A tensor of a floating (or complex) type: integers become floatx."""
    return promoted(convert(x), at_least=float, keep_64=True)[0]
