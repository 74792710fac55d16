"""RNN runs a cell over a sequence; StackedRNNCells makes one cell of several."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from lamina.calls import is_tensor, put_together, take_apart
from lamina.devices import elsewhere
from lamina.errors import ConfigError, ShapeError
from lamina.layer import Layer, Shape, TensorSpec
from lamina.layers.recurrent.cells import Cell, GRUCell, LSTMCell, SimpleRNNCell
from lamina.layers.recurrent.steps import run_steps
from lamina.saving_registry import deserialize_keras_object, serialize_keras_object
from lamina.text import Text


class StackedRNNCells(Layer):
    """Several cells, one on the other, as one cell; its state is a list with the state of each.

    Args:
        cells: Cells, first to last.
    """

    def __init__(self, cells: Sequence[Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for cell in cells:
            _need_cell(cell, "StackedRNNCells")
        self.cells = list(cells)

    @property
    def state_size(self) -> list[Any]:
        return [cell.state_size for cell in self.cells]

    @property
    def output_size(self) -> int:
        return _output_size(self.cells[-1])

    def get_initial_state(self, batch_size: int | None = None) -> list[Any]:
        """Zeros for each state of each cell."""
        like = torch.zeros(batch_size or 1, 1, device=elsewhere())
        return [_first_state(cell, like) for cell in self.cells]

    def build(self, input_shape: Shape) -> None:
        for cell in self.cells:
            _build_cell(cell, input_shape)
            input_shape = (input_shape[0], _output_size(cell))
        self.built = True

    def call(self, inputs: Any, states: Sequence[Any]) -> tuple[Any, Any]:
        new = []
        for cell, state in zip(self.cells, states, strict=True):
            is_list = isinstance(state, (list, tuple))
            inputs, given = _call_cell(cell, inputs, list(state) if is_list else [state])
            given = list(given) if isinstance(given, (list, tuple)) else [given]
            new.append(given if is_list else given[0])
        return inputs, new

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "cells": [serialize_keras_object(cell) for cell in self.cells],
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> StackedRNNCells:
        config = dict(config)
        return cls([_made(cell) for cell in config.pop("cells")], **config)


class RNN(Layer):
    """Runs a cell over a sequence, step by step.

    Args:
        cell: A cell, or a list of cells to stand one on the other.
        return_sequences: Give the output of every step, not only the last.
        return_state: Give the last states as further outputs.
        go_backwards: Read the sequence from its end.
        stateful: Begin each batch with the states that the last one ended with.
        unroll: Accepted for Keras' sake; the result is the same.
        zero_output_for_mask: Give zeros at masked steps, not the output of the step before.

    Shapes:
        (batch, time, …) -> (batch, units), or (batch, time, units) with return_sequences
    """

    supports_masking = True

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.cell = StackedRNNCells(cell) if isinstance(cell, (list, tuple)) else cell
        _need_cell(self.cell, "RNN")
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.go_backwards = go_backwards
        self.stateful = stateful
        self.unroll = unroll
        self.zero_output_for_mask = zero_output_for_mask
        self.__dict__["states"] = None

    @property
    def state_size(self) -> list[Any]:
        size = self.cell.state_size
        return list(size) if isinstance(size, (list, tuple)) else [size]

    def build(self, sequences_shape: Shape, initial_state_shape: Any = None) -> None:
        _build_cell(self.cell, (sequences_shape[0], *sequences_shape[2:]))
        self.built = True

    def outputs_for(
        self, structure: tuple[Any, Any], specs: Sequence[TensorSpec]
    ) -> tuple[Any, list[TensorSpec]]:
        with self.forgetful():  # trying it leaves no states
            return super().outputs_for(structure, specs)

    @contextmanager
    def forgetful(self) -> Iterator[None]:
        """Inside, the layer is not stateful."""
        before, self.stateful = self.stateful, False
        try:
            yield
        finally:
            self.stateful = before

    def reset_state(self) -> None:
        """Begin the next batch with zeros."""
        self.__dict__["states"] = None

    def reset_states(self) -> None:
        """The same as `reset_state`."""
        self.reset_state()

    def get_initial_state(self, batch_size: int) -> list[Any]:
        """The states that a sequence begins with."""
        return _as_list(_first_state(self.cell, torch.zeros(batch_size, 1, device=elsewhere())))

    def call(self, sequences: Tensor, initial_state: Any = None, mask: Any = None) -> Any:
        if initial_state is None:
            initial_state = self._first_states(sequences)
        initial_state = _as_list(initial_state)
        if mask is not None:
            mask = mask.to(torch.bool)
        if self.go_backwards:
            sequences = sequences.flip(1)
            mask = None if mask is None else mask.flip(1)
        flat: list[Tensor] = []
        nest = take_apart(initial_state, flat, is_tensor)
        _reset_masks(self.cell)

        def step(x: Tensor, *states: Tensor) -> tuple[Tensor, ...]:
            output, new = _call_cell(self.cell, x, put_together(nest, states))
            leaves: list[Tensor] = []
            take_apart(_as_list(new), leaves, is_tensor)
            return (output, *leaves)

        outputs, *last = run_steps(step, sequences, tuple(flat), mask, self.zero_output_for_mask)
        _reset_masks(self.cell)
        states = put_together(nest, last)
        if self.stateful:
            self.__dict__["states"] = put_together(nest, [x.detach().clone() for x in last])
        output = outputs if self.return_sequences else outputs[:, -1]
        return (output, *states) if self.return_state else output

    def _first_states(self, x: Tensor) -> Any:
        kept = self.__dict__["states"] if self.stateful else None
        if kept is None:
            return _first_state(self.cell, x)
        flat: list[Tensor] = []
        nest = take_apart(kept, flat, is_tensor)
        if flat[0].shape[0] != x.shape[0]:
            raise ShapeError(
                Text(
                    f'"{self.name}" is stateful and keeps states for {flat[0].shape[0]} samples, but this batch has '
                    f"{x.shape[0]}. Use batches of one size, or call reset_state() first.",
                    f"“{self.name}”是有状态的，保存了 {flat[0].shape[0]} 个样本的状态，但本批次有 {x.shape[0]} 个样本。"
                    "请使用大小相同的批次，或先调用 reset_state()。",
                )
            )
        return put_together(nest, [one.to(x.device, copy=True) for one in flat])

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        mask = previous_mask[0] if isinstance(previous_mask, (list, tuple)) else previous_mask
        output = mask if self.return_sequences else None
        return [output, *[None for _ in self.state_size]] if self.return_state else output

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "cell": serialize_keras_object(self.cell),
            "return_sequences": self.return_sequences,
            "return_state": self.return_state,
            "go_backwards": self.go_backwards,
            "stateful": self.stateful,
            "unroll": self.unroll,
            "zero_output_for_mask": self.zero_output_for_mask,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> RNN:
        config = dict(config)
        return cls(_made(config.pop("cell")), **config)


def _made(cell: Any) -> Any:
    known = (LSTMCell, GRUCell, SimpleRNNCell, StackedRNNCells)
    table = {cls.__name__: cls for cls in known}
    is_form = isinstance(cell, Mapping)
    return deserialize_keras_object(cell, table) if is_form else cell


def _as_list(states: Any) -> list[Any]:
    return list(states) if isinstance(states, (list, tuple)) else [states]


def _need_cell(cell: Any, what: str) -> None:
    if not hasattr(cell, "call") or not hasattr(cell, "state_size"):
        raise ConfigError(
            Text(
                f"{what} needs cells: objects with call(inputs, states) and state_size; got "
                f"{type(cell).__name__}.",
                f"{what} 需要单元（cell）：具有 call(inputs, states) 和 state_size 的对象；实际为 "
                f"{type(cell).__name__}。",
            )
        )


def _output_size(cell: Any) -> int:
    size = getattr(cell, "output_size", None)
    size = cell.state_size if size is None else size
    return int(size[0] if isinstance(size, (list, tuple)) else size)


def _build_cell(cell: Any, shape: Shape) -> None:
    if isinstance(cell, Layer) and not cell.built:
        cell.build(shape)
        cell.built = True


def _call_cell(cell: Any, x: Any, states: Any) -> tuple[Any, Any]:
    found: tuple[Any, Any] = cell(x, states) if callable(cell) else cell.call(x, states)
    return found


def _first_state(cell: Any, x: Tensor) -> Any:
    """The states that a cell begins a batch with, where the batch is."""
    if isinstance(cell, StackedRNNCells):
        return [_first_state(one, x) for one in cell.cells]
    own = getattr(cell, "get_initial_state", None)
    if own is not None:
        found: list[Tensor] = []
        nest = take_apart(_as_list(own(batch_size=x.shape[0])), found, is_tensor)
        states = put_together(nest, [state.to(x.device) for state in found])
    else:
        size = cell.state_size
        sizes = size if isinstance(size, (list, tuple)) else [size]
        states = [x.new_zeros(x.shape[0], one) for one in sizes]
    return states


def _reset_masks(cell: Any) -> None:
    """Let the cells draw their dropout anew."""
    if isinstance(cell, StackedRNNCells):
        for one in cell.cells:
            _reset_masks(one)
    elif isinstance(cell, Cell):
        cell.reset_dropout_mask()
        cell.reset_recurrent_dropout_mask()
