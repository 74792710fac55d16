"""What the recurrent layers share: shapes, weights, states, masks and dropout."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lamina.errors import ConfigError, ShapeError
from lamina.fields import field
from lamina.layer import (
    Shape,
    Weight,
    need_known,
    need_rank,
    product,
    shape_text,
)
from lamina.layers.recurrent.gates import Gates
from lamina.layers.shared_fields import PENALTY_BY_POSITION
from lamina.regularizers import RegularizerField
from lamina.text import Text

UNROLL: Any = field(
    False,
    doc=Text(
        "Accepted for Keras' sake; the result is the same.", "为兼容 Keras 而保留；结果相同。"
    ),
    advanced=True,
    after="stateful",
)
"""Field: whether to lay the steps out in a row."""


class StateMemory(nn.Module):
    """The states of a stateful layer between batches.

    It is a module of its own, so that programs call it instead of tracing it. The states are no weights.
    """

    hands_on = True
    """Whether what it computes in a batch depends on the one before, past all tensors that a step knows."""

    def __init__(self, owner: str, count: int) -> None:
        super().__init__()
        self.owner = owner
        self.count = count
        self.shape: tuple[int, ...] = ()
        self.states: list[Tensor] | None = None

    def forward(self, x: Tensor, *new: Tensor) -> Any:
        """The states to begin a batch with; with new states: keeps them and gives `x`.

        Raises:
            ShapeError: If the batch is of another size than the last one.
        """
        if new:
            self.states = [state.detach().clone() for state in new]
            return x
        if self.states is None:
            self.states = [x.new_zeros(x.shape[0], *self.shape) for _ in range(self.count)]
        kept = self.states[0].shape[0]
        if kept != x.shape[0]:
            raise ShapeError(
                Text(
                    f'"{self.owner}" is stateful and keeps states for {kept} samples, but this batch has '
                    f"{x.shape[0]}. Use batches of one size, or call forget_states() first.",
                    f"“{self.owner}”是有状态的，保存了 {kept} 个样本的状态，但本批次有 {x.shape[0]} 个样本。"
                    "请使用大小相同的批次，或先调用 forget_states()。",
                )
            )
        # copies: states kept by predict are tensors that autograd refuses
        return [state.to(x.device, copy=True) for state in self.states]


class Recurrent(Gates):
    """Base of LSTM, GRU, SimpleRNN and their like.

    A call takes `initial_state`, a list with one tensor (batch, units) for each state, and `mask`, (batch, time)
    of bool. A masked step keeps the states; its output is that of the step before it, or zeros with
    `zero_output_for_mask`. torch's fused kernel runs where there is one.
    """

    activity_regularizer: RegularizerField | None = PENALTY_BY_POSITION
    return_sequences: bool = field(
        False,
        doc=Text(
            "Give the state of every step, not only the last.",
            "返回每个时间步的状态，而不只是最后一步。",
        ),
        after="seed",
    )
    return_state: bool = field(
        False,
        doc=Text("Give the last states as further outputs.", "将最后的状态作为额外输出返回。"),
        advanced=True,
        after="return_sequences",
    )
    go_backwards: bool = field(
        False,
        doc=Text("Read the sequence from its end.", "从末尾开始读取序列。"),
        advanced=True,
        after="return_state",
    )
    stateful: bool = field(
        False,
        doc=Text(
            "Begin each batch with the states that the last one ended with.",
            "每个批次从上一批次结束时的状态开始。",
        ),
        advanced=True,
        after="go_backwards",
    )
    zero_output_for_mask: bool = field(
        False,
        doc=Text(
            "Give zeros at masked steps, not the output of the step before.",
            "在被遮蔽的时间步输出零，而不是前一步的输出。",
        ),
        advanced=True,
        kw_only=True,
    )

    call_arguments: ClassVar[tuple[str, ...]] = ("sequences",)
    supports_masking = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.__dict__["use_cudnn"] = kwargs.pop("use_cudnn", "auto")
        super().__init__(*args, **kwargs)
        self.memory = StateMemory(self.name, self.states_count) if self.stateful else None

    # --- states ------------------------------------------------------------------------------------------------

    @property
    def state_size(self) -> list[int]:
        """Sizes of the states."""
        return [self.units] * self.states_count

    @property
    def states(self) -> list[Tensor] | None:
        """What a stateful layer begins the next batch with; None before the first one."""
        return None if self.memory is None else self.memory.states

    @property
    def state_shape(self) -> tuple[int, ...]:
        """Shape of each state of one sample."""
        return (self.units,)

    def reset_state(self) -> None:
        """Let a stateful layer begin the next batch with zeros."""
        if self.memory is not None and self.memory.states is not None:
            self.memory.states = [torch.zeros_like(state) for state in self.memory.states]

    def reset_states(self) -> None:
        """The same as `reset_state`."""
        self.reset_state()

    def forget_states(self) -> None:
        """Like `reset_state`; the next batch may then be of another size."""
        if self.memory is not None:
            self.memory.states = None

    @contextmanager
    def forgetful(self) -> Iterator[None]:
        """Inside, the layer is not stateful."""
        before, self.memory = self.memory, None
        try:
            yield
        finally:
            self.memory = before

    def _by_port(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The sequences as the one port; the states as a list under their name."""
        if len(args) == 1 and isinstance(args[0], (list, tuple)):
            args = tuple(args[0])  # the sequences and the states in one list
            if len(args) > 1:
                args = (args[0], list(args[1:]))
        if len(args) > 1:
            names = ("initial_state", "mask", "training")
            kwargs = {**dict(zip(names, args[1:], strict=False)), **kwargs}
            args = args[:1]
        args, kwargs = super()._by_port(args, kwargs)
        kwargs = dict(kwargs)
        state = kwargs.pop("initial_state", None)
        if state is not None:
            kwargs["initial_state"] = list(state) if isinstance(state, (list, tuple)) else [state]
            if len(kwargs["initial_state"]) != self.states_count:
                raise ConfigError(
                    Text(
                        f'"{self.name}" has {self.states_count} states, got {len(kwargs["initial_state"])} as '
                        "initial_state. Give a list with one tensor for each.",
                        f"“{self.name}”有 {self.states_count} 个状态，initial_state 中却有 "
                        f"{len(kwargs['initial_state'])} 个。请传入由每个状态的张量组成的列表。",
                    ),
                    field="initial_state",
                )
            for one in kwargs["initial_state"]:
                self._check_state(getattr(one, "shape", None))
        return args, {key: value for key, value in kwargs.items() if value is not None}

    def _check_state(self, size: Any) -> None:
        """Raise a `ShapeError` unless a state given in a call can be one."""
        if isinstance(size, tuple) and size[1:] != self.state_shape:
            shape = shape_text((None, *self.state_shape))
            raise ShapeError(
                Text(
                    f'A state of "{self.name}" is {shape}, got {shape_text(tuple(size))}.',
                    f"“{self.name}”的状态形状为 {shape}，实际为 {shape_text(tuple(size))}。",
                )
            )

    # --- what a layer states -----------------------------------------------------------------------------------

    def output_shape(self, *inputs: Shape) -> Shape:
        x = inputs[0]
        need_rank(self, x, 3, "(batch, time, features)")
        need_known(self, x, 2, "features")
        return (x[0], x[1], self.units) if self.return_sequences else (x[0], self.units)

    def output_shapes(self, *inputs: Shape) -> list[Shape]:
        state = (inputs[0][0], self.units)
        return [self.output_shape(*inputs), *[state] * (self.outputs_count - 1)]

    @property
    def outputs_count(self) -> int:
        return 1 + (self.states_count if self.return_state else 0)

    def weights_for(self, *inputs: Shape) -> Iterator[Weight]:
        return self.gate_weights(need_known(self, inputs[0], 2, "features"), file_group="cell")

    def output_activation(self) -> str | None:
        return None  # what comes out has passed more than the activation, or is inside a call

    def macs(self, inputs: Sequence[Shape], output: Shape) -> int:
        x = inputs[0]
        return product(x[1:2]) * self.parts * self.units * (product(x[2:]) + self.units)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        mask = previous_mask[0] if isinstance(previous_mask, (list, tuple)) else previous_mask
        return [mask if self.return_sequences else None, *[None] * (self.outputs_count - 1)]

    # --- what it computes --------------------------------------------------------------------------------------

    def steps(
        self,
        x: Tensor,
        states: Sequence[Tensor],
        mask: Tensor | None,
        input_noise: Tensor | None,
        noise: Tensor | None,
    ) -> Any:
        """The outputs, or those of some last steps alone without `return_sequences`, then the last states.

        See `lamina.layers.recurrent.steps`.
        """
        raise NotImplementedError

    def forward(self, *inputs: Any, mask: Any = None, initial_state: Any = None) -> Any:
        x = inputs[0]
        mask = mask[0] if isinstance(mask, (list, tuple)) else mask
        if mask is not None:
            mask = mask.to(torch.bool).flatten(1)  # (batch, time, 1) is taken, too, as in Keras
        if self.go_backwards:
            x = x.flip(1)
            mask = None if mask is None else mask.flip(1)
        states = initial_state
        if states is None and self.memory is not None:
            self.memory.shape = self.state_shape
            kept = self.memory(x)
            states = [kept[index] for index in range(self.states_count)]
        elif states is None:
            states = [x.new_zeros(x.shape[0], *self.state_shape)] * self.states_count
        x, input_noise, noise = self._noises(x) if self.training else (x, None, None)
        results = self.steps(x, states, mask, input_noise, noise)
        output = results[0] if self.return_sequences else results[0][:, -1]
        last = [results[1 + index] for index in range(self.states_count)]
        if self.memory is not None:
            output = self.memory(output, *last)
        return [output, *last] if self.return_state else output

    def _noises(self, x: Tensor) -> tuple[Tensor, Any, Any]:
        """The input, dropped already where all parts see the same, and what input and state are multiplied by."""
        # a rate of 1 drops nothing, as in Keras
        if 0 < self.recurrent_dropout < 1:
            noise = self._dropped(x.new_ones(self.parts, x.shape[0], self.units), True)
            if 0 < self.dropout < 1:
                features = x[:, :1].expand(x.shape[0], 1, x.shape[2])
                return x, self._dropped(features, False), noise
            return x, None, noise
        return (self._drop_features(x) if 0 < self.dropout < 1 else x), None, None

    def _dropped(self, x: Tensor, of_state: bool) -> Tensor:
        """Zeros and 1 / (1 - rate): (parts, batch, units), or (parts, batch, 1, features)."""
        rate = self.recurrent_dropout if of_state else self.dropout
        ones = x if of_state else torch.ones_like(x).unsqueeze(0).repeat(self.parts, 1, 1, 1)
        dropped: Tensor = (
            F.dropout(ones, rate, True) if self.noise is None else self.noise(ones, rate)
        )
        return dropped

    def _drop_features(self, x: Tensor) -> Tensor:
        """The same features dropped at each step."""
        if self.noise is not None:
            dropped: Tensor = x * self.noise(torch.ones_like(x[:, :1]), self.dropout)
            return dropped
        return torch.feature_dropout(x.transpose(1, 2), self.dropout, True).transpose(1, 2)
