"""The arithmetic of recurrent layers: whole sequences by torch's fused kernels, or step by step.

Kernels stand in torch's layout, (columns, features). What runs over a sequence gives the outputs
(batch, time, units) and behind them the last states, each (batch, units). Call those by the module
(`steps.fused_lstm`): torch.fx.wrap keeps them whole in a trace by replacing names of this module.

With a mask the fused kernels read the kept steps of each sample first and the others behind them, where nobody looks.
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


def to_front(x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """The steps with those that are kept in front, in their order, and how many are kept up to each step.

    Args:
        x: (batch, time, features).
        mask: (batch, time) of bool, False for steps to skip.
    """
    kept = mask.cumsum(1)
    if not torch.is_grad_enabled() and x.is_cpu and not bool((mask[:, 1:] > mask[:, :-1]).any()):
        return x, kept  # they are in front: the usual case, and a CPU tells it at once
    rows = x.flatten(0, 1)
    samples, times = (torch.arange(size, device=x.device) for size in x.shape[:2])
    # The kernels read all samples of a step behind each other: so they are laid down.
    if x.requires_grad and torch.is_grad_enabled():
        # each row is told where to go: gradients come back by an index_select, and not by an addition
        place = torch.where(mask, kept - 1, kept[:, -1:] + times - kept)
        to = place * x.shape[0] + samples.unsqueeze(1)
        moved = torch.zeros_like(rows).index_copy(0, to.flatten(), rows)
    else:
        order = torch.argsort(~mask, dim=1, stable=True)
        moved = rows.index_select(0, (order.t() + samples * x.shape[1]).flatten())
    return moved.view(x.shape[1], x.shape[0], x.shape[2]).transpose(0, 1), kept


def from_front(
    outputs: Tensor, mask: Tensor, kept: Tensor, zero_masked: bool, whole: bool
) -> Tensor:
    """The outputs where the steps were, (batch, time, units), or (batch, 1, units) of the last step alone.

    Args:
        outputs: Those of the steps that `to_front` gave.
        mask, kept: What `to_front` was given, and gave.
        zero_masked, whole: See `fused_masked_lstm`.
    """
    if not whole:
        mask, kept = mask[:, -1:], kept[:, -1:]
    has_output = mask if zero_masked else kept > 0
    found = _at(outputs, kept)
    return torch.where(has_output.unsqueeze(2), found, torch.zeros_like(found))


def last_kept(outputs: Tensor, kept: Tensor, first: Tensor) -> Tensor:
    """The state after the last kept step, (batch, units); the first state where none is kept."""
    count = kept[:, -1:]
    return torch.where(count > 0, _at(outputs, count).squeeze(1), first)


def _at(outputs: Tensor, kept: Tensor) -> Tensor:
    """The outputs after so many steps; after none, any."""
    samples = torch.arange(outputs.shape[0], device=outputs.device)
    rows = (kept - 1).clamp(min=0) * outputs.shape[0] + samples.unsqueeze(1)
    by_time = outputs.transpose(0, 1).flatten(0, 1)  # mostly no copy: so the kernels give them
    return by_time.index_select(0, rows.flatten()).view(*kept.shape, outputs.shape[2])


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
def fused_masked_lstm(
    x: Tensor,
    kernel: Tensor,
    recurrent: Tensor,
    bias: Tensor | None,
    hidden: Tensor,
    memory: Tensor,
    mask: Tensor,
    zero_masked: bool = False,
    whole: bool = True,
    remembers: bool = True,
) -> tuple[Tensor, Tensor, Tensor | None]:
    """An LSTM with a mask by torch's fused kernel.

    Args:
        mask, zero_masked: See `run_steps`.
        whole: Whether all outputs are wanted; otherwise the first result is (batch, 1, units), the last one.
        remembers: Whether the last memory is wanted; otherwise it is None.
    """
    first, kept = to_front(x, mask)
    if remembers:
        # A further feature tells the steps behind the kept ones; it opens the forget gate and shuts the input gate,
        # so that these keep the memory.
        times = torch.arange(x.shape[1], device=x.device)
        is_behind = (times >= kept[:, -1:]).to(x.dtype).unsqueeze(2)
        shut = kernel.new_full((recurrent.shape[1], 1), torch.finfo(torch.float16).max / 2)
        none = torch.zeros_like(shut)
        first = torch.cat([torch.where(is_behind > 0, 0, first), is_behind], dim=2)
        kernel = torch.cat([kernel, torch.cat([-shut, shut, none, none])], dim=1)
    outputs, _, last_memory = fused_lstm(first, kernel, recurrent, bias, hidden, memory)
    return (
        from_front(outputs, mask, kept, zero_masked, whole),
        last_kept(outputs, kept, hidden),
        last_memory if remembers else None,
    )


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
def fused_masked_gru(
    x: Tensor,
    kernel: Tensor,
    recurrent: Tensor,
    bias: Tensor | None,
    hidden: Tensor,
    mask: Tensor,
    zero_masked: bool = False,
    whole: bool = True,
) -> tuple[Tensor, Tensor]:
    """A GRU with a mask by torch's fused kernel; see `fused_masked_lstm`."""
    first, kept = to_front(x, mask)
    outputs, _ = fused_gru(first, kernel, recurrent, bias, hidden)
    return from_front(outputs, mask, kept, zero_masked, whole), last_kept(outputs, kept, hidden)


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
def fused_masked_rnn(
    x: Tensor,
    kernel: Tensor,
    recurrent: Tensor,
    bias: Tensor | None,
    hidden: Tensor,
    mask: Tensor,
    zero_masked: bool = False,
    whole: bool = True,
) -> tuple[Tensor, Tensor]:
    """A plain recurrent layer with a mask by torch's fused kernel; see `fused_masked_lstm`."""
    first, kept = to_front(x, mask)
    outputs, _ = fused_rnn(first, kernel, recurrent, bias, hidden)
    return from_front(outputs, mask, kept, zero_masked, whole), last_kept(outputs, kept, hidden)


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
