"""Training steps captured as lists of torch calls (`lamina.plan.tensor_calls`), in the place of autograd.

A step is captured for each form of batch when it comes for the first time. Where users wrote a part of it, it is
recorded with two batches, and captured when both recordings say the same, so that nothing but tensors decides what
happens; and anew when an attribute of theirs has changed. Everything else takes the plain step, with the same results
up to rounding. Whether to capture depends on the model and on the planned number of steps, never on measured time, so
that two runs with the same seed do the same, bit by bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import torch
from torch import Tensor, nn

from lamina.metrics.running_mean import FOLD_AT
from lamina.optimizers.memory import FlatWeights
from lamina.optimizers.optimizer import Optimizer
from lamina.plan.compiler import Program
from lamina.plan.recording import Call as Recorded
from lamina.plan.recording import CannotCapture, Recording, record
from lamina.plan.tensor_calls import write_out
from lamina.seeds import SeededStreams
from lamina.training.own_code import OwnCode
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
        variables: list[Any], own: OwnCode,
    ) -> None:  # fmt: skip
        self._program = program
        self._scores = scores
        self._optimizer = optimizer
        self._memory = memory
        self._variables = variables
        self._own = own
        self._steps: dict[Form, _Step | None] = {}
        self._recorded: dict[Form, Recording] = {}
        self._since_change = WORTH_STEPS
        self._gives_up = False
        self._moved = FlatWeights.last_move
        self.is_watched = True
        """Whether callbacks see each batch, so that they can change something between two; otherwise between epochs."""

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
        if not isinstance(program, Program):
            return None
        own = OwnCode.of(program, scores, variables)
        if any(map(_is_more_than_a_step, (*program.modules, *own.modules))):
            return None
        memory = FlatWeights.of(weights)
        return None if memory is None else cls(program, scores, optimizer, memory, variables, own)

    def hold(
        self,
        program: Any,
        scores: Scores,
        optimizer: Optimizer,
        weights: list[Tensor] | None = None,
    ) -> bool:
        """Whether they are steps of these, and the weights, those of its own when left out, still share their memory.

        Those that read what has moved or changed since are forgotten.
        """
        is_same = (
            program is self._program and scores is self._scores and optimizer is self._optimizer
        )
        if weights is None:
            weights = [variable.value for variable in self._variables]
        self._look_for_moves()
        if not self._own.is_as_seen():
            self._own.look()
            self._forget()
        return is_same and optimizer.steps_flat() and self._memory.holds(weights)

    def _look_for_moves(self) -> None:
        """Begin anew where tensors that are only read, such as the weights of another model, have moved."""
        self._moved = FlatWeights.last_move
        if any(step is not None and step.has_lost_tensors() for step in self._steps.values()):
            self._forget()

    def _forget(self) -> None:
        self._steps, self._recorded = {}, {}

    @property
    def forms(self) -> int:
        """Number of forms of batches that are captured."""
        return sum(step is not None for step in self._steps.values())

    def run(self, batch: Batch) -> bool:
        """Do the step of a batch, or all that it is for; False, with nothing done, when it is not captured."""
        if self._moved is not FlatWeights.last_move:
            self._look_for_moves()
        if self._own.is_there and not self._goes_on(batch.steps):
            return False
        if batch.steps > 1:
            step = self._steps.get(_form_of(batch))
            return step is not None and step.repeat(batch)
        form = _form_of(batch)
        try:
            step = self._steps[form]
        except KeyError:
            step = self._capture(form, batch)
        if step is None:
            return False
        step(batch)
        return True

    def each(self, batch: Batch) -> Iterator[None]:
        """Do the steps of a batch that is for several, one at each `next`.

        It ends before the last where they cannot be captured, or what is read by them has moved.
        """
        if self._own.is_there or self._moved is not FlatWeights.last_move:
            return
        form = _form_of(batch)
        if form not in self._steps:
            self._capture(form, next(batch.parts()))
        step = self._steps.get(form)
        if step is not None:
            yield from step.each(batch)

    def _goes_on(self, steps: int) -> bool:
        """Whether steps may be captured; anew where users have changed what they wrote, and not if they do all the time."""
        self._since_change += steps
        if self.is_watched and not self._own.is_as_seen():
            self._own.look()
            self._forget()
            self._gives_up = self._since_change < WORTH_STEPS
            self._since_change = 0
        return not self._gives_up

    def _capture(self, form: Form, batch: Batch) -> _Step | None:
        """The step of a form of batch, or None; with code of users, only when a second batch has come."""
        if len(self._steps.keys() | self._recorded) >= MOST_FORMS and form not in self._recorded:
            return None
        step: _Step | None = None
        try:
            step = _Step(self)
            recording = self._recorded_with(step, batch)
            if self._own.is_there:
                before = self._recorded.pop(form, None)
                if before is None:
                    self._recorded[form] = recording
                    return None
                if not recording.is_like(before):
                    raise CannotCapture("something else than tensors decides what is done")
            step.write(recording, constants_stay=not self._own.is_there)
        except CannotCapture:
            step = None
        self._steps[form] = step
        return step

    def _recorded_with(self, step: _Step, batch: Batch) -> Recording:
        if not self._own.is_there:
            return step.record(batch)
        with self._own.recorded():
            return step.record(batch)


class _Step:
    """The step of one form of batch; to be recorded, and written out, before it is done."""

    def __init__(self, owner: CapturedSteps) -> None:
        self._scores = owner._scores
        self._optimizer = owner._optimizer
        self._memory = owner._memory
        self._program = owner._program
        self._variables = owner._variables
        self._has_others = self._scores.has_others
        self._names: list[str] = []
        self._counts: list[float | Tensor] = []
        self._counted: list[int | None] = []
        weights = [variable.value for variable in self._variables]
        self._modules = [*self._program.modules, *owner._own.modules]
        others = (*self._program.tensors, *self._scores.factors)
        state = _state_of(self._modules, others, weights)
        self._fixed = [*weights, *state]
        self._call: Call | None = None
        self._read: list[tuple[Tensor, int]] = []

    def has_lost_tensors(self) -> bool:
        """Whether a tensor that it reads has got other memory."""
        return any(tensor.data_ptr() != address for tensor, address in self._read)

    def __call__(self, batch: Batch) -> None:
        assert self._call is not None
        with torch._C._InferenceMode(True):  # torch.inference_mode, without its three calls
            results = self._call(*_data_of(batch))
            self._optimizer.step_flat(self._memory)
        self._scores.take(self._names, results, self._counts_in(results))
        if self._has_others:
            first = len(self._names)
            outputs = results[first : first + self._outputs]
            self._scores.watch_others(outputs, batch)

    def each(self, batch: Batch) -> Iterator[None]:
        """Do the steps of a batch, one at each `next`, until something has moved."""
        if self._has_others or self._counted or any(x is None for x in batch.inputs):
            return
        assert self._call is not None
        size = batch.size // batch.steps
        call, update, memory = self._call, self._optimizer.step_flat, self._memory
        scores, names = self._scores, self._names
        rows = zip(*[tensor.split(size) for tensor in _data_of(batch)], strict=True)
        moved = FlatWeights.last_move
        held = scores.held_back(names, cast(list[float], self._counts))
        try:
            for data in rows:
                if FlatWeights.last_move is not moved:
                    break
                with torch._C._InferenceMode(True):
                    results = call(*data)
                    update(memory)
                held.rows.append(results)
                scores.latest = dict(zip(names, results, strict=False))
                yield
                if len(held.rows) >= FOLD_AT:
                    held.take_in()
        finally:
            held.close()

    def repeat(self, batch: Batch) -> bool:
        """Do the steps of a batch that is for several; False, with nothing done, when each has to be looked at."""
        if self._has_others or any(x is None for x in batch.inputs):
            return False
        assert self._call is not None
        size = batch.size // batch.steps
        call, update, memory = self._call, self._optimizer.step_flat, self._memory
        done = []
        with torch._C._InferenceMode(True):
            for data in zip(*[tensor.split(size) for tensor in _data_of(batch)], strict=True):
                done.append(call(*data))
                update(memory)
        self._scores.take_all(self._names, done, [*map(self._counts_in, done)])
        return True

    def _counts_in(self, results: tuple[Tensor, ...]) -> list[float | Tensor]:
        if not self._counted:
            return self._counts
        pairs = zip(self._counts, self._counted, strict=True)
        return [count if at is None else results[at] for count, at in pairs]

    def record(self, batch: Batch) -> Recording:
        """What a batch does, up to the gradients; nothing is left of it."""
        weights = self._fixed[: len(self._variables)]
        penalized = [v for v in self._variables if v.spec.regularizer is not None]
        n_in, n_out = len(batch.inputs), len(batch.targets)

        def step(*tensors: Tensor) -> tuple[Tensor | None, ...]:
            data = tensors[len(self._fixed) :]
            sample_weights = iter(data[n_in + n_out :])
            inner = Batch(
                data[:n_in],
                data[n_in : n_in + n_out],
                tuple(None if w is None else next(sample_weights) for w in batch.weights),
                batch.size,
            )
            with torch.enable_grad():
                results = self._program.full(*inner.inputs)
                if self._has_others and any(mask is not None for mask in results.masks):
                    raise CannotCapture("metrics that would want the masks")
                outputs = self._scores.with_heads(results.outputs)
                added = [*results.losses, *(variable.penalty() for variable in penalized)]
                total, means = self._scores.evaluate(outputs, inner, results.masks, added)
                gradients = torch.autograd.grad(
                    self._optimizer.scale_loss(total), weights, allow_unused=True
                )
            return self._results(means, outputs) + gradients

        example = _data_of(batch)
        with _left_alone(self._modules), self._memory.gradients_given_back():
            return record(step, [*self._fixed, *example])

    def write(self, recording: Recording, *, constants_stay: bool) -> None:
        """Make the step of a recording.

        Args:
            constants_stay: See `write_out`.
        """
        call = write_out(
            recording,
            [tensor.detach() for tensor in self._fixed],
            self._memory.gradients,
            constants_stay=constants_stay,
        )
        self._read = [(x, x.data_ptr()) for x in (*self._fixed, *recording.sources)]
        # oneDNN's recurrent kernels keep what their backward needs only while gradients are enabled; nothing is taped
        # in inference mode.
        is_recurrent = any(map(_is_recurrent, recording.calls))
        self._call = torch.enable_grad()(call) if is_recurrent else call

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


def _is_more_than_a_step(module: nn.Module) -> bool:
    """Whether a module computes twice for the gradients, or hands on what it computed to the next batch."""
    recomputes = module.__dict__.get("remat_mode") is not None
    return recomputes or bool(getattr(module, "hands_on", False))


def _is_recurrent(call: Recorded) -> bool:
    return "rnn" in str(call.target)


def _form_of(batch: Batch) -> Form:
    """Shapes and types of what one step of a batch gets."""
    tensors = (*batch.inputs, *batch.targets, *batch.weights)
    if batch.steps == 1:
        return tuple([None if x is None else (x.shape, x.dtype) for x in tensors])
    size = batch.size // batch.steps
    return tuple([None if x is None else ((size, *x.shape[1:]), x.dtype) for x in tensors])


def _data_of(batch: Batch) -> tuple[Any, ...]:
    """The tensors of a batch, one after the other, without the weights that are not there."""
    if not batch.weights:
        return (*batch.inputs, *batch.targets)
    present = (weight for weight in batch.weights if weight is not None)
    return (*batch.inputs, *batch.targets, *present)


def _state_of(
    modules: Iterable[nn.Module], tensors: Iterable[Tensor], weights: Iterable[Tensor]
) -> list[Tensor]:
    """Everything in modules, and of further tensors, that is not learned: statistics, frozen weights."""
    found = {id(tensor): tensor for tensor in tensors}
    for module in modules:
        for tensor in (*module.parameters(recurse=False), *module.buffers(recurse=False)):
            found[id(tensor)] = tensor
    for weight in weights:
        found.pop(id(weight), None)
    return list(found.values())


@contextmanager
def _left_alone(modules: Iterable[nn.Module]) -> Iterator[None]:
    """Take back what random numbers a trace draws."""
    streams = [module for module in modules if isinstance(module, SeededStreams)]
    states = [stream.states() for stream in streams]
    try:
        with torch.random.fork_rng():
            yield
    finally:
        for stream, state in zip(streams, states, strict=True):
            stream.put_back(state)
