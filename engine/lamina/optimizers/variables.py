"""What an optimizer remembers, as a user sees it: named values in Keras' layout that act like tensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor


class Variable(Protocol):
    """A weight as an optimizer sees it; `lamina.layer.Variable` is one."""

    @property
    def path(self) -> str: ...
    @property
    def value(self) -> Tensor:
        """The parameter, in torch's layout."""
        ...

    def to_keras(self, tensor: Tensor) -> Tensor: ...
    def from_keras(self, tensor: Tensor) -> Tensor: ...


def _operator(name: str) -> Callable[..., Any]:
    def operate(self: StateVariable, *others: Any) -> Any:
        return getattr(self.value, name)(*map(plain, others))

    return operate


class StateVariable:
    """A tensor with a path, changed in place by `assign`; arithmetic and torch functions take it like its value.

    Args:
        path: Name of the optimizer, a slash, name of the value.
        tensor: The value, kept and changed in place.
    """

    constraint: Callable[[Tensor], Tensor] | None = None

    def __init__(self, path: str, tensor: Tensor) -> None:
        self.path = path
        self._tensor = tensor

    @property
    def value(self) -> Tensor:
        return self._tensor

    @property
    def name(self) -> str:
        return self.path.rsplit("/", 1)[-1]

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.value.shape)

    @property
    def ndim(self) -> int:
        return self.value.ndim

    @property
    def dtype(self) -> str:
        return str(self.value.dtype).removeprefix("torch.")

    @torch.no_grad()
    def assign(self, value: Any) -> Tensor:
        """Set the value and give it; what does not fit by broadcasting is torch's error."""
        tensor = as_tensor(value).to(self.value)
        self.value.copy_(tensor)
        return tensor

    def assign_add(self, value: Any) -> Tensor:
        return self.assign(self.value.detach() + as_tensor(value).to(self.value.device))

    def assign_sub(self, value: Any) -> Tensor:
        return self.assign(self.value.detach() - as_tensor(value).to(self.value.device))

    def place(self, device: torch.device) -> None:
        """Move to a device, with the memory order as it is."""
        if self._tensor.device != device:
            self._tensor = torch.empty_like(self._tensor, device=device).copy_(self._tensor)

    def numpy(self) -> np.ndarray[Any, Any]:
        """A copy of the value."""
        values = self.value.detach().cpu().contiguous()
        # numpy has no bfloat16
        return (values.float() if values.dtype == torch.bfloat16 else values).numpy().copy()

    def to_keras(self, tensor: Tensor) -> Tensor:
        return tensor

    from_keras = to_keras

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        return self.numpy() if dtype is None else self.numpy().astype(dtype)

    def __float__(self) -> float:
        return float(self.value)

    def __int__(self) -> int:
        return int(self.value)

    def __repr__(self) -> str:
        return f"<Variable path={self.path}, shape={self.shape}, dtype={self.dtype}>"

    __add__ = _operator("__add__")
    __radd__ = _operator("__radd__")
    __sub__ = _operator("__sub__")
    __rsub__ = _operator("__rsub__")
    __mul__ = _operator("__mul__")
    __rmul__ = _operator("__rmul__")
    __truediv__ = _operator("__truediv__")
    __rtruediv__ = _operator("__rtruediv__")
    __floordiv__ = _operator("__floordiv__")
    __mod__ = _operator("__mod__")
    __pow__ = _operator("__pow__")
    __rpow__ = _operator("__rpow__")
    __matmul__ = _operator("__matmul__")
    __neg__ = _operator("__neg__")
    __abs__ = _operator("__abs__")
    __lt__ = _operator("__lt__")
    __le__ = _operator("__le__")
    __gt__ = _operator("__gt__")
    __ge__ = _operator("__ge__")
    __eq__ = _operator("__eq__")
    __ne__ = _operator("__ne__")
    __hash__ = object.__hash__
    __getitem__ = _operator("__getitem__")

    @classmethod
    def __torch_function__(
        cls,
        function: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        named = {key: plain(value) for key, value in (kwargs or {}).items()}
        return function(*(plain(argument) for argument in args), **named)


class DerivedVariable(StateVariable):
    """A value that is kept somewhere else, or in another form."""

    def __init__(
        self, path: str, read: Callable[[], Tensor], write: Callable[[Tensor], None]
    ) -> None:
        self.path = path
        self._read = read
        self._write = write

    @property
    def value(self) -> Tensor:
        return self._read()

    @torch.no_grad()
    def assign(self, value: Any) -> Tensor:
        tensor = as_tensor(value)
        self._write(tensor)
        return tensor

    def place(self, device: torch.device) -> None:
        """Nothing to move: it is where its source is."""


def plain(value: Any) -> Any:
    """Tensors in place of variables, also inside lists and tuples."""
    if isinstance(value, StateVariable):
        return value.value
    if type(value) in (list, tuple):
        return type(value)(plain(item) for item in value)
    return value


def as_tensor(value: Any) -> Tensor:
    """A tensor of a number, an array, a tensor or a variable."""
    value = getattr(value, "value", value)
    return value.detach() if isinstance(value, Tensor) else torch.as_tensor(np.asarray(value))


def as_variable(given: Any, index: int) -> Variable:
    """A variable of what a loop passes: a variable, or a plain torch tensor."""
    return StateVariable(f"variable_{index}", given) if isinstance(given, Tensor) else given


def constraint_of(variable: Any) -> Callable[[Tensor], Tensor] | None:
    """What keeps a weight in bounds: a function of tensors in Keras' layout."""
    own = getattr(variable, "constraint", None)
    return own or getattr(getattr(variable, "spec", None), "constraint", None)
