"""GRU and SimpleRNN: recurrent layers with one state."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from lamina import activations
from lamina.activations import Activation
from lamina.fields import Fraction, PositiveInt, field
from lamina.initializers import InitializerField
from lamina.layer import Layer, Shape, Weight, layer, need_known, need_rank, product
from lamina.text import Text

_UNITS = Text("Size of the state and of the output.", "状态和输出的大小。")
_USE_BIAS = Text("Add a learned offset.", "是否加上可学习的偏置。")
_KERNEL = Text("First values of the input's kernel.", "输入权重的初始值。")
_RECURRENT = Text("First values of the state's kernel.", "循环权重的初始值。")
_BIAS = Text("First values of the bias.", "偏置的初始值。")
_DROPOUT = Text(
    "Share of the input's features set to zero while training.", "训练时输入特征置零的比例。"
)
_SEQUENCES = Text(
    "Give the state of every step, not only the last.", "返回每个时间步的状态，而不只是最后一步。"
)
_BACKWARDS = Text("Read the sequence from its end.", "从末尾开始读取序列。")


@torch.fx.wrap
def fused_gru(x: Tensor, kernel: Tensor, recurrent: Tensor, bias: Tensor | None) -> Tensor:
    """All hidden states (batch, time, units) by torch's fused kernel: tanh and sigmoid, zero first state.

    torch has the reset gate first, Keras the update gate.
    """
    weights = []
    for weight in (kernel, recurrent) if bias is None else (kernel, recurrent, bias[0], bias[1]):
        update, reset, candidate = weight.chunk(3)
        weights.append(torch.cat([reset, update, candidate]))
    state = x.new_zeros(1, x.shape[0], recurrent.shape[1])
    hidden: Tensor = torch.gru(
        x, state, weights, bias is not None, 1, 0.0, torch.is_grad_enabled(), False, True
    )[0]
    return hidden


@torch.fx.wrap
def stepwise_gru(
    x: Tensor,
    kernel: Tensor,
    recurrent: Tensor,
    bias: Tensor | None,
    activation_name: str,
    gate_name: str,
    reset_after: bool,
) -> Tensor:
    """All hidden states (batch, time, units), step by step, for any activations."""
    activation, gate = activations.get(activation_name), activations.get(gate_name)
    hidden = x.new_zeros(x.shape[0], recurrent.shape[1])
    to_gates, to_candidate = recurrent.tensor_split([2 * recurrent.shape[1]])
    of_input = of_gates = of_candidate = None
    if bias is not None and reset_after:
        of_input = bias[0]
        of_gates, of_candidate = bias[1].tensor_split([2 * recurrent.shape[1]])
    elif bias is not None:
        of_input = bias
    states = []
    for from_input in F.linear(x, kernel, of_input).unbind(1):
        x_update, x_reset, x_candidate = from_input.chunk(3, dim=-1)
        h_update, h_reset = F.linear(hidden, to_gates, of_gates).chunk(2, dim=-1)
        update, reset = gate(x_update + h_update), gate(x_reset + h_reset)
        if reset_after:
            h_candidate = reset * F.linear(hidden, to_candidate, of_candidate)
        else:
            h_candidate = F.linear(reset * hidden, to_candidate)
        hidden = update * hidden + (1 - update) * activation(x_candidate + h_candidate)
        states.append(hidden)
    return torch.stack(states, dim=1)


@torch.fx.wrap
def fused_rnn(x: Tensor, kernel: Tensor, recurrent: Tensor, bias: Tensor | None) -> Tensor:
    """All hidden states (batch, time, units) by torch's fused kernel: tanh, zero first state."""
    state = x.new_zeros(1, x.shape[0], recurrent.shape[1])
    weights = (
        [kernel, recurrent] if bias is None else [kernel, recurrent, bias, torch.zeros_like(bias)]
    )
    hidden: Tensor = torch.rnn_tanh(
        x, state, weights, bias is not None, 1, 0.0, torch.is_grad_enabled(), False, True
    )[0]
    return hidden


@torch.fx.wrap
def stepwise_rnn(
    x: Tensor, kernel: Tensor, recurrent: Tensor, bias: Tensor | None, activation_name: str
) -> Tensor:
    """All hidden states (batch, time, units), step by step, for any activation."""
    activation = activations.get(activation_name)
    hidden = x.new_zeros(x.shape[0], recurrent.shape[1])
    states = []
    for from_input in F.linear(x, kernel, bias).unbind(1):
        hidden = activation(from_input + F.linear(hidden, recurrent))
        states.append(hidden)
    return torch.stack(states, dim=1)


class _Recurrent(Layer):
    """What the two share; `parts` is the number of gates and candidates that a step computes."""

    parts: ClassVar[int]
    units: int
    use_bias: bool
    dropout: float
    return_sequences: bool
    go_backwards: bool

    @property
    def bias_shape(self) -> tuple[int, ...]:
        return (self.parts * self.units,)

    def output_shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        need_rank(self, x, 3, "(batch, time, features)")
        need_known(self, x, 2, "features")
        return (x[0], x[1], self.units) if self.return_sequences else (x[0], self.units)

    def weights_for(self, *inputs: Shape) -> Iterator[Weight]:
        features, columns = need_known(self, inputs[0], 2, "features"), self.parts * self.units
        for name, rows, initializer in (
            ("kernel", features, self.kernel_initializer),
            ("recurrent_kernel", self.units, self.recurrent_initializer),
        ):
            shape = (rows, columns)
            yield Weight(name, shape, initializer, to_torch=(1, 0), file_group="cell")
        if self.use_bias:
            yield Weight("bias", self.bias_shape, self.bias_initializer, file_group="cell")

    def output_activation(self) -> str | None:
        return None  # what comes out has passed more than the activation, or is inside a call

    def macs(self, inputs: Sequence[Shape], output: Shape) -> int:
        (x,) = inputs
        return product(x[1:2]) * self.parts * self.units * (product(x[2:]) + self.units)

    def states(self, x: Tensor) -> Tensor:
        """The state after each step, (batch, time, units)."""
        raise NotImplementedError

    def forward(self, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        if self.go_backwards:
            x = x.flip(1)
        if self.training and self.dropout > 0:
            x = torch.feature_dropout(x.transpose(1, 2), self.dropout, True).transpose(1, 2)
        states = self.states(x)
        return states if self.return_sequences else states[:, -1]


@layer(
    group="recurrent",
    summary=Text("Reads a sequence with two gates.", "用两个门控读取序列。"),
)
class GRU(_Recurrent):
    """Gated recurrent unit (Cho et al. 2014, arXiv:1406.1078).

    The gates stand in the order update, reset, candidate, as in Keras.

    Shapes:
        (batch, time, features) -> (batch, units), or (batch, time, units) with return_sequences
    """

    units: PositiveInt = field(suggest=64, doc=_UNITS)
    activation: Activation = field(
        "tanh", doc=Text("Of the candidate.", "候选状态的激活函数。"), advanced=True
    )
    recurrent_activation: Activation = field(
        "sigmoid", doc=Text("Of the gates.", "门控的激活函数。"), advanced=True
    )
    use_bias: bool = field(True, doc=_USE_BIAS, advanced=True)
    kernel_initializer: InitializerField = field("glorot_uniform", doc=_KERNEL, advanced=True)
    recurrent_initializer: InitializerField = field("orthogonal", doc=_RECURRENT, advanced=True)
    bias_initializer: InitializerField = field("zeros", doc=_BIAS, advanced=True)
    dropout: Fraction = field(0.0, doc=_DROPOUT)
    return_sequences: bool = field(False, doc=_SEQUENCES)
    go_backwards: bool = field(False, doc=_BACKWARDS, advanced=True)
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

    def states(self, x: Tensor) -> Tensor:
        bias = self._bias if self.use_bias else None
        is_usual = (
            self.activation is activations.tanh and self.recurrent_activation is activations.sigmoid
        )
        if is_usual and self.reset_after:
            return fused_gru(x, self._kernel, self._recurrent_kernel, bias)
        return stepwise_gru(
            x,
            self._kernel,
            self._recurrent_kernel,
            bias,
            activations.serialize(self.activation),
            activations.serialize(self.recurrent_activation),
            self.reset_after,
        )


@layer(
    group="recurrent",
    summary=Text("Reads a sequence with a plain state.", "用简单状态读取序列。"),
)
class SimpleRNN(_Recurrent):
    """activation(x @ kernel + state @ recurrent kernel + bias), step by step (Elman 1990).

    Shapes:
        (batch, time, features) -> (batch, units), or (batch, time, units) with return_sequences
    """

    units: PositiveInt = field(suggest=64, doc=_UNITS)
    activation: Activation = field(
        "tanh", doc=Text("Of the state.", "状态的激活函数。"), advanced=True
    )
    use_bias: bool = field(True, doc=_USE_BIAS, advanced=True)
    kernel_initializer: InitializerField = field("glorot_uniform", doc=_KERNEL, advanced=True)
    recurrent_initializer: InitializerField = field("orthogonal", doc=_RECURRENT, advanced=True)
    bias_initializer: InitializerField = field("zeros", doc=_BIAS, advanced=True)
    dropout: Fraction = field(0.0, doc=_DROPOUT)
    return_sequences: bool = field(False, doc=_SEQUENCES)
    go_backwards: bool = field(False, doc=_BACKWARDS, advanced=True)

    parts = 1

    def states(self, x: Tensor) -> Tensor:
        bias = self._bias if self.use_bias else None
        if self.activation is activations.tanh:
            return fused_rnn(x, self._kernel, self._recurrent_kernel, bias)
        name = activations.serialize(self.activation)
        return stepwise_rnn(x, self._kernel, self._recurrent_kernel, bias, name)
