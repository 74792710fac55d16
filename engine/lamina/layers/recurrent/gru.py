"""GRU: a recurrent layer with two gates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from lamina import activations
from lamina.activations import Activation
from lamina.fields import PositiveInt, field
from lamina.layer import layer
from lamina.layers.recurrent import steps as kernels
from lamina.layers.recurrent.gates import GATE_ACTIVATION, GRU_ACTIVATION, RESET_AFTER, UNITS
from lamina.layers.recurrent.recurrent import UNROLL, Recurrent
from lamina.text import Text


@layer(
    group="recurrent",
    summary=Text("Reads a sequence with two gates.", "用两个门控读取序列。"),
)
class GRU(Recurrent):
    """Gated recurrent unit (Cho et al. 2014, arXiv:1406.1078).

    The gates stand in the order update, reset, candidate, as in Keras.

    Shapes:
        (batch, time, features) -> (batch, units), or (batch, time, units) with return_sequences; with return_state
        the state (batch, units) behind it
    """

    units: PositiveInt = UNITS
    activation: Activation = GRU_ACTIVATION
    recurrent_activation: Activation = GATE_ACTIVATION
    unroll: bool = UNROLL
    reset_after: bool = field(True, doc=RESET_AFTER, advanced=True, after="unroll")

    parts = 3

    @property
    def bias_shape(self) -> tuple[int, ...]:
        return (2, 3 * self.units) if self.reset_after else (3 * self.units,)

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
        if is_usual and self.reset_after and noise is None:
            given = (x, self._kernel, self._recurrent_kernel, bias, states[0])
            if mask is None:
                return kernels.fused_gru(*given)
            return kernels.fused_masked_gru(
                *given, mask, self.zero_output_for_mask, self.return_sequences
            )
        return kernels.stepwise_gru(
            x,
            self._kernel,
            self._recurrent_kernel,
            bias,
            states[0],
            activations.serialize(self.activation),
            activations.serialize(self.recurrent_activation),
            self.reset_after,
            mask,
            self.zero_output_for_mask,
            input_noise,
            noise,
        )
