"""ConvLSTM1D, ConvLSTM2D and ConvLSTM3D: an LSTM whose products are convolutions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Generic, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor

from lamina import activations
from lamina.activations import Activation
from lamina.fields import (
    Issue,
    PositiveInt,
    Size1D,
    Size2D,
    Size3D,
    field,
)
from lamina.layer import Shape, Weight, layer, need_known, need_rank, product
from lamina.layers.convolution.conv import (
    SlidingWindow,
    kernel_to_torch,
    strides_or_dilation,
)
from lamina.layers.recurrent.gates import (
    GATE_ACTIVATION,
    LSTM_ACTIVATION,
    UNIT_FORGET_BIAS,
    ForgetGate,
)
from lamina.layers.recurrent.recurrent import Recurrent
from lamina.layers.recurrent.steps import run_steps
from lamina.layers.windows import channels_first, pad_same
from lamina.text import Text

S = TypeVar("S", bound=tuple[int, ...])

AXES = {
    1: "(batch, time, steps, channels)",
    2: "(batch, time, height, width, channels)",
    3: "(batch, time, depth, height, width, channels)",
}


@torch.fx.wrap
def conv_lstm_steps(
    sequence: Tensor,
    recurrent: Tensor,
    hidden: Tensor,
    memory: Tensor,
    activation_name: str,
    gate_name: str,
    mask: Tensor | None,
    zero_masked: bool,
    noise: Tensor | None,
) -> tuple[Tensor, ...]:
    """All outputs (batch, time, …, filters), and the last hidden state and memory.

    Args:
        sequence: Convolutions of the input, (batch, time, 4 · filters, …), for the gates input, forget, cell, output.
        recurrent: Kernel of the state, (4 · filters, filters, …).
        hidden: First state, (batch, …, filters).
        memory: First memory, (batch, …, filters).
        activation_name: Activation of the candidate and the output.
        gate_name: Activation of the gates.
        mask: (batch, time) of bool, False for steps to skip.
        zero_masked: Whether outputs of masked steps are zeros.
        noise: What the state is multiplied by for each gate, (4, batch, …, filters).
    """
    activation, gate = activations.get(activation_name), activations.get(gate_name)
    convolution = (F.conv1d, F.conv2d, F.conv3d)[hidden.dim() - 3]
    ones = (1,) * (hidden.dim() - 2)
    sizes = tuple(recurrent.shape[2:])
    drops = None if noise is None else noise.movedim(-1, 2)

    def projected(state: Tensor) -> Tensor:
        if drops is None:
            return convolution(pad_same(state, sizes, ones, ones), recurrent)
        pieces = zip(drops.unbind(0), recurrent.chunk(4), strict=True)
        padded = [(pad_same(state * drop, sizes, ones, ones), part) for drop, part in pieces]
        return torch.cat([convolution(x, part) for x, part in padded], dim=1)

    def step(z: Tensor, hidden: Tensor, memory: Tensor) -> tuple[Tensor, ...]:
        i, f, c, o = (z + projected(hidden)).chunk(4, dim=1)
        memory = gate(f) * memory + gate(i) * activation(c)
        hidden = gate(o) * activation(memory)
        return hidden, hidden, memory

    first = (hidden.movedim(-1, 1), memory.movedim(-1, 1))
    outputs, *last = run_steps(step, sequence, first, mask, zero_masked)
    return (outputs.movedim(2, -1), *(state.movedim(1, -1) for state in last))


class _ConvLSTM(SlidingWindow[S], Recurrent, ForgetGate, Generic[S]):
    """What the three share."""

    filters: PositiveInt = field(
        suggest=16,
        doc=Text(
            "Number of filters: channels of state and output.", "滤波器数量，即状态和输出的通道数。"
        ),
    )
    activation: Activation = replace(LSTM_ACTIVATION, after="dilation_rate")
    recurrent_activation: Activation = replace(GATE_ACTIVATION, after="activation")
    unit_forget_bias: bool = UNIT_FORGET_BIAS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.pop("unroll", None)  # the same numbers either way
        super().__init__(*args, **kwargs)

    @classmethod
    def check_together(cls, values: Mapping[str, Any]) -> Iterable[Issue]:
        return strides_or_dilation(cls, values)

    # --- states ------------------------------------------------------------------------------------------------

    @property
    def units(self) -> int:  # type: ignore[override] # what the base calls the size of a state
        return self.filters

    @property
    def state_shape(self) -> tuple[int, ...]:
        return tuple(size or 0 for size in self._step_shape(self.built_for[0])[1:])

    def _check_state(self, size: Any) -> None:
        if self.built:
            super()._check_state(size)

    # --- what a layer states -----------------------------------------------------------------------------------

    def _step_shape(self, x: Shape) -> Shape:
        """Shape of the state, which is that of the output of one step."""
        return (x[0], *self.window_positions((x[0], *x[2:])), self.filters)

    def output_shape(self, *inputs: Shape) -> Shape:
        x = inputs[0]
        need_rank(self, x, self.rank + 3, AXES[self.rank])
        for axis in range(2, self.rank + 3):
            need_known(self, x, axis, "channels" if axis == self.rank + 2 else f"{axis}.")
        batch, *rest = self._step_shape(x)
        return (batch, x[1], *rest) if self.return_sequences else (batch, *rest)

    def output_shapes(self, *inputs: Shape) -> list[Shape]:
        output = self.output_shape(*inputs)
        return [output, *[self._step_shape(inputs[0])] * (self.outputs_count - 1)]

    def weights_for(self, *inputs: Shape) -> Iterator[Weight]:
        return self.gate_weights(
            need_known(self, inputs[0], -1, "channels"),
            window=self.kernel_size,
            to_torch=kernel_to_torch(self.rank),
            file_group="cell",
        )

    def macs(self, inputs: Sequence[Shape], output: Shape) -> int:
        x = inputs[0]
        positions = product(self._step_shape(x)[1:-1])
        per_position = product(self.kernel_size) * (product(x[-1:]) + self.filters)
        return product(x[1:2]) * positions * per_position * 4 * self.filters

    # --- what it computes --------------------------------------------------------------------------------------

    def _noises(self, x: Tensor) -> tuple[Tensor, Any, Any]:
        input_noise = noise = None
        if 0 < self.dropout < 1:
            input_noise = self._drop(x[:, 0], self.dropout)
        if 0 < self.recurrent_dropout < 1:
            state = x.new_ones(x.shape[0], *self.state_shape)
            noise = self._drop(state, self.recurrent_dropout)
        return x, input_noise, noise

    def _drop(self, like: Tensor, rate: float) -> Tensor:
        """Zeros and 1 / (1 - rate) for each gate, (4, *shape)."""
        ones = torch.ones_like(like).unsqueeze(0).repeat(4, *[1] * (self.rank + 2))
        dropped: Tensor = (
            F.dropout(ones, rate, True) if self.noise is None else self.noise(ones, rate)
        )
        return dropped

    def steps(
        self,
        x: Tensor,
        states: Sequence[Tensor],
        mask: Tensor | None,
        input_noise: Tensor | None,
        noise: Tensor | None,
    ) -> Any:
        bias = self._bias if self.use_bias else None
        if input_noise is None:
            z = self._convolved(x, self._kernel, bias)
        else:
            kernels = self._kernel.chunk(4)
            pieces = [
                self._convolved(x * input_noise[gate].unsqueeze(1), kernels[gate], None)
                for gate in range(4)
            ]
            z = torch.cat(pieces, dim=1)
            z = z if bias is None else z + bias.reshape(-1, *[1] * self.rank)
        return conv_lstm_steps(
            torch.unflatten(z, 0, (-1, x.shape[1])),
            self._recurrent_kernel,
            states[0],
            states[1],
            activations.serialize(self.activation),
            activations.serialize(self.recurrent_activation),
            mask,
            self.zero_output_for_mask,
            noise,
        )

    def _convolved(self, x: Tensor, kernel: Tensor, bias: Any) -> Tensor:
        """(batch, time, …, channels) -> (batch · time, filters, …)."""
        turned = x.flatten(0, 1).permute(channels_first(self.rank))
        return self.convolve(turned, kernel, bias, 1)


@layer(
    group="recurrent",
    summary=Text("An LSTM over sequences of sequences.", "对序列的序列做卷积的 LSTM。"),
)
class ConvLSTM1D(_ConvLSTM[Size1D]):
    """An LSTM whose products are convolutions along one axis (Shi et al. 2015, arXiv:1506.04214).

    Shapes:
        (batch, time, steps, channels) -> (batch, new steps, filters), with time in front for return_sequences; with
        return_state the hidden state and the memory behind it
    """


@layer(
    group="recurrent",
    summary=Text("An LSTM over sequences of images.", "对图像序列做卷积的 LSTM。"),
)
class ConvLSTM2D(_ConvLSTM[Size2D]):
    """An LSTM whose products are convolutions of images (Shi et al. 2015, arXiv:1506.04214).

    Shapes:
        (batch, time, height, width, channels) -> (batch, new height, new width, filters), with time in front for
        return_sequences; with return_state the hidden state and the memory behind it
    """


@layer(
    group="recurrent",
    summary=Text("An LSTM over sequences of volumes.", "对三维数据序列做卷积的 LSTM。"),
)
class ConvLSTM3D(_ConvLSTM[Size3D]):
    """An LSTM whose products are convolutions of volumes (Shi et al. 2015, arXiv:1506.04214).

    Shapes:
        (batch, time, depth, height, width, channels) -> (batch, new depth, new height, new width, filters), with time
        in front for return_sequences; with return_state the hidden state and the memory behind it
    """
