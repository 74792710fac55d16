"""GRU: a recurrent layer with two gates."""

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
    summary=Text("Reads a sequence with two gates.", "用两个门控读取序列。"),
)
class GRU(Recurrent):
    """Gated recurrent unit (Cho et al. 2014, arXiv:1406.1078).

    The gates stand in the order update, reset, candidate, as in Keras.

    Shapes:
        (batch, time, features) -> (batch, units), or (batch, time, units) with return_sequences; with return_state
        the state (batch, units) behind it
    """

    units: PositiveInt = field(suggest=64, doc=words.UNITS)
    activation: Activation = field(
        "tanh",
        doc=Text("Of the candidate.", "候选状态的激活函数。"),
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
    reset_after: bool = field(
        True,
        doc=Text(
            "Whether the reset gate acts after the state's kernel, or before it.",
            "重置门作用于循环权重之后（否则在之前）。",
        ),
        advanced=True,
    )

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
        if is_usual and self.reset_after and mask is None and noise is None:
            return kernels.fused_gru(x, self._kernel, self._recurrent_kernel, bias, states[0])
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
