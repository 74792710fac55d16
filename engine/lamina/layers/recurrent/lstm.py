"""LSTM: a recurrent layer with long memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from lamina import activations
from lamina.activations import Activation
from lamina.constraints import ConstraintField
from lamina.fields import Fraction, Int, PositiveInt, field
from lamina.initializers import Initializer, InitializerField
from lamina.layer import layer
from lamina.layers.recurrent import recurrent as words
from lamina.layers.recurrent import steps as kernels
from lamina.layers.recurrent.recurrent import Recurrent
from lamina.regularizers import RegularizerField
from lamina.text import Text


class UnitForgetBias(Initializer):
    """Another initializer's values, but ones for the forget gate (Jozefowicz et al. 2015)."""

    def __init__(self, inner: Initializer, units: int) -> None:
        super().__init__()
        self.inner = inner
        self.units = units

    def draw(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        drawn = self.inner.draw(shape, generator)
        drawn[self.units : 2 * self.units] = 1.0
        return drawn


@layer(
    group="recurrent",
    summary=Text("Reads a sequence and remembers.", "读取序列并保持长期记忆。"),
)
class LSTM(Recurrent):
    """Long short-term memory (Hochreiter and Schmidhuber 1997).

    The gates stand in the order input, forget, cell, output, as in Keras and torch.

    Shapes:
        (batch, time, features) -> (batch, units), or (batch, time, units) with return_sequences; with return_state
        the hidden state and the memory, (batch, units) behind it
    """

    units: PositiveInt = field(suggest=64, doc=words.UNITS)
    activation: Activation = field(
        "tanh",
        doc=Text("Of the candidate and the output.", "候选状态与输出的激活函数。"),
        advanced=True,
    )
    recurrent_activation: Activation = field(
        "sigmoid", doc=Text("Of the gates.", "门控的激活函数。"), advanced=True
    )
    use_bias: bool = field(True, doc=words.USE_BIAS, advanced=True)
    kernel_initializer: InitializerField = field("glorot_uniform", doc=words.KERNEL, advanced=True)
    recurrent_initializer: InitializerField = field(
        "orthogonal", doc=words.RECURRENT, advanced=True
    )
    bias_initializer: InitializerField = field("zeros", doc=words.BIAS, advanced=True)
    unit_forget_bias: bool = field(
        True,
        doc=Text("Begin with 1 as bias of the forget gate.", "遗忘门的偏置初始为 1。"),
        advanced=True,
    )
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
    seed: Int | None = field(None, doc=words.SEED, advanced=True)
    return_sequences: bool = field(False, doc=words.SEQUENCES)
    return_state: bool = field(False, doc=words.STATE, advanced=True)
    go_backwards: bool = field(False, doc=words.BACKWARDS, advanced=True)
    stateful: bool = field(False, doc=words.STATEFUL, advanced=True)
    unroll: bool = field(False, doc=words.UNROLL, advanced=True)

    parts = 4
    states_count = 2

    @property
    def first_bias(self) -> Any:
        given = self.bias_initializer
        return UnitForgetBias(given, self.units) if self.unit_forget_bias else given

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
        if is_usual and mask is None and noise is None:
            return kernels.fused_lstm(
                x, self._kernel, self._recurrent_kernel, bias, states[0], states[1]
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
