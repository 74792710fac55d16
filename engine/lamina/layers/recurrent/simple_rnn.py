"""SimpleRNN: a recurrent layer with a plain state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from lamina import activations
from lamina.activations import Activation
from lamina.fields import Int, PositiveInt, field
from lamina.layer import layer
from lamina.layers.recurrent import steps as kernels
from lamina.layers.recurrent.gates import RNN_ACTIVATION, SEED, UNITS
from lamina.layers.recurrent.recurrent import UNROLL, Recurrent
from lamina.text import Text


@layer(
    group="recurrent",
    summary=Text("Reads a sequence with a plain state.", "用简单状态读取序列。"),
)
class SimpleRNN(Recurrent):
    """activation(x @ kernel + state @ recurrent kernel + bias), step by step (Elman 1990).

    Shapes:
        (batch, time, features) -> (batch, units), or (batch, time, units) with return_sequences; with return_state
        the state (batch, units) behind it
    """

    units: PositiveInt = UNITS
    activation: Activation = RNN_ACTIVATION
    unroll: bool = UNROLL
    seed: Int | None = field(None, doc=SEED, advanced=True, after="unroll")

    parts = 1

    def steps(
        self,
        x: Tensor,
        states: Sequence[Tensor],
        mask: Tensor | None,
        input_noise: Tensor | None,
        noise: Tensor | None,
    ) -> Any:
        bias = self._bias if self.use_bias else None
        if self.activation is activations.tanh and noise is None:
            given = (x, self._kernel, self._recurrent_kernel, bias, states[0])
            if mask is None:
                return kernels.fused_rnn(*given)
            return kernels.fused_masked_rnn(
                *given, mask, self.zero_output_for_mask, self.return_sequences
            )
        return kernels.stepwise_rnn(
            x,
            self._kernel,
            self._recurrent_kernel,
            bias,
            states[0],
            activations.serialize(self.activation),
            mask,
            self.zero_output_for_mask,
            input_noise,
            noise,
        )
