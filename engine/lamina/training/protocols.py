"""What the training side needs to know of a model; `lamina.model.Model` is one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor

from lamina.dtype_policies import DTypePolicy
from lamina.optimizers.variables import Variable


class Program(Protocol):
    """A forward pass: one tensor per input to one tensor per output, in Keras' layout."""

    @property
    def stripped(self) -> tuple[bool, ...]:
        """For each output, whether it comes without the softmax or sigmoid it ends in."""
        ...

    @property
    def has_extras(self) -> bool:
        """Whether there can be masks or losses besides the outputs."""
        ...

    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...]: ...
    def full(self, *inputs: Tensor) -> Any:
        """Outputs, masks and losses of layers."""
        ...


class SymbolicTensor(Protocol):
    """An input or output of a model before there is data."""

    @property
    def name(self) -> str: ...
    @property
    def shape(self) -> tuple[int | None, ...]:
        """Batch (None) first."""
        ...

    @property
    def dtype(self) -> str: ...


class TrainableModel(Protocol):
    """A model that can be run and trained."""

    stop_training: bool
    stops_without_validation: bool
    stop_evaluating: bool
    stop_predicting: bool
    history: Any

    @property
    def metrics(self) -> list[Any]: ...
    @property
    def input_nest(self) -> Any: ...
    @property
    def output_nest(self) -> Any: ...
    @property
    def attached_metrics(self) -> list[Any]: ...
    @property
    def inputs(self) -> Sequence[SymbolicTensor]: ...
    @property
    def outputs(self) -> Sequence[SymbolicTensor]: ...
    @property
    def input_names(self) -> list[str]: ...
    @property
    def output_names(self) -> list[str]: ...
    @property
    def target_names(self) -> list[str]:
        """What targets, losses and metrics call the outputs: the keys where the model gives a dict."""
        ...

    @property
    def heads(self) -> Mapping[str, str | None]:
        """The activation that each output has passed last, by output name."""
        ...

    @property
    def compiled_with(self) -> Mapping[str, Any]:
        """What `compile` was given, by argument; nothing before."""
        ...

    policy: DTypePolicy

    @property
    def run_eagerly(self) -> bool:
        """Whether users' code runs each time, for `compile` was told so."""
        ...

    @property
    def keeps_samples_apart(self) -> bool:
        """Whether it is certain that a sample's outputs do not depend on which others are in its batch."""
        ...

    @property
    def widest(self) -> int:
        """Values per sample of the largest tensor between its layers."""
        ...

    @property
    def weights(self) -> Sequence[Variable]: ...
    @property
    def trainable_weights(self) -> Sequence[Variable]: ...
    @property
    def device(self) -> torch.device: ...
    def program(self, training: bool, logits: bool = False) -> Program: ...
    def has_own(self, step: str) -> bool:
        """Whether a user wrote this step ("train_step", "test_step")."""
        ...
