"""LSTM: a recurrent layer with long memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from lamina import activations
from lamina.activations import Activation
from lamina.fields import Fraction, PositiveInt, field
from lamina.initializers import Initializer, InitializerField
from lamina.layer import Layer, Shape, Weight, layer, need_known, need_rank, product
from lamina.text import Text


class _UnitForgetBias(Initializer):
    """Another initializer's values, but ones for the forget gate (Jozefowicz et al. 2015)."""

    def __init__(self, inner: Initializer, units: int) -> None:
        super().__init__()
        self.inner = inner
        self.units = units

    def draw(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        drawn = self.inner.draw(shape, generator)
        drawn[self.units : 2 * self.units] = 1.0
        return drawn


@torch.fx.wrap
def fused_lstm(
    x: Tensor, kernel: Tensor, recurrent: Tensor, bias: Tensor | None, units: int
) -> Tensor:
    """All hidden states (batch, time, units) by torch's fused kernel: tanh and sigmoid, zero first state."""
    state = x.new_zeros(1, x.shape[0], units)
    weights = (
        [kernel, recurrent] if bias is None else [kernel, recurrent, bias, torch.zeros_like(bias)]
    )
    hidden: Tensor = torch.lstm(
        x, (state, state), weights, bias is not None, 1, 0.0, torch.is_grad_enabled(), False, True
    )[0]
    return hidden


@torch.fx.wrap
def stepwise_lstm(
    x: Tensor,
    kernel: Tensor,
    recurrent: Tensor,
    bias: Tensor | None,
    activation_name: str,
    gate_name: str,
) -> Tensor:
    """All hidden states (batch, time, units), step by step, for any activations."""
    activation, gate = activations.get(activation_name), activations.get(gate_name)
    hidden = x.new_zeros(x.shape[0], recurrent.shape[1])
    memory = hidden
    states = []
    for from_input in F.linear(x, kernel, bias).unbind(1):
        i, f, c, o = (from_input + F.linear(hidden, recurrent)).chunk(4, dim=-1)
        memory = gate(f) * memory + gate(i) * activation(c)
        hidden = gate(o) * activation(memory)
        states.append(hidden)
    return torch.stack(states, dim=1)


@layer(
    group="recurrent",
    summary=Text("Reads a sequence and remembers.", "读取序列并保持长期记忆。"),
)
class LSTM(Layer):
    """Long short-term memory (Hochreiter and Schmidhuber 1997).

    The gates stand in the order input, forget, cell, output, as in Keras and torch.

    Shapes:
        (batch, time, features) -> (batch, units), or (batch, time, units) with return_sequences
    """

    units: PositiveInt = field(
        suggest=64, doc=Text("Size of the state and of the output.", "状态和输出的大小。")
    )
    activation: Activation = field(
        "tanh",
        doc=Text("Of the candidate and the output.", "候选状态与输出的激活函数。"),
        advanced=True,
    )
    recurrent_activation: Activation = field(
        "sigmoid", doc=Text("Of the gates.", "门控的激活函数。"), advanced=True
    )
    use_bias: bool = field(
        True, doc=Text("Add a learned offset.", "是否加上可学习的偏置。"), advanced=True
    )
    kernel_initializer: InitializerField = field(
        "glorot_uniform",
        doc=Text("First values of the input's kernel.", "输入权重的初始值。"),
        advanced=True,
    )
    recurrent_initializer: InitializerField = field(
        "orthogonal",
        doc=Text("First values of the state's kernel.", "循环权重的初始值。"),
        advanced=True,
    )
    bias_initializer: InitializerField = field(
        "zeros", doc=Text("First values of the bias.", "偏置的初始值。"), advanced=True
    )
    unit_forget_bias: bool = field(
        True,
        doc=Text("Begin with 1 as bias of the forget gate.", "遗忘门的偏置初始为 1。"),
        advanced=True,
    )
    dropout: Fraction = field(
        0.0,
        doc=Text(
            "Share of the input's features set to zero while training.",
            "训练时输入特征置零的比例。",
        ),
    )
    return_sequences: bool = field(
        False,
        doc=Text(
            "Give the state of every step, not only the last.",
            "返回每个时间步的状态，而不只是最后一步。",
        ),
    )
    go_backwards: bool = field(
        False, doc=Text("Read the sequence from its end.", "从末尾开始读取序列。"), advanced=True
    )

    def output_shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        need_rank(self, x, 3, "(batch, time, features)")
        need_known(self, x, 2, "features")
        return (x[0], x[1], self.units) if self.return_sequences else (x[0], self.units)

    def weights_for(self, *inputs: Shape) -> Iterator[Weight]:
        features, gates = need_known(self, inputs[0], 2, "features"), 4 * self.units
        yield Weight(
            "kernel",
            (features, gates),
            self.kernel_initializer,
            to_torch=(1, 0),
            file_group="cell",
        )
        yield Weight(
            "recurrent_kernel",
            (self.units, gates),
            self.recurrent_initializer,
            to_torch=(1, 0),
            file_group="cell",
        )
        if self.use_bias:
            first = self.bias_initializer
            if self.unit_forget_bias:
                first = _UnitForgetBias(first, self.units)
            yield Weight("bias", (gates,), first, file_group="cell")

    def output_activation(self) -> str | None:
        return None  # the output is a product of gates, whatever the activation

    def macs(self, inputs: Sequence[Shape], output: Shape) -> int:
        (x,) = inputs
        return product(x[1:2]) * 4 * self.units * (product(x[2:]) + self.units)

    def forward(self, *inputs: Tensor) -> Tensor:
        (x,) = inputs
        if self.go_backwards:
            x = x.flip(1)
        if self.training and self.dropout > 0:
            x = torch.feature_dropout(x.transpose(1, 2), self.dropout, True).transpose(1, 2)
        bias = self._bias if self.use_bias else None
        if self.activation is activations.tanh and self.recurrent_activation is activations.sigmoid:
            states = fused_lstm(x, self._kernel, self._recurrent_kernel, bias, self.units)
        else:
            states = stepwise_lstm(
                x,
                self._kernel,
                self._recurrent_kernel,
                bias,
                activations.serialize(self.activation),
                activations.serialize(self.recurrent_activation),
            )
        return states if self.return_sequences else states[:, -1]
