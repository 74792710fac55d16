"""`MetricVariable`: what a metric remembers between batches."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lamina import initializers
from lamina.devices import elsewhere
from lamina.losses.arguments import as_tensor

DTYPES = {"int": "int32"}
"""Short names of types."""


def torch_dtype(name: Any) -> torch.dtype:
    """The type of a name ("float32", "int") or itself."""
    if isinstance(name, torch.dtype):
        return name
    dtype: torch.dtype = getattr(torch, DTYPES.get(str(name), str(name)))
    return dtype


class MetricVariable:
    """A tensor with a name that follows the data to its device; usable wherever a tensor is.

    Args:
        shape: Of the tensor.
        initializer: A name, an initializer or a function of the shape; None for zeros.
        dtype: Of the tensor.
        name: For `path` and messages.

    >>> total = MetricVariable((), "zeros", "float32", "total")
    >>> total.assign_add(3)
    tensor(3.)
    >>> float(total + 1)
    4.0
    """

    def __init__(
        self, shape: Sequence[int], initializer: Any, dtype: Any = None, name: str | None = None
    ) -> None:
        self.name = name or "variable"
        self._dtype = torch_dtype(dtype or "float32")
        self.value = _first(initializer, tuple(shape)).to(elsewhere(), self._dtype)
        self.trainable = False

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.value.shape)

    @property
    def dtype(self) -> str:
        return str(self._dtype).removeprefix("torch.")

    def assign(self, value: Any) -> Tensor:
        """Take the values of an array or tensor of this shape, on whatever device it is; gives them."""
        new = as_tensor(_plain(value)).detach().to(self._dtype)
        if new.shape != self.value.shape:
            new = new.expand(self.value.shape)
        if isinstance(value, (Tensor, MetricVariable)):
            self.value = new
        else:
            self.value = new.to(self.value.device)
        return self.value

    def assign_add(self, value: Any) -> Tensor:
        """Add to the values; gives the new ones."""
        return self.assign(self + _listed(value))

    def assign_sub(self, value: Any) -> Tensor:
        """Subtract from the values; gives the new ones."""
        return self.assign(self - _listed(value))

    def zero(self) -> None:
        """Set all to 0, on the device where it is."""
        self.value = torch.zeros_like(self.value)

    def to(self, device: torch.device) -> Tensor:
        """The tensor, on that device from now on."""
        if self.value.device != device:
            self.value = self.value.to(device)
        return self.value

    def numpy(self) -> np.ndarray[Any, Any]:
        """A copy of the values; waits for the device."""
        return self.value.detach().cpu().numpy().copy()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        return self.numpy() if dtype is None else self.numpy().astype(dtype)

    @classmethod
    def __torch_function__(
        cls, func: Callable[..., Any], _types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        return func(*map(_plain, args), **{k: _plain(v) for k, v in (kwargs or {}).items()})

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "value":
            raise AttributeError(name)
        return getattr(self.value, name)

    def __getitem__(self, key: Any) -> Tensor:
        return self.value[key]

    def __float__(self) -> float:
        return float(self.value)

    def __int__(self) -> int:
        return int(self.value)

    def __bool__(self) -> bool:
        return bool(self.value)

    def __neg__(self) -> Tensor:
        return -self.value

    def __len__(self) -> int:
        return len(self.value)

    def __repr__(self) -> str:
        return f"<MetricVariable {self.name}, shape={self.shape}, value={self.numpy()}>"

    __hash__ = object.__hash__

    def _with(self, other: Any, apply: Callable[[Any, Any], Any]) -> Any:
        other = _plain(other)
        if isinstance(other, Tensor) and other.device != self.value.device and other.ndim:
            self.to(other.device)
        return apply(self.value, other)


def _operator(apply: Callable[[Any, Any], Any]) -> Callable[[MetricVariable, Any], Any]:
    return lambda self, other: self._with(other, apply)


def _reflected(apply: Callable[[Any, Any], Any]) -> Callable[[MetricVariable, Any], Any]:
    return lambda self, other: self._with(other, lambda a, b: apply(b, a))


for _name in ("add", "sub", "mul", "truediv", "floordiv", "pow", "matmul", "mod"):
    setattr(MetricVariable, f"__{_name}__", _operator(getattr(operator, _name)))
    setattr(MetricVariable, f"__r{_name}__", _reflected(getattr(operator, _name)))
for _name in ("lt", "le", "gt", "ge", "eq", "ne"):
    setattr(MetricVariable, f"__{_name}__", _operator(getattr(operator, _name)))


def _plain(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)(map(_plain, value))
    return value.value if isinstance(value, MetricVariable) else value


def _listed(value: Any) -> Any:
    """The value, a tensor where it is lists of numbers."""
    return as_tensor(_plain(value)) if isinstance(value, (list, tuple)) else value


def _first(initializer: Any, shape: tuple[int, ...]) -> Tensor:
    """The values to begin with."""
    if initializer is None or initializer == "zeros":
        return torch.zeros(shape)
    if isinstance(initializer, (int, float)):
        return torch.full(shape, float(initializer))
    if isinstance(initializer, (Tensor, np.ndarray)):
        return as_tensor(initializer)
    is_function = callable(initializer) and not isinstance(initializer, type)
    made = initializer if is_function else initializers.required(initializer)
    return as_tensor(made(shape))
