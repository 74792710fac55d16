"""Training steps captured as lists of torch calls (`lamina.plan.tensor_calls`), in the place of autograd.

A step is captured for each form of batch when it comes for the first time, and only where nothing but tensors decides
what happens: layers, losses, penalties and optimizer of this library. Everything else takes the plain step, with the same results up to rounding. Whether to capture depends on the model and on the planned number of steps,
never on measured time, so that two runs with the same seed do the same, bit by bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from lamina.losses.loss import LOSSES
from lamina.optimizers.memory import FlatWeights
from lamina.optimizers.optimizer import Optimizer
from lamina.plan.compiler import Opaque, Program
from lamina.plan.recording import Call as Recorded
from lamina.plan.recording import CannotCapture, record
from lamina.plan.tensor_calls import write_out
from lamina.regularizers import REGULARIZERS
from lamina.seeds import SeededStreams
from lamina.training.scores import Means, Scores
from lamina.training.sources import Batch

WORTH_STEPS = 64
"""Capturing takes about as long as so many small steps: shorter trainings do without."""
MOST_FORMS = 4
"""Forms of batches that are captured; with more of them, new ones take the plain step."""

Call = Callable[..., tuple[Tensor, ...]]
Form = tuple[Any, ...]


class CapturedSteps:
    """The captured steps of one training, by the form of their batch."""

    def __init__(
        self, program: Program, scores: Scores, optimizer: Optimizer, memory: FlatWeights,
        variables: list[Any],
    ) -> None:  # fmt: skip
        self._program = program
        self._scores = scores
        self._optimizer = optimizer
        self._memory = memory
        self._variables = variables
        self._steps: dict[Form, _Step | None] = {}

    @classmethod
    def of(
        cls,
        variables: list[Any],
        device: torch.device,
        program: Any,
        scores: Scores,
        optimizer: Optimizer,
        known: CapturedSteps | None = None,
    ) -> CapturedSteps | None:
        """The captured steps of a training; None where it has to go the plain way.

        Args:
            variables: The weights that are trained.
            known: Those of the last epoch or training, given back when they still hold.
        """
        if device.type != "cpu":
            return None  # never tried on another device
        weights = [variable.value for variable in variables]
        if [id(w) for w in weights] != [id(v.value) for v in optimizer.trainable_variables]:
            return None
        if not optimizer.steps_flat():
            return None
        if known is not None and known.hold(program, scores, optimizer, weights):
            return known
        if not _is_ours(program, scores, variables):
            return None
        memory = FlatWeights.of(weights)
        return None if memory is None else cls(program, scores, optimizer, memory, variables)

    def hold(
        self,
        program: Any,
        scores: Scores,
        optimizer: Optimizer,
        weights: list[Tensor] | None = None,
    ) -> bool:
        """Whether they are steps of these, and the weights, those of its own when left out, still share their memory."""
        is_same = (
            program is self._program and scores is self._scores and optimizer is self._optimizer
        )
        if weights is None:
            weights = [variable.value for variable in self._variables]
        return is_same and optimizer.steps_flat() and self._memory.holds(weights)

    @property
    def forms(self) -> int:
        """Number of forms of batches that are captured."""
        return sum(step is not None for step in self._steps.values())

    def run(self, batch: Batch) -> bool:
        """Do the step of a batch; False, with nothing done, when it is not captured."""
        tensors = (*batch.inputs, *batch.targets, *batch.weights)
        form = tuple([None if x is None else (x.shape, x.dtype) for x in tensors])
        try:
            step = self._steps[form]
        except KeyError:
            step = self._steps[form] = self._capture(batch)
        if step is None:
            return False
        step(batch)
        return True

    def _capture(self, batch: Batch) -> _Step | None:
        if len(self._steps) >= MOST_FORMS:
            return None
        try:
            return _Step(self, batch)
        except CannotCapture:
            return None


class _Step:
    """The step of one form of batch."""

    def __init__(self, owner: CapturedSteps, batch: Batch) -> None:
        self._scores = owner._scores
        self._optimizer = owner._optimizer
        self._memory = owner._memory
        self._has_others = self._scores.has_others
        self._names: list[str] = []
        self._counts: list[float | Tensor] = []
        self._counted: list[int | None] = []
        self._call = self._trace(owner._program, owner._variables, batch)

    def __call__(self, batch: Batch) -> None:
        data = (*batch.inputs, *batch.targets)
        if batch.weights:
            data = (*data, *_present(batch.weights))
        with torch._C._InferenceMode(True):  # torch.inference_mode, without its three calls
            results = self._call(*data)
            self._optimizer.step_flat(self._memory)
        counts: list[float | Tensor] = self._counts
        if self._counted:
            counts = [
                n if at is None else results[at]
                for n, at in zip(counts, self._counted, strict=True)
            ]
        self._scores.take(self._names, results, counts)
        if self._has_others:
            first = len(self._names)
            outputs = results[first : first + self._outputs]
            self._scores.watch_others(outputs, batch)

    def _trace(self, program: Program, variables: list[Any], batch: Batch) -> Call:
        weights = [variable.value for variable in variables]
        learned = [weight.detach().requires_grad_() for weight in weights]
        module = program.module
        state = _state_of(module, weights)
        places = {id(w): i for i, w in enumerate([*weights, *state])}
        names = {name: places[id(tensor)] for name, tensor in _tensors_of(module)}
        fixed = [*weights, *state]
        n_in, n_out = len(batch.inputs), len(batch.targets)
        penalized = [i for i, v in enumerate(variables) if v.spec.regularizer is not None]

        def step(*tensors: Tensor) -> tuple[Tensor | None, ...]:
            held, data = tensors[: len(fixed)], tensors[len(fixed) :]
            sample_weights = iter(data[n_in + n_out :])
            inner = Batch(
                data[:n_in],
                data[n_in : n_in + n_out],
                tuple(None if w is None else next(sample_weights) for w in batch.weights),
                batch.size,
            )
            with torch.enable_grad():
                given = torch.func.functional_call(
                    module, {name: held[i] for name, i in names.items()}, (inner.inputs,)
                )
                results = program.results_of(tuple(given))
                outputs = self._scores.with_heads(results.outputs)
                penalties = [variables[i].penalty(held[i]) for i in penalized]
                added = [*results.losses, *penalties]
                total, means = self._scores.evaluate(outputs, inner, results.masks, added)
                gradients = torch.autograd.grad(
                    self._optimizer.scale_loss(total), held[: len(weights)], allow_unused=True
                )
            return self._results(means, outputs) + gradients

        example = (*batch.inputs, *batch.targets, *_present(batch.weights))
        with _left_alone(module), self._memory.gradients_given_back():
            copies = [_untouched(tensor) for tensor in state]
            recording = record(step, [*learned, *copies, *example])
        call = write_out(recording, [tensor.detach() for tensor in fixed], self._memory.gradients)
        # oneDNN's recurrent kernels keep what their backward needs only while gradients are enabled; nothing is taped
        # in inference mode.
        return torch.enable_grad()(call) if any(map(_is_recurrent, recording.calls)) else call

    def _results(self, means: Means, outputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Means, then outputs for metrics that want them, then counts that differ by batch; how they lie is kept."""
        self._names = list(means)
        self._outputs = len(outputs)
        shown = tuple(x.detach() for x in outputs) if self._has_others else ()
        counts = {name: count for name, (_, count) in means.items() if isinstance(count, Tensor)}
        places = {name: len(means) + len(shown) + i for i, name in enumerate(counts)}
        self._counts = [0.0 if name in counts else float(c) for name, (_, c) in means.items()]
        self._counted = [places.get(name) for name in means] if counts else []
        return (*(mean for mean, _ in means.values()), *shown, *counts.values())


def _untouched(tensor: Tensor) -> Tensor:
    """What a trace may write to in the place of statistics; frozen weights stay as they are."""
    is_frozen = isinstance(tensor, torch.nn.Parameter)
    return tensor.detach() if is_frozen else tensor.detach().clone()


def _is_recurrent(call: Recorded) -> bool:
    return "rnn" in str(call.target)


def _present(weights: tuple[Tensor | None, ...]) -> Iterator[Tensor]:
    return (weight for weight in weights if weight is not None)


def _tensors_of(module: torch.nn.Module) -> Iterator[tuple[str, Tensor]]:
    yield from module.named_parameters(remove_duplicate=False)
    yield from module.named_buffers(remove_duplicate=False)


def _state_of(module: torch.nn.Module, weights: list[Tensor]) -> list[Tensor]:
    """Everything in the module that is not learned: statistics, frozen weights."""
    learned = {id(weight) for weight in weights}
    return list({id(t): t for _, t in _tensors_of(module) if id(t) not in learned}.values())


def _is_ours(program: Any, scores: Scores, variables: list[Any]) -> bool:
    """Whether nothing in a step is code that may do more than compute with tensors."""
    if not isinstance(program, Program):
        return False
    if program.has_extras and scores.has_others:
        return False  # those metrics would want the masks
    if any(isinstance(part, Opaque) for part in program.module.modules()):
        return False
    penalties = [v.spec.regularizer for v in variables if v.spec.regularizer is not None]
    return all(LOSSES.holds(type(entry.loss)) for entry in scores.losses) and all(
        REGULARIZERS.holds(type(penalty)) for penalty in penalties
    )


@contextmanager
def _left_alone(module: torch.nn.Module) -> Iterator[None]:
    """Take back what random numbers a trace draws."""
    streams = [part for part in module.modules() if isinstance(part, SeededStreams)]
    states = [stream.states() for stream in streams]
    with torch.random.fork_rng():
        yield
    for stream, state in zip(streams, states, strict=True):
        stream.put_back(state)
