"""What an optimizer remembers: slots in the memory order of the weights, and values of its own, in the order of Keras' files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from lamina.errors import ConfigError
from lamina.optimizers.learning_rate import HasLearningRate
from lamina.optimizers.slots import Slot, zeros_for
from lamina.optimizers.variables import DerivedVariable, StateVariable, Variable
from lamina.text import Text


class HasState(HasLearningRate):
    """The remembered values of an optimizer."""

    slot_blocks: ClassVar[tuple[tuple[str, ...], ...]] = ()
    """Names of the slots in the order of Keras' files: blocks after each other, a block's slots interleaved."""

    def __init__(self) -> None:
        self._step = 0
        self._variables: list[Variable] = []
        self._weights: list[Tensor] = []
        self._slots: dict[str, Slot] = {}
        self._views: dict[str, list[Tensor]] = {}
        self._state: list[StateVariable] = []

    def label(self) -> str:
        """The first part of the paths of `variables`."""
        raise NotImplementedError

    def shared_slots(self) -> list[str]:
        """Slots that any optimizer may have, before its own."""
        raise NotImplementedError

    def used_blocks(self) -> tuple[tuple[str, ...], ...]:
        """The `slot_blocks` that this configuration needs."""
        return self.slot_blocks

    def slot_to_keras(self, name: str, slot: Tensor) -> Tensor:
        """A slot as Keras stores it."""
        return slot

    def slot_from_keras(self, name: str, slot: Tensor) -> Tensor:
        """The reverse of `slot_to_keras`."""
        return slot

    def slot_start(self, name: str) -> float:
        """What Keras fills a slot with at first."""
        return 0.0

    # --- memory ---------------------------------------------------------------------------------------------------

    def _place(self) -> None:
        """Make or move what is remembered to where the weights are now."""
        self._weights = [variable.value for variable in self._variables]
        if not self._weights:
            return
        device = self._weights[0].device
        for name in self._slot_names():
            old = self._slots.get(name)
            if old is not None and old.flat.device == device:
                continue
            fresh = zeros_for(self._weights)
            if old is not None:
                fresh.flat.copy_(old.flat)
            elif name in self._own_slots():
                fresh.flat.fill_(self.slot_start(name))
                fresh.flat.copy_(self.slot_from_keras(name, fresh.flat))
            self._slots[name] = fresh
        self._views = {name: slot.views for name, slot in self._slots.items()}
        for state in self._state:
            if state.ndim:  # single numbers stay on the host, where reading them waits for nothing
                state.place(device)

    def _slot_names(self) -> list[str]:
        return self.shared_slots() + [name for block in self.used_blocks() for name in block]

    def _own_slots(self) -> set[str]:
        return {name for block in self.used_blocks() for name in block}

    def add_variable(
        self,
        shape: Sequence[int],
        initializer: Any = "zeros",
        dtype: str | None = None,
        aggregation: str = "none",
        layout: Any = None,
        name: str | None = None,
    ) -> StateVariable:
        """Remember a value of one's own, which is saved along.

        Args:
            shape: Its shape.
            initializer: "zeros", "ones", a number, or a function of the shape.
            dtype: "float32" when left out.
            aggregation: Accepted for Keras' sake.
            layout: Accepted for Keras' sake.
            name: Its name after that of the optimizer.
        """
        first = _initial(tuple(shape), initializer, getattr(torch, _dtype_name(dtype)))
        if first.ndim and self._weights:
            first = first.to(self._weights[0].device)
        variable = StateVariable(f"{self.label()}/{name or 'variable'}", first)
        self._state.append(variable)
        return variable

    def add_variable_from_reference(
        self, reference_variable: Any, name: str | None = None, initializer: Any = "zeros"
    ) -> StateVariable:
        """Remember a value that is shaped like a weight, in Keras' layout."""
        path = getattr(reference_variable, "path", getattr(reference_variable, "name", "variable"))
        value: Tensor = reference_variable.value
        kept = torch.empty_like(value, requires_grad=False)
        variable = StateVariable(
            f"{self.label()}/{str(path).replace('/', '_')}_{name or 'var'}",
            reference_variable.to_keras(kept),
        )
        variable.assign(_initial(variable.shape, initializer, value.dtype))
        self._state.append(variable)
        return variable

    def add_optimizer_variables(
        self, trainable_variables: Sequence[Any], name: Any, initializer: Any = "zeros"
    ) -> Any:
        """`add_variable_from_reference` for every weight: a list, or one list per name, interleaved in files."""
        names = [name] if isinstance(name, str) else list(name)
        starts = (
            list(initializer)
            if isinstance(initializer, (list, tuple))
            else [initializer] * len(names)
        )
        if len(names) != len(starts):
            raise ConfigError(
                Text(
                    f"There are {len(names)} names but {len(starts)} initializers.",
                    f"名称有 {len(names)} 个，初始化器却有 {len(starts)} 个。",
                ),
                field="initializer",
            )
        rows = [
            [
                self.add_variable_from_reference(variable, one, start)
                for one, start in zip(names, starts, strict=True)
            ]
            for variable in trainable_variables
        ]
        lists = tuple([row[i] for row in rows] for i in range(len(names)))
        return lists[0] if isinstance(name, str) else lists

    # --- in Keras' order ------------------------------------------------------------------------------------------

    @property
    def variables(self) -> list[StateVariable]:
        """All that is remembered, as Keras names and orders it: steps, learning rate unless scheduled, then slots."""
        state: list[StateVariable] = [self._derived("iteration", self._read_step, self._write_step)]
        if not self.follows_schedule:
            state.append(self._derived("learning_rate", self._read_rate, self._write_rate))
        return [*state, *self._slot_variables(), *self._state]

    def _derived(
        self, name: str, read: Callable[[], Tensor], write: Callable[[Tensor], None]
    ) -> StateVariable:
        return DerivedVariable(f"{self.label()}/{name}", read, write)

    def _read_step(self) -> Tensor:
        return torch.tensor(self._step, dtype=torch.int32)

    def _write_step(self, value: Tensor) -> None:
        self._step = int(value)

    def _read_rate(self) -> Tensor:
        return torch.tensor(self.rate_of_next_step(), dtype=torch.float32)

    def _write_rate(self, value: Tensor) -> None:
        if not torch.equal(
            value.to(torch.float32), self._read_rate()
        ):  # keep the digits of the same rate
            self.learning_rate = float(value)

    def _slot_variables(self) -> Iterator[StateVariable]:
        if not self._slots:
            return
        shared = [(name,) for name in self.shared_slots()]
        for block in (*shared, *self.used_blocks()):
            for index, variable in enumerate(self._variables):
                for name in block:
                    yield self._derived(
                        f"{variable.path.replace('/', '_')}_{name}",
                        partial(self._read_slot, name, index),
                        partial(self._write_slot, name, index),
                    )

    def _read_slot(self, name: str, index: int) -> Tensor:
        slot = self._slots[name].views[index]
        keras_form = self.slot_to_keras(name, slot) if name in self._own_slots() else slot
        return self._variables[index].to_keras(keras_form)

    def _write_slot(self, name: str, index: int, value: Tensor) -> None:
        slot = self._slots[name].views[index]
        own = self._variables[index].from_keras(value.to(slot.device, slot.dtype))
        slot.copy_(self.slot_from_keras(name, own) if name in self._own_slots() else own)

    # --- files ----------------------------------------------------------------------------------------------------

    def variables_for_file(self) -> list[np.ndarray[Any, Any]]:
        """The values of `variables`."""
        return [variable.numpy() for variable in self.variables]

    @torch.no_grad()
    def load_from_file(self, state: Sequence[Any]) -> None:
        """Take over a state as `variables_for_file` gives it. Build the optimizer first.

        Raises:
            ConfigError: If the state is that of another optimizer or other weights; nothing is changed then.
        """
        variables = self.variables
        arrays = [torch.from_numpy(np.array(array)) for array in state]
        fits = len(arrays) == len(variables) and all(
            tuple(array.shape) == variable.shape
            for array, variable in zip(arrays, variables, strict=True)
        )
        if not fits:
            raise ConfigError(
                Text(
                    f"The saved optimizer state ({len(arrays)} arrays) is not that of {type(self).__name__} "
                    f"for these weights ({len(variables)} arrays).",
                    f"保存的优化器状态（{len(arrays)} 个数组）与当前权重的 {type(self).__name__}"
                    f"（{len(variables)} 个数组）不符。",
                ),
                field="optimizer",
            )
        for array, variable in zip(arrays, variables, strict=True):
            variable.assign(array)

    def get_weights(self) -> list[np.ndarray[Any, Any]]:
        return self.variables_for_file()

    def set_weights(self, weights: Sequence[Any]) -> None:
        """`load_from_file` under Keras' name."""
        self.load_from_file(weights)

    def save_own_variables(self, store: Any) -> None:
        """Put the values into a dict-like store by their number, as Keras does."""
        for index, array in enumerate(self.variables_for_file()):
            store[str(index)] = array

    def load_own_variables(self, store: Any) -> None:
        """The reverse of `save_own_variables`."""
        self.load_from_file([store[str(index)] for index in range(len(store))])


def _initial(shape: tuple[int, ...], initializer: Any, dtype: torch.dtype) -> Tensor:
    if isinstance(initializer, (int, float)):
        return torch.full(shape, initializer, dtype=dtype)
    if initializer in ("zeros", "ones"):
        return torch.full(shape, float(initializer == "ones"), dtype=dtype)
    if callable(initializer):
        return torch.as_tensor(initializer(shape)).to(dtype)
    raise ConfigError(
        Text(
            f'An optimizer\'s variable begins with "zeros", "ones", a number or a function, got {initializer!r}.',
            f"优化器变量的初始值应为 “zeros”、“ones”、数值或函数，实际为 {initializer!r}。",
        ),
        field="initializer",
    )


def _dtype_name(dtype: str | None) -> str:
    return {None: "float32", "int": "int32", "float": "float32"}.get(dtype, str(dtype))
