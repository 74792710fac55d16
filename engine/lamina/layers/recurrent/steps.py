"""The arithmetic of recurrent layers: whole sequences by torch's fused kernels, or step by step.

Kernels stand in torch's layout, (columns, features). What runs over a sequence gives the outputs
(batch, time, units) and behind them the last states, each (batch, units). Call those by the module
(`steps.fused_lstm`): torch.fx.wrap keeps them whole in a trace by replacing names of this module.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from lamina import activations

Function = Callable[[Tensor], Tensor]


def project(x: Tensor, kernel: Tensor, bias: Tensor | None, noise: Tensor | None) -> Tensor:
    """X @ kernel + bias, with a dropout mask of its own for each part of the kernel's columns.

    Args:
        x: (batch, …, features).
        kernel: (parts * units, features).
        bias: (parts * units,).
        noise: (parts, batch, …, features), of zeros and 1 / (1 - rate), or None for no dropout.
    """
    if noise is None:
        return F.linear(x, kernel, bias)
    pieces = zip(noise.unbind(0), kernel.chunk(noise.shape[0]), strict=True)
    y = torch.cat([F.linear(x * mask, part) for mask, part in pieces], dim=-1)
    return y if bias is None else y + bias


def lstm_step(
    z: Tensor,
    hidden: Tensor,
    memory: Tensor,
    recurrent: Tensor,
    activation: Function,
    gate: Function,
    noise: Tensor | None,
) -> tuple[Tensor, Tensor]:
    """Hidden state and memory after one step; z is the step's input times its kernel."""
    i, f, c, o = (z + project(hidden, recurrent, None, noise)).chunk(4, dim=-1)
    memory = gate(f) * memory + gate(i) * activation(c)
    return gate(o) * activation(memory), memory


def gru_step(
    z: Tensor,
    hidden: Tensor,
    recurrent: Tensor,
    bias: Tensor | None,
    activation: Function,
    gate: Function,
    noise: Tensor | None,
    reset_after: bool,
) -> Tensor:
    """State after one step; the bias is the recurrent one, of reset_after alone."""
    split = 2 * hidden.shape[-1]
    to_gates, to_candidate = recurrent.tensor_split([split])
    of_gates, of_candidate = (None, None) if bias is None else bias.tensor_split([split])
    gate_noise = None if noise is None else noise[:2]
    x_update, x_reset, x_candidate = z.chunk(3, dim=-1)
    h_update, h_reset = project(hidden, to_gates, of_gates, gate_noise).chunk(2, dim=-1)
    update, reset = gate(x_update + h_update), gate(x_reset + h_reset)
    dropped = hidden if noise is None else hidden * noise[2]
    if reset_after:
        h_candidate = reset * F.linear(dropped, to_candidate, of_candidate)
    else:
        h_candidate = F.linear(reset * dropped, to_candidate)
    return update * hidden + (1 - update) * activation(x_candidate + h_candidate)


def run_steps(
    step: Callable[..., tuple[Tensor, ...]],
    sequence: Tensor,
    states: tuple[Tensor, ...],
    mask: Tensor | None,
    zero_masked: bool,
) -> tuple[Tensor, ...]:
    """All outputs of a step that gives its output and its new states, and the last states.

    A masked step keeps the states. Its output is that of the step before it, zeros at the beginning; with
    `zero_masked` it is zeros.

    Args:
        step: (input of the step, *states) -> (output, *new states).
        sequence: (batch, time, …).
        states: First states, each (batch, units).
        mask: (batch, time) of bool, False for steps to skip.
        zero_masked: Whether outputs of masked steps are zeros.
    """
    output, outputs = None, []
    for time, x in enumerate(sequence.unbind(1)):
        given, *new = step(x, *states)
        if mask is None:
            states = tuple(new)
        else:
            keep = mask[:, time].reshape(-1, *[1] * (given.dim() - 1))
            skipped = torch.zeros_like(given) if zero_masked or output is None else output
            given = torch.where(keep, given, skipped)
            states = tuple(torch.where(keep, a, b) for a, b in zip(new, states, strict=True))
        output = given
        outputs.append(given)
    return (torch.stack(outputs, dim=1), *states)


@torch.fx.wrap
def fused_lstm(
    x: Tensor,
    kernel: Tensor,
    recurrent: Tensor,
    bias: Tensor | None,
    hidden: Tensor,
    memory: Tensor,
) -> tuple[Tensor, Tensor, Tensor]:
    """An LSTM by torch's fused kernel: tanh and sigmoid."""
    weights = (
        [kernel, recurrent] if bias is None else [kernel, recurrent, bias, torch.zeros_like(bias)]
    )
    first = (hidden.unsqueeze(0).contiguous(), memory.unsqueeze(0).contiguous())
    outputs, last, last_memory = torch.lstm(
        x, first, weights, bias is not None, 1, 0.0, torch.is_grad_enabled(), False, True
    )
    return outputs, last[0], last_memory[0]


@torch.fx.wrap
def stepwise_lstm(
    x: Tensor,
    kernel: Tensor,
    recurrent: Tensor,
    bias: Tensor | None,
    hidden: Tensor,
    memory: Tensor,
    activation_name: str,
    gate_name: str,
    mask: Tensor | None = None,
    zero_masked: bool = False,
    input_noise: Tensor | None = None,
    noise: Tensor | None = None,
) -> tuple[Tensor, ...]:
    """An LSTM step by step, for any activations, masks and dropout of the state."""
    activation, gate = activations.get(activation_name), activations.get(gate_name)

    def step(z: Tensor, hidden: Tensor, memory: Tensor) -> tuple[Tensor, ...]:
        hidden, memory = lstm_step(z, hidden, memory, recurrent, activation, gate, noise)
        return hidden, hidden, memory

    sequence = project(x, kernel, bias, input_noise)
    return run_steps(step, sequence, (hidden, memory), mask, zero_masked)


@torch.fx.wrap
def fused_gru(
    x: Tensor, kernel: Tensor, recurrent: Tensor, bias: Tensor | None, hidden: Tensor
) -> tuple[Tensor, Tensor]:
    """A GRU by torch's fused kernel: tanh and sigmoid, the reset gate after the state's kernel.

    torch has the reset gate first, Keras the update gate.
    """
    weights = []
    for weight in (kernel, recurrent) if bias is None else (kernel, recurrent, bias[0], bias[1]):
        update, reset, candidate = weight.chunk(3)
        weights.append(torch.cat([reset, update, candidate]))
    first = hidden.unsqueeze(0).contiguous()
    outputs, last = torch.gru(
        x, first, weights, bias is not None, 1, 0.0, torch.is_grad_enabled(), False, True
    )
    return outputs, last[0]


@torch.fx.wrap
def stepwise_gru(
    x: Tensor,
    kernel: Tensor,
    recurrent: Tensor,
    bias: Tensor | None,
    hidden: Tensor,
    activation_name: str,
    gate_name: str,
    reset_after: bool,
    mask: Tensor | None = None,
    zero_masked: bool = False,
    input_noise: Tensor | None = None,
    noise: Tensor | None = None,
) -> tuple[Tensor, ...]:
    """A GRU step by step, for any activations, masks and dropout of the state."""
    activation, gate = activations.get(activation_name), activations.get(gate_name)
    of_input, of_state = (bias, None) if bias is None or not reset_after else (bias[0], bias[1])

    def step(z: Tensor, hidden: Tensor) -> tuple[Tensor, ...]:
        hidden = gru_step(z, hidden, recurrent, of_state, activation, gate, noise, reset_after)
        return hidden, hidden

    sequence = project(x, kernel, of_input, input_noise)
    return run_steps(step, sequence, (hidden,), mask, zero_masked)


@torch.fx.wrap
def fused_rnn(
    x: Tensor, kernel: Tensor, recurrent: Tensor, bias: Tensor | None, hidden: Tensor
) -> tuple[Tensor, Tensor]:
    """A plain recurrent layer by torch's fused kernel: tanh."""
    weights = (
        [kernel, recurrent] if bias is None else [kernel, recurrent, bias, torch.zeros_like(bias)]
    )
    first = hidden.unsqueeze(0).contiguous()
    outputs, last = torch.rnn_tanh(
        x, first, weights, bias is not None, 1, 0.0, torch.is_grad_enabled(), False, True
    )
    return outputs, last[0]


@torch.fx.wrap
def stepwise_rnn(
    x: Tensor,
    kernel: Tensor,
    recurrent: Tensor,
    bias: Tensor | None,
    hidden: Tensor,
    activation_name: str,
    mask: Tensor | None = None,
    zero_masked: bool = False,
    input_noise: Tensor | None = None,
    noise: Tensor | None = None,
) -> tuple[Tensor, ...]:
    """A plain recurrent layer step by step, for any activation, masks and dropout of the state."""
    activation = activations.get(activation_name)

    def step(z: Tensor, hidden: Tensor) -> tuple[Tensor, ...]:
        hidden = activation(z + project(hidden, recurrent, None, noise))
        return hidden, hidden

    sequence = project(x, kernel, bias, input_noise)
    return run_steps(step, sequence, (hidden,), mask, zero_masked)
