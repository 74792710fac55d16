"""LSTM: a recurrent layer with long memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from lamina import activations
from lamina.activations import Activation
from lamina.fields import PositiveInt
from lamina.layer import layer
from lamina.layers.recurrent import steps as kernels
from lamina.layers.recurrent.gates import (
    GATE_ACTIVATION,
    LSTM_ACTIVATION,
    UNIT_FORGET_BIAS,
    UNITS,
    ForgetGate,
)
from lamina.layers.recurrent.recurrent import UNROLL, Recurrent
from lamina.text import Text


@layer(
    group="recurrent",
    summary=Text("Reads a sequence and remembers.", "读取序列并保持长期记忆。"),
)
class LSTM(Recurrent, ForgetGate):
    """Long short-term memory (Hochreiter and Schmidhuber 1997).

    The gates stand in the order input, forget, cell, output, as in Keras and torch.

    Shapes:
        (batch, time, features) -> (batch, units), or (batch, time, units) with return_sequences; with return_state
        the hidden state and the memory, (batch, units) behind it
    """

    units: PositiveInt = UNITS
    activation: Activation = LSTM_ACTIVATION
    recurrent_activation: Activation = GATE_ACTIVATION
    unit_forget_bias: bool = UNIT_FORGET_BIAS
    unroll: bool = UNROLL

    def steps(
        self,
        x: Tensor,
        states: Sequence[Tensor],
        mask: Tensor | None,
        input_noise: Tensor | None,
        noise: Tensor | None,
    ) -> Any:
        bias = self._bias if self.use_bias else None
        is_usual = (
            self.activation is activations.tanh and self.recurrent_activation is activations.sigmoid
        )
        if is_usual and noise is None:
            given = (x, self._kernel, self._recurrent_kernel, bias, states[0], states[1])
            if mask is None:
                return kernels.fused_lstm(*given)
            return kernels.fused_masked_lstm(
                *given,
                mask,
                self.zero_output_for_mask,
                self.return_sequences,
                self.return_state or self.memory is not None,
            )
        return kernels.stepwise_lstm(
            x,
            self._kernel,
            self._recurrent_kernel,
            bias,
            states[0],
            states[1],
            activations.serialize(self.activation),
            activations.serialize(self.recurrent_activation),
            mask,
            self.zero_output_for_mask,
            input_noise,
            noise,
        )
