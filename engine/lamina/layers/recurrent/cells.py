"""Cells: one step of a recurrent layer, for `RNN` to run over a sequence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from lamina.activations import Activation
from lamina.constraints import ConstraintField
from lamina.fields import Fraction, Int, PositiveInt, field
from lamina.initializers import InitializerField
from lamina.layer import Layer, Shape, Weight
from lamina.layers.recurrent import recurrent as words
from lamina.layers.recurrent.lstm import UnitForgetBias
from lamina.layers.recurrent.recurrent import recurrent_weights
from lamina.layers.recurrent.steps import gru_step, lstm_step, project
from lamina.layers.regularization.random_stream import SeededNoise
from lamina.regularizers import RegularizerField
from lamina.text import Text


class Cell(Layer):
    """Base of the library's cells; `parts` is the number of gates and candidates that a step computes.

    A cell of one's own is a layer with `state_size` and `call(inputs, states)`, which gives the output and the new
    states.
    """

    parts: ClassVar[int]
    units: int
    use_bias: bool
    dropout: float
    recurrent_dropout: float
    seed: int | None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.pop("implementation", None)  # ways to the same numbers
        super().__init__(*args, **kwargs)
        self.noise = None if self.seed is None else SeededNoise(self.seed)
        self.__dict__["masks"] = {}

    @property
    def state_size(self) -> Any:
        """Size of the state, or of each one."""
        return self.units

    @property
    def output_size(self) -> int:
        return self.units

    @property
    def bias_shape(self) -> tuple[int, ...]:
        return (self.parts * self.units,)

    @property
    def first_bias(self) -> Any:
        """Initializer of the bias."""
        return self.bias_initializer

    def get_initial_state(self, batch_size: int | None = None) -> list[Tensor]:
        """Zeros for each state."""
        sizes = self.state_size if isinstance(self.state_size, list) else [self.state_size]
        return [torch.zeros(batch_size or 1, size) for size in sizes]

    def build(self, input_shape: Shape) -> None:
        super().build(tuple(input_shape))

    def weights_for(self, *inputs: Shape) -> Iterator[Weight]:
        return recurrent_weights(self, inputs[0])

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


class LSTMCell(Cell):
    """One step of an LSTM.

    Shapes:
        (batch, features), [(batch, units), (batch, units)] -> (batch, units), the same
    """

    units: PositiveInt = field(suggest=64, doc=words.UNITS)
    activation: Activation = field(
        "tanh", doc=Text("Of the candidate and the output.", "候选状态与输出的激活函数。")
    )
    recurrent_activation: Activation = field(
        "sigmoid", doc=Text("Of the gates.", "门控的激活函数。")
    )
    use_bias: bool = field(True, doc=words.USE_BIAS)
    kernel_initializer: InitializerField = field("glorot_uniform", doc=words.KERNEL)
    recurrent_initializer: InitializerField = field("orthogonal", doc=words.RECURRENT)
    bias_initializer: InitializerField = field("zeros", doc=words.BIAS)
    unit_forget_bias: bool = field(
        True, doc=Text("Begin with 1 as bias of the forget gate.", "遗忘门的偏置初始为 1。")
    )
    kernel_regularizer: RegularizerField = field(None, doc=words.PENALTY_KERNEL)
    recurrent_regularizer: RegularizerField = field(None, doc=words.PENALTY_RECURRENT)
    bias_regularizer: RegularizerField = field(None, doc=words.PENALTY_BIAS)
    kernel_constraint: ConstraintField = field(None, doc=words.LIMIT_KERNEL)
    recurrent_constraint: ConstraintField = field(None, doc=words.LIMIT_RECURRENT)
    bias_constraint: ConstraintField = field(None, doc=words.LIMIT_BIAS)
    dropout: Fraction = field(0.0, doc=words.DROPOUT)
    recurrent_dropout: Fraction = field(0.0, doc=words.RECURRENT_DROPOUT)
    seed: Int | None = field(None, doc=words.SEED)

    parts = 4

    @property
    def state_size(self) -> list[int]:
        return [self.units, self.units]

    @property
    def first_bias(self) -> Any:
        given = self.bias_initializer
        return UnitForgetBias(given, self.units) if self.unit_forget_bias else given

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

    units: PositiveInt = field(suggest=64, doc=words.UNITS)
    activation: Activation = field("tanh", doc=Text("Of the candidate.", "候选状态的激活函数。"))
    recurrent_activation: Activation = field(
        "sigmoid", doc=Text("Of the gates.", "门控的激活函数。")
    )
    use_bias: bool = field(True, doc=words.USE_BIAS)
    kernel_initializer: InitializerField = field("glorot_uniform", doc=words.KERNEL)
    recurrent_initializer: InitializerField = field("orthogonal", doc=words.RECURRENT)
    bias_initializer: InitializerField = field("zeros", doc=words.BIAS)
    kernel_regularizer: RegularizerField = field(None, doc=words.PENALTY_KERNEL)
    recurrent_regularizer: RegularizerField = field(None, doc=words.PENALTY_RECURRENT)
    bias_regularizer: RegularizerField = field(None, doc=words.PENALTY_BIAS)
    kernel_constraint: ConstraintField = field(None, doc=words.LIMIT_KERNEL)
    recurrent_constraint: ConstraintField = field(None, doc=words.LIMIT_RECURRENT)
    bias_constraint: ConstraintField = field(None, doc=words.LIMIT_BIAS)
    dropout: Fraction = field(0.0, doc=words.DROPOUT)
    recurrent_dropout: Fraction = field(0.0, doc=words.RECURRENT_DROPOUT)
    reset_after: bool = field(
        True,
        doc=Text(
            "Whether the reset gate acts after the state's kernel, or before it.",
            "重置门作用于循环权重之后（否则在之前）。",
        ),
    )
    seed: Int | None = field(None, doc=words.SEED)

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

    units: PositiveInt = field(suggest=64, doc=words.UNITS)
    activation: Activation = field("tanh", doc=Text("Of the state.", "状态的激活函数。"))
    use_bias: bool = field(True, doc=words.USE_BIAS)
    kernel_initializer: InitializerField = field("glorot_uniform", doc=words.KERNEL)
    recurrent_initializer: InitializerField = field("orthogonal", doc=words.RECURRENT)
    bias_initializer: InitializerField = field("zeros", doc=words.BIAS)
    kernel_regularizer: RegularizerField = field(None, doc=words.PENALTY_KERNEL)
    recurrent_regularizer: RegularizerField = field(None, doc=words.PENALTY_RECURRENT)
    bias_regularizer: RegularizerField = field(None, doc=words.PENALTY_BIAS)
    kernel_constraint: ConstraintField = field(None, doc=words.LIMIT_KERNEL)
    recurrent_constraint: ConstraintField = field(None, doc=words.LIMIT_RECURRENT)
    bias_constraint: ConstraintField = field(None, doc=words.LIMIT_BIAS)
    dropout: Fraction = field(0.0, doc=words.DROPOUT)
    recurrent_dropout: Fraction = field(0.0, doc=words.RECURRENT_DROPOUT)
    seed: Int | None = field(None, doc=words.SEED)

    parts = 1

    def call(self, inputs: Tensor, states: Any) -> tuple[Tensor, Any]:
        is_list = isinstance(states, (list, tuple))
        hidden = states[0] if is_list else states
        z = self._projected(inputs, self._bias if self.use_bias else None)
        mask = self._state_mask(hidden)
        new = self.activation(z + project(hidden, self._recurrent_kernel, None, mask))
        return new, [new] if is_list else new
