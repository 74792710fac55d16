"""Variables: the weights of layers, as Keras sees them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self

import numpy as np
import torch
from torch import Tensor, nn

from lamina import initializers
from lamina.calls import weights_are_read_in
from lamina.devices import elsewhere
from lamina.errors import ConfigError, ShapeError
from lamina.initializers import Initializer
from lamina.naming import unique_name
from lamina.seeds import current_seed
from lamina.text import Text


@dataclass(frozen=True)
class Weight:
    """What a layer says about one of its weights before it exists.

    Args:
        name: Keras' name: "kernel", "bias", "gamma" …
        shape: Shape in Keras' layout.
        initializer: Where the first values come from.
        trainable: False for statistics that the optimizer leaves alone.
        to_torch: Order of Keras' axes in torch's layout, where they differ.
        file_group: Group inside the layer's own in a weights file ("cell" for recurrent layers).
        regularizer: Adds a penalty for the values, a tensor in Keras' layout, to the loss.
        constraint: Puts the values, a tensor in Keras' layout, right after each update.
        dtype: Type of the elements; the layer's when left out.
        autocast: Whether the layer reads it in the type in which it computes.
    """

    name: str
    shape: tuple[int, ...]
    initializer: Initializer
    trainable: bool = True
    to_torch: tuple[int, ...] | None = None
    file_group: str = ""
    regularizer: Any = None
    constraint: Any = None
    dtype: str | None = None
    autocast: bool = True


class Owner(Protocol):
    """The layer that a variable belongs to, as far as the variable is concerned."""

    name: str
    trainable: bool


class Variable:
    """A weight: a tensor with a name, in Keras' layout towards the outside.

    In a layer of the library the tensor itself stands in torch's layout. A variable can be used like a tensor:
    `x @ kernel`, `torch.matmul(x, kernel)`.

    Args:
        initializer: First values: an array or tensor, or an initializer (object, name or function) beside `shape`.
        shape: Shape, for an initializer.
        dtype: Type of the elements; the values' own when left out, float32 for an initializer.
        trainable: Whether training changes it.
        autocast: Whether a layer of mixed precision reads it in the type in which it computes.
        aggregation: Accepted for Keras' sake.
        synchronization: Accepted for Keras' sake.
        name: Its name.

    >>> step = Variable(0.0, trainable=False, name="step")
    >>> step.assign_add(1.5)
    tensor(1.5000)
    >>> float(step * 2)
    3.0
    """

    last_freeze: ClassVar[object] = object()
    """Another object each time that a weight or a layer is frozen or set free, or a layer's parameter is set anew."""

    _layer: Owner | None
    _holder: nn.Module
    _key: str
    spec: Weight

    def __init__(
        self,
        initializer: Any,
        shape: Iterable[int] | None = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        aggregation: Any = None,
        synchronization: Any = None,
        name: str | None = None,
    ) -> None:
        name = name or unique_name("variable")
        values = first_values(initializer, shape, dtype, name)
        self.spec = Weight(
            name, tuple(values.shape), initializers.Zeros(), trainable, autocast=autocast
        )
        self._layer = None
        self._holder = nn.Module()
        self._key = "value"
        self._trainable = trainable
        _register(self._holder, self._key, values, trainable)

    @classmethod
    def of(cls, layer: Any, spec: Weight, key: str, values: Tensor) -> Self:
        """The variable of a weight whose tensor, in torch's layout, is registered in a layer under `key`."""
        variable = cls.__new__(cls)
        variable.spec, variable._layer, variable._holder, variable._key = spec, layer, layer, key
        variable._trainable = spec.trainable
        _register(layer, key, values, spec.trainable)
        return variable

    @classmethod
    def around(cls, module: nn.Module, key: str, layer: Owner | None, name: str) -> Self:
        """The variable of a parameter or buffer that a torch module made by itself."""
        tensor: Tensor = getattr(module, key)
        variable = cls.__new__(cls)
        learns = isinstance(tensor, nn.Parameter)
        variable.spec = Weight(name, tuple(tensor.shape), initializers.Zeros(), learns)
        variable._layer, variable._holder, variable._key = layer, module, key
        variable._trainable = learns
        return variable

    def belong_to(self, layer: Owner) -> None:
        """Make it a variable of a layer; a variable that has an owner keeps it."""
        if self._layer is None:
            self._layer = layer

    @property
    def holder(self) -> nn.Module:
        """The torch module in which the tensor is registered."""
        return self._holder

    @property
    def key(self) -> str:
        """The name under which the tensor is registered in `holder`."""
        return self._key

    # --- what it is --------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def path(self) -> str:
        return self.spec.name if self._layer is None else f"{self._layer.name}/{self.spec.name}"

    @property
    def file_group(self) -> str:
        return self.spec.file_group

    @property
    def regularizer(self) -> Any:
        return self.spec.regularizer

    @property
    def constraint(self) -> Any:
        return self.spec.constraint

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape in Keras' layout."""
        return self.spec.shape

    @property
    def ndim(self) -> int:
        return len(self.spec.shape)

    @property
    def dtype(self) -> str:
        return str(self.value.dtype).removeprefix("torch.")

    @property
    def device(self) -> torch.device:
        return self.value.device

    @property
    def trainable(self) -> bool:
        return self._trainable and (self._layer is None or self._layer.trainable)

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        Variable.last_freeze = object()

    @property
    def value(self) -> Tensor:
        """The tensor in torch's layout: a Parameter, or a buffer for statistics."""
        # Past `Layer.__getattr__`, which gives a weight in the type of the computation.
        tensor: Any = nn.Module.__getattr__(self._holder, self._key)
        return tensor  # type: ignore[no-any-return]

    @property
    def tensor(self) -> Tensor:
        """The tensor in Keras' layout, connected to the parameter for gradients.

        While a layer of mixed precision is called, it is in the type in which that layer computes.
        """
        return self.to_keras(self.read(self.value))

    def read(self, tensor: Any) -> Any:
        """What stands for the tensor while a layer is called: itself, or it in the type of the computation."""
        dtype = weights_are_read_in()
        if dtype is None or not self.spec.autocast:
            return tensor
        own = self._holder._parameters.get(self._key, self._holder._buffers.get(self._key))
        if own is None or not own.is_floating_point():
            return tensor
        return tensor.to(dtype)

    def to_keras(self, tensor: Tensor) -> Tensor:
        """A tensor shaped like this weight (its gradient, an optimizer's slot) from torch's layout to Keras'."""
        if self.spec.to_torch is None:
            return tensor
        return tensor.permute([self.spec.to_torch.index(axis) for axis in range(tensor.dim())])

    def from_keras(self, tensor: Tensor) -> Tensor:
        """The reverse of `to_keras`."""
        return tensor if self.spec.to_torch is None else tensor.permute(self.spec.to_torch)

    def numpy(self) -> np.ndarray[Any, Any]:
        """A copy of the values in Keras' layout."""
        values = self.to_keras(self.value.detach()).cpu().contiguous()
        # numpy has no bfloat16
        return (values.float() if values.dtype == torch.bfloat16 else values).numpy().copy()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        return self.numpy() if dtype is None else self.numpy().astype(dtype)

    def penalty(self, value: Tensor | None = None) -> Any:
        """What its regularizer, which it must have, adds to the loss.

        Args:
            value: Counts in the place of its own value; in torch's layout.
        """
        return self.spec.regularizer(self.tensor if value is None else self.to_keras(value))

    # --- changes -----------------------------------------------------------------------------------------------

    def assign(self, value: Any) -> Tensor:
        """Set the values from an array, a number or a tensor in Keras' layout.

        Returns:
            The new values as a tensor in Keras' layout.

        Raises:
            ShapeError: If the shape is another.
        """
        tensor = _as_tensor(value).to(self.value)
        if tuple(tensor.shape) != self.shape:
            raise self._unfit(tensor)
        with torch.no_grad():
            self.value.copy_(self.from_keras(tensor))
        return tensor

    def assign_add(self, value: Any) -> Tensor:
        """Add to the values; gives the new ones."""
        with torch.no_grad():
            return self.assign(self.to_keras(self.value) + self._repeated(value))

    def assign_sub(self, value: Any) -> Tensor:
        """Subtract from the values; gives the new ones."""
        with torch.no_grad():
            return self.assign(self.to_keras(self.value) - self._repeated(value))

    def _repeated(self, value: Any) -> Tensor:
        """A value in the variable's shape, repeated where it has fewer."""
        tensor = _as_tensor(value).to(self.device)
        try:
            return tensor.expand(self.shape)
        except RuntimeError:
            raise self._unfit(tensor) from None

    def _unfit(self, tensor: Tensor) -> ShapeError:
        given = tuple(tensor.shape)
        return ShapeError(
            Text(
                f'Weight "{self.path}" has shape {self.shape}, got values of shape {given}.',
                f"权重“{self.path}”的形状为 {self.shape}，实际传入 {given}。",
            )
        )

    # --- as a tensor -------------------------------------------------------------------------------------------

    @classmethod
    def __torch_function__(
        cls, function: Any, _types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        return function(*_plain(args), **_plain(kwargs or {}))

    def __getitem__(self, key: Any) -> Tensor:
        return self.tensor[key]

    def __len__(self) -> int:
        return self.shape[0]

    def __float__(self) -> float:
        return float(self.tensor.detach())

    def __int__(self) -> int:
        return int(self.tensor.detach())

    def __bool__(self) -> bool:
        return bool(self.tensor.detach())

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"<Variable path={self.path}, shape={self.shape}, dtype={self.dtype}>"


def _operator(name: str) -> Callable[..., Any]:
    def apply(self: Variable, *others: Any) -> Any:
        return getattr(self.tensor, name)(*_plain(others))

    apply.__name__ = name
    return apply


for _name in (
    "add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv", "floordiv", "rfloordiv", "mod", "rmod",
    "pow", "rpow", "matmul", "rmatmul", "neg", "pos", "abs", "lt", "le", "gt", "ge", "eq", "ne",
):  # fmt: skip
    setattr(Variable, f"__{_name}__", _operator(f"__{_name}__"))


def first_values(initializer: Any, shape: Iterable[int] | None, dtype: Any, name: str) -> Tensor:
    """The first values of a weight that a user makes, in Keras' layout.

    Raises:
        ConfigError: If an initializer comes without a shape.
    """
    type_ = None if dtype is None else getattr(torch, str(dtype).removeprefix("torch."))
    is_rule = isinstance(initializer, (str, Initializer)) or callable(initializer)
    if not is_rule or isinstance(initializer, Tensor):
        values = _as_tensor(initializer).detach().clone()
        if values.dtype == torch.float64 and type_ is None:
            values = values.float()
        return values if type_ is None else values.to(type_)
    if shape is None:
        raise ConfigError(
            Text(
                f'Variable "{name}": an initializer needs a shape; pass shape=….',
                f"变量“{name}”：使用初始化方法时需要形状；请传入 shape=…。",
            ),
            field="shape",
        )
    shape = tuple(int(size) for size in shape)
    rule = initializers.required(initializer) if isinstance(initializer, str) else initializer
    if isinstance(rule, Initializer):
        drawn = rule.draw(shape, rule.generator(current_seed(), name))
    else:
        drawn = _as_tensor(rule(shape, dtype="float32" if dtype is None else dtype))
    return drawn if type_ is None else drawn.to(type_)


def _register(module: nn.Module, key: str, values: Tensor, trainable: bool) -> None:
    if (device := elsewhere()) is not None:
        values = values.to(device)
    if trainable and values.is_floating_point():
        module.register_parameter(key, nn.Parameter(values))
    else:
        module.register_buffer(key, values)


def _as_tensor(value: Any) -> Tensor:
    if isinstance(value, Variable):
        return value.tensor
    if isinstance(value, Tensor):
        return value
    array = np.asarray(value)
    if array.dtype.kind in "OUSmM":
        raise ConfigError(
            Text(
                f"The values of a variable are numbers, got {value!r}.",
                f"变量的值应为数值，实际为 {value!r}。",
            )
        )
    return torch.as_tensor(array)


def _plain(value: Any) -> Any:
    """The value with tensors in place of variables."""
    if isinstance(value, Variable):
        return value.tensor
    if type(value) in (list, tuple):
        return type(value)(map(_plain, value))
    if type(value) is dict:
        return {key: _plain(item) for key, item in value.items()}
    return value
