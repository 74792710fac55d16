"""What a layer learns: weights of its own, made by hand or found in the layers and modules in it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from lamina import constraints, initializers, regularizers
from lamina.calls import weights_are_read_in
from lamina.errors import ConfigError, FileFormatError, ShapeError
from lamina.layer.needs import need_init
from lamina.layer.precision import PolicyHolder
from lamina.seeds import current_seed
from lamina.shapes import product
from lamina.text import Text
from lamina.tracking import holds_modules, tracked
from lamina.variable import Variable, Weight

WEIGHTS_TO_CHOOSE = {"bias": "use_bias", "beta": "center", "gamma": "scale"}
"""Weights that a layer may do without, and the field that says so: they are None then."""

H = TypeVar("H", bound="WeightHolder")
LEAST_BUDGET = 2**26
_budget: ContextVar[list[int] | None] = ContextVar("weight_budget", default=None)


@contextmanager
def weight_budget(file_bytes: int) -> Iterator[None]:
    """Inside, only so many weights can be made as a file of that size explains: it may ask for any number of them."""
    token = _budget.set([max(LEAST_BUDGET, 16 * file_bytes)])
    try:
        yield
    finally:
        _budget.reset(token)


def _spend(shape: Sequence[int], owner: str) -> None:
    left = _budget.get()
    if left is not None:
        left[0] -= 4 * product(shape)
        if left[0] < 0:
            raise FileFormatError(
                Text(
                    f'"{owner}" asks for a weight of the shape {tuple(shape)}, far more than the file holds.',
                    f"“{owner}”要求形状为 {tuple(shape)} 的权重，远超文件内容。",
                )
            )


class WeightHolder(PolicyHolder):
    """A module with weights as Keras sees them."""

    name: str
    seed_name: str
    """Name that the first values are drawn under."""
    weight_seed: int | None
    trainable: bool
    own_variables: list[Variable]

    # --- making them -------------------------------------------------------------------------------------------

    def _create(self, spec: Weight) -> Tensor:
        assert self.weight_seed is not None
        _spend(spec.shape, self.name)
        values = spec.initializer.draw(
            spec.shape, spec.initializer.generator(self.weight_seed, self.seed_name, spec.name)
        ).to(getattr(torch, spec.dtype or self.variable_dtype))
        tensor = values if spec.to_torch is None else values.permute(spec.to_torch)
        is_image_kernel = spec.to_torch is not None and tensor.dim() == 4
        tensor = tensor.contiguous(
            memory_format=torch.channels_last if is_image_kernel else torch.contiguous_format
        )
        variable = Variable.of(self, spec, f"_{spec.name}", tensor)
        self.own_variables.append(variable)
        return variable.value

    def add_weight(
        self,
        shape: Sequence[int] | int | None = None,
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        aggregation: Any = None,
        overwrite_with_gradient: bool = False,
        name: str | None = None,
    ) -> Variable:
        """Make a weight of this layer.

        Args:
            shape: Its shape; () when left out.
            initializer: First values, by name, object or function; glorot_uniform, or zeros for whole numbers.
            dtype: Type of the elements; the layer's when left out.
            autocast: Whether it is read in the type in which the layer computes.
            trainable: Whether training changes it.
            regularizer: Adds a penalty for it to the loss.
            constraint: Puts it right after each update.
            name: Its name.

        Returns:
            The weight, which can be used like a tensor.
        """
        need_init(self)
        if overwrite_with_gradient:
            raise ConfigError(
                Text(
                    "add_weight: overwrite_with_gradient is not supported.",
                    "add_weight：不支持 overwrite_with_gradient。",
                )
            )
        shape = () if shape is None else (shape,) if isinstance(shape, int) else tuple(shape)
        _spend(shape, self.name)
        type_ = str(dtype or self.dtype).removeprefix("torch.")
        if initializer is None:
            initializer = "glorot_uniform" if "float" in type_ else "zeros"
        name = name or f"variable_{len(self.own_variables)}"
        rule = initializers.required(initializer)
        seed = current_seed() if self.weight_seed is None else self.weight_seed
        path = (self.seed_name, name, str(len(self.own_variables)))
        values = rule.draw(shape, rule.generator(seed, *path)).to(getattr(torch, type_))
        spec = Weight(
            name,
            tuple(int(size) for size in shape),
            initializers.Zeros(),
            trainable and values.is_floating_point(),
            regularizer=regularizers.get(regularizer),
            constraint=constraints.get(constraint),
            autocast=autocast,
        )
        key = f"weight {len(self.own_variables)} {name.replace('.', '_')}"
        variable = Variable.of(self, spec, key, values)
        self.own_variables.append(variable)
        return variable

    def add_variable(
        self,
        shape: Sequence[int] | int | None,
        initializer: Any,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        name: str | None = None,
    ) -> Variable:
        """`add_weight` under Keras' other name."""
        return self.add_weight(
            shape, initializer, dtype, trainable, autocast, regularizer, constraint, name=name
        )

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, (Variable, nn.Module)):
            need_init(self)
        if isinstance(value, Variable):
            self._adopt_variable(value, name)
        elif "_modules" in self.__dict__ and isinstance(value, (list, tuple, dict)):
            counter = itertools.count()
            if holds_modules(value):
                value = tracked(value, lambda item: self._track(name, counter, item))
            object.__setattr__(self, name, value)
            return
        super().__setattr__(name, value)
        if name == "trainable" and "_modules" in self.__dict__:
            Variable.last_freeze = object()
            for sub in layers_in(self, WeightHolder):
                sub.trainable = value

    def freeze_as_a_whole(self) -> None:
        """Train nothing in it, while each layer in it keeps what is said of itself, as configurations do."""
        self.__dict__["trainable"] = False
        Variable.last_freeze = object()

    def _adopt_variable(self, variable: Variable, name: str) -> None:
        """A variable made by hand becomes a weight of the layer that holds it."""
        if variable.holder is self or any(variable is own for own in self.own_variables):
            return
        variable.belong_to(self)
        if not isinstance(variable.holder, WeightHolder):  # a layer's weight moves with the layer
            self.add_module(f"variable {name}", variable.holder)
        self.own_variables.append(variable)

    def _track(self, attribute: str, counter: Iterator[int], item: Any) -> Any:
        if isinstance(item, nn.Module):
            self.add_module(f"{attribute} {next(counter)}", item)
        elif isinstance(item, Variable):
            self._adopt_variable(item, f"{attribute} {next(counter)}")
        return item

    # --- weights -----------------------------------------------------------------------------------------------

    @property
    def weights(self) -> list[Variable]:
        """All weights: the layer's own, trainable ones first, then those of the layers in it, as Keras orders them."""
        found = {
            id(variable): variable
            for variable in sorted(self.own_variables, key=lambda v: not v.spec.trainable)
        }
        holders = {id(variable.holder) for variable in self.own_variables}
        for child in self.children():
            if id(child) not in holders or isinstance(child, WeightHolder):
                for variable in _weights_in(child, self):
                    found.setdefault(id(variable), variable)
        return list(found.values())

    @property
    def variables(self) -> list[Variable]:
        return self.weights

    @property
    def trainable_weights(self) -> list[Variable]:
        return [v for v in self.weights if v.trainable] if self.trainable else []

    @property
    def non_trainable_weights(self) -> list[Variable]:
        return [v for v in self.weights if not (self.trainable and v.trainable)]

    @property
    def trainable_variables(self) -> list[Variable]:
        return self.trainable_weights

    @property
    def non_trainable_variables(self) -> list[Variable]:
        return self.non_trainable_weights

    def get_weights(self) -> list[np.ndarray[Any, Any]]:
        """Copies of all weights in Keras' layout and order."""
        return [variable.numpy() for variable in self.weights]

    def set_weights(self, values: Sequence[Any]) -> None:
        """Set all weights from arrays in Keras' layout and order."""
        if len(values) != len(self.weights):
            raise ShapeError(
                Text(
                    f'"{self.name}" has {len(self.weights)} weights, got {len(values)} arrays.',
                    f"“{self.name}”有 {len(self.weights)} 个权重，实际传入 {len(values)} 个数组。",
                )
            )
        for variable, value in zip(self.weights, values, strict=True):
            variable.assign(value)

    def count_params(self) -> int:
        """Number of values in all weights."""
        return sum(product(variable.shape) for variable in self.weights)

    def __getattr__(self, name: str) -> Any:
        for variable in self.__dict__.get("own_variables", ()):
            if variable.spec.name == name:
                return variable
        chosen = WEIGHTS_TO_CHOOSE.get(name)
        if chosen and self.__dict__.get("built") and self.__dict__.get(chosen) is False:
            return None
        value = super().__getattr__(name)
        if weights_are_read_in() is not None:
            for variable in self.__dict__.get("own_variables", ()):
                if variable.key == name:
                    return variable.read(value)
        return value


def layers_in(module: nn.Module, kind: type[H]) -> Iterator[H]:
    """The layers that are attributes of a module, or stand in its lists and dicts."""
    for child in module.children():
        if isinstance(child, kind):
            yield child
        elif isinstance(child, (nn.ModuleList, nn.ModuleDict)):
            yield from layers_in(child, kind)


def _weights_in(module: nn.Module, owner: WeightHolder) -> Iterator[Variable]:
    """The weights of a layer, of layers in a list, or of a module of torch."""
    if isinstance(module, WeightHolder):
        yield from module.weights
        return
    for child in module.children():
        yield from _weights_in(child, owner)
    cache: dict[str, Variable] = module.__dict__.setdefault("_lamina_variables", {})
    keys = [*module._parameters, *module._buffers]
    for key in keys:
        if getattr(module, key) is not None:
            if key not in cache:
                cache[key] = Variable.around(module, key, owner, key)
            yield cache[key]
