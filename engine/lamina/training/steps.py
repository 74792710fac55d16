"""What happens to one batch: an update, or a measurement."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Generator, Sequence
from itertools import islice
from typing import Any

import torch
from torch import Tensor, nn

from lamina.errors import ConfigError
from lamina.optimizers.optimizer import Optimizer
from lamina.text import Text
from lamina.training.captured import CapturedSteps
from lamina.training.protocols import Program, TrainableModel
from lamina.training.scores import Scores
from lamina.training.sources import Batch
from lamina.variable import Variable

CPP_COMPILERS = ("c++", "g++", "clang++")


class TrainStep:
    """One optimizer step: forward, loss, backward, update.

    Nothing here reads a value from the device, so a GPU is never waited for.
    """

    def __init__(
        self,
        model: TrainableModel,
        scores: Scores,
        optimizer: Optimizer,
        *,
        jit_compile: bool = False,
        capture: bool = False,
        known: CapturedSteps | None = None,
    ) -> None:
        self._program = program_for(model, scores, training=True, jit_compile=jit_compile)
        self._scores = scores
        self._optimizer = optimizer
        trainable = list(model.trainable_weights)
        self._penalized = penalized(trainable)
        self._learns = mark_trainable(model, trainable)
        if self._learns:
            optimizer.build(trainable)
            optimizer.zero_grad()  # another model's training may have left gradients
        else:
            warnings.warn(
                "The model has no trainable weights; training only measures it.", stacklevel=2
            )
        self._when = Variable.last_freeze
        self.captured: CapturedSteps | None = None
        if capture and self._learns:
            self.captured = CapturedSteps.of(
                trainable, model.device, self._program, scores, optimizer, known
            )

    def __call__(self, batch: Batch) -> None:
        """Do the step of a batch, or the steps of one that is for several."""
        try:
            is_done = self.captured is not None and self.captured.run(batch)
        except (IndexError, RuntimeError):
            for part in batch.parts():
                self._measured(part)  # says what is wrong in the words of the loss
            raise
        if is_done:
            return
        if batch.steps > 1:
            for part in batch.parts():
                self(part)
        else:
            self._plain(batch)

    def each(self, batch: Batch) -> Generator[None, None, None]:
        """Do the steps of a batch, one at each `next`."""
        done = 0
        if self.captured is not None and batch.steps > 1:
            try:
                for _ in self.captured.each(batch):
                    done += 1
                    yield
            except (IndexError, RuntimeError):
                self._measured(next(islice(batch.parts(), done, None)))  # as above
                raise
        for part in islice(batch.parts(), done, None):
            self(part)
            yield

    def goes_on(self, scores: Scores, optimizer: Optimizer) -> bool:
        """Whether it can go on in the next epoch as it is; a plain step is cheap to make, and is made anew."""
        return (
            self.captured is not None
            and self._when is Variable.last_freeze
            and self.captured.hold(self._program, scores, optimizer)
        )

    def _measured(self, batch: Batch) -> Tensor:
        return measured(self._program, self._scores, batch, self._penalized)

    def _plain(self, batch: Batch) -> None:
        loss = self._measured(batch)
        if self._learns:
            try:
                self._optimizer.scale_loss(loss).backward()  # type: ignore[no-untyped-call]
            except RuntimeError as error:
                raise error if loss.requires_grad else _constant_loss() from error
            self._optimizer.step()
            self._optimizer.zero_grad()


def _constant_loss() -> ConfigError:
    return ConfigError(
        Text(
            "The loss does not depend on the weights, so nothing can be learned from it. Compute it from y_pred with "
            "operations on tensors, without numpy, float() or detach().",
            "损失与权重无关，无法从中学习。请用张量运算由 y_pred 计算损失，不要使用 numpy、float() 或 detach()。",
        ),
        field="loss",
    )


class TestStep:
    """One measurement, without changing anything."""

    __test__ = False  # not a class of tests, whatever its name begins with

    def __init__(self, model: TrainableModel, scores: Scores, *, jit_compile: bool = False) -> None:
        self._program = program_for(model, scores, training=False, jit_compile=jit_compile)
        self._scores = scores
        self._penalized = penalized(model.trainable_weights)

    def __call__(self, batch: Batch) -> None:
        with torch.inference_mode():
            measured(self._program, self._scores, batch, self._penalized)


def measured(program: Program, scores: Scores, batch: Batch, penalized_: Sequence[Any]) -> Tensor:
    """The loss of a batch, with what masks, layers and weights contribute."""
    if not penalized_ and not getattr(program, "has_extras", False):
        return scores.measure(program(*batch.inputs), batch)
    results = program.full(*batch.inputs)
    penalties = [v.penalty() for v in penalized_]
    return scores.measure(results.outputs, batch, results.masks, [*results.losses, *penalties])


def may_add_losses(model: TrainableModel) -> bool:
    """Whether layers or weights can add to the loss, so that a model can be trained without one of its own."""
    has_penalties = bool(penalized(model.trainable_weights))
    return has_penalties or model.program(training=True, logits=False).has_extras


def penalized(trainable: Sequence[Any]) -> list[Any]:
    """The weights whose values add to the loss."""
    return [v for v in trainable if getattr(v, "regularizer", None) is not None]


def program_for(
    model: TrainableModel, scores: Scores, *, training: bool, jit_compile: bool
) -> Program:
    """The forward pass that the scores want."""
    program = model.program(training=training, logits=scores.takes_logits)
    if not jit_compile or program.has_extras or penalized(model.trainable_weights):
        return program
    if model.device.type == "cpu" and not any(map(shutil.which, CPP_COMPILERS)):
        warnings.warn(
            "jit_compile needs a C++ compiler, and there is none; running without.", stacklevel=2
        )
        return program
    compiled: Any = torch.compile(program)
    return compiled  # type: ignore[no-any-return]


def mark_trainable(model: TrainableModel, trainable: Sequence[Any]) -> bool:
    """Ask for gradients of the trainable weights only; whether there are any."""
    known = {id(variable) for variable in trainable}
    for variable in model.weights:
        value = variable.value
        if isinstance(value, nn.Parameter) and value.requires_grad != (id(variable) in known):
            value.requires_grad_(not value.requires_grad)
    return bool(known)
