"""Cells: one step of a recurrent layer, for `RNN` to run over a sequence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from lamina.activations import Activation
from lamina.devices import elsewhere
from lamina.fields import PositiveInt, field
from lamina.layer import Shape, Weight, need_known
from lamina.layers.recurrent.gates import (
    GATE_ACTIVATION,
    GRU_ACTIVATION,
    LSTM_ACTIVATION,
    RESET_AFTER,
    RNN_ACTIVATION,
    UNIT_FORGET_BIAS,
    UNITS,
    ForgetGate,
    Gates,
)
from lamina.layers.recurrent.steps import gru_step, lstm_step, project


class Cell(Gates):
    """Base of the library's cells.

    A cell of one's own is a layer with `state_size` and `call(inputs, states)`, which gives the output and the new
    states.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.__dict__["masks"] = {}

    @property
    def state_size(self) -> Any:
        """Size of the state, or of each one."""
        return self.units

    @property
    def output_size(self) -> int:
        return self.units

    def get_initial_state(self, batch_size: int | None = None) -> list[Tensor]:
        """Zeros for each state."""
        sizes = self.state_size if isinstance(self.state_size, list) else [self.state_size]
        return [torch.zeros(batch_size or 1, size, device=elsewhere()) for size in sizes]

    def build(self, input_shape: Shape) -> None:
        super().build(tuple(input_shape))

    def weights_for(self, *inputs: Shape) -> Iterator[Weight]:
        return self.gate_weights(need_known(self, inputs[0], 1, "features"))

    def reset_dropout_mask(self) -> None:
        """Draw which of the inputs' features are dropped anew at the next step."""
        self.__dict__["masks"].pop("input", None)

    def reset_recurrent_dropout_mask(self) -> None:
        """Draw which of the state's features are dropped anew at the next step."""
        self.__dict__["masks"].pop("state", None)

    def _mask(self, which: str, like: Tensor, rate: float) -> Tensor | None:
        """What `like` is multiplied by, (parts or 1, batch, features), the same until it is reset."""
        if not self.training or not 0 < rate < 1:  # a rate of 1 drops nothing, as in Keras
            return None
        masks: dict[str, Tensor] = self.__dict__["masks"]
        if which not in masks:
            parts = self.parts if self.recurrent_dropout > 0 else 1
            ones = torch.ones_like(like).unsqueeze(0).repeat(parts, 1, 1)
            masks[which] = (
                F.dropout(ones, rate, True) if self.noise is None else self.noise(ones, rate)
            )
        return masks[which]

    def _projected(self, inputs: Tensor, bias: Tensor | None) -> Tensor:
        return project(inputs, self._kernel, bias, self._mask("input", inputs, self.dropout))

    def _state_mask(self, state: Tensor) -> Tensor | None:
        return self._mask("state", state, self.recurrent_dropout)


class LSTMCell(Cell, ForgetGate):
    """One step of an LSTM.

    Shapes:
        (batch, features), [(batch, units), (batch, units)] -> (batch, units), the same
    """

    units: PositiveInt = UNITS
    activation: Activation = LSTM_ACTIVATION
    recurrent_activation: Activation = GATE_ACTIVATION
    unit_forget_bias: bool = UNIT_FORGET_BIAS

    @property
    def state_size(self) -> list[int]:
        return [self.units, self.units]

    def call(self, inputs: Tensor, states: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
        z = self._projected(inputs, self._bias if self.use_bias else None)
        new = lstm_step(
            z,
            states[0],
            states[1],
            self._recurrent_kernel,
            self.activation,
            self.recurrent_activation,
            self._state_mask(states[0]),
        )
        return new[0], list(new)


class GRUCell(Cell):
    """One step of a GRU.

    Shapes:
        (batch, features), (batch, units) -> (batch, units), the same
    """

    units: PositiveInt = UNITS
    activation: Activation = GRU_ACTIVATION
    recurrent_activation: Activation = GATE_ACTIVATION
    reset_after: bool = field(True, doc=RESET_AFTER, advanced=True, after="recurrent_dropout")

    parts = 3

    @property
    def bias_shape(self) -> tuple[int, ...]:
        return (2, 3 * self.units) if self.reset_after else (3 * self.units,)

    def call(self, inputs: Tensor, states: Any) -> tuple[Tensor, Any]:
        is_list = isinstance(states, (list, tuple))
        hidden = states[0] if is_list else states
        bias = self._bias if self.use_bias else None
        of_input, of_state = (bias, None) if bias is None or not self.reset_after else bias
        new = gru_step(
            self._projected(inputs, of_input),
            hidden,
            self._recurrent_kernel,
            of_state,
            self.activation,
            self.recurrent_activation,
            self._state_mask(hidden),
            self.reset_after,
        )
        return new, [new] if is_list else new


class SimpleRNNCell(Cell):
    """One step of a SimpleRNN.

    Shapes:
        (batch, features), (batch, units) -> (batch, units), the same
    """

    units: PositiveInt = UNITS
    activation: Activation = RNN_ACTIVATION

    parts = 1

    def call(self, inputs: Tensor, states: Any) -> tuple[Tensor, Any]:
        is_list = isinstance(states, (list, tuple))
        hidden = states[0] if is_list else states
        z = self._projected(inputs, self._bias if self.use_bias else None)
        mask = self._state_mask(hidden)
        new = self.activation(z + project(hidden, self._recurrent_kernel, None, mask))
        return new, [new] if is_list else new
