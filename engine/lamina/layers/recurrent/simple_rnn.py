"""SimpleRNN: a recurrent layer with a plain state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from lamina import activations
from lamina.activations import Activation
from lamina.constraints import ConstraintField
from lamina.fields import Fraction, Int, PositiveInt, field
from lamina.initializers import InitializerField
from lamina.layer import layer
from lamina.layers.recurrent import recurrent as words
from lamina.layers.recurrent import steps as kernels
from lamina.layers.recurrent.recurrent import Recurrent
from lamina.regularizers import RegularizerField
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

    units: PositiveInt = field(suggest=64, doc=words.UNITS)
    activation: Activation = field(
        "tanh",
        doc=Text("Of the state.", "状态的激活函数。"),
        advanced=True,
    )
    use_bias: bool = field(True, doc=words.USE_BIAS, advanced=True)
    kernel_initializer: InitializerField = field("glorot_uniform", doc=words.KERNEL, advanced=True)
    recurrent_initializer: InitializerField = field(
        "orthogonal", doc=words.RECURRENT, advanced=True
    )
    bias_initializer: InitializerField = field("zeros", doc=words.BIAS, advanced=True)
    kernel_regularizer: RegularizerField = field(None, doc=words.PENALTY_KERNEL, advanced=True)
    recurrent_regularizer: RegularizerField = field(
        None, doc=words.PENALTY_RECURRENT, advanced=True
    )
    bias_regularizer: RegularizerField = field(None, doc=words.PENALTY_BIAS, advanced=True)
    activity_regularizer: RegularizerField = field(None, doc=words.PENALTY_OUTPUT, advanced=True)
    kernel_constraint: ConstraintField = field(None, doc=words.LIMIT_KERNEL, advanced=True)
    recurrent_constraint: ConstraintField = field(None, doc=words.LIMIT_RECURRENT, advanced=True)
    bias_constraint: ConstraintField = field(None, doc=words.LIMIT_BIAS, advanced=True)
    dropout: Fraction = field(0.0, doc=words.DROPOUT)
    recurrent_dropout: Fraction = field(0.0, doc=words.RECURRENT_DROPOUT, advanced=True)
    return_sequences: bool = field(False, doc=words.SEQUENCES)
    return_state: bool = field(False, doc=words.STATE, advanced=True)
    go_backwards: bool = field(False, doc=words.BACKWARDS, advanced=True)
    stateful: bool = field(False, doc=words.STATEFUL, advanced=True)
    unroll: bool = field(False, doc=words.UNROLL, advanced=True)
    seed: Int | None = field(None, doc=words.SEED, advanced=True)

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
        if self.activation is activations.tanh and mask is None and noise is None:
            return kernels.fused_rnn(x, self._kernel, self._recurrent_kernel, bias, states[0])
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
