"""Evaluation and prediction in larger batches than were asked for, where the outputs cannot tell."""

from __future__ import annotations

from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from lamina.plan.compiler import Program
from lamina.plan.recording import CannotCapture, Recording, record
from lamina.plan.samples import keeps_apart, widest
from lamina.training.own_code import OwnCode
from lamina.training.protocols import TrainableModel
from lamina.training.sources import ArraySource, Batch, Source

WORTH_BATCHES = 16
"""Users' code is recorded where it is asked for at least so many batches."""


def merged(model: TrainableModel, source: Source) -> tuple[Source, int]:
    """The same samples in larger batches, and how many of those asked for make one of them.

    Of layers of the library it is known that they treat each sample by itself. What users wrote is recorded with
    batches of both sizes, and what it does is read.
    """
    if model.keeps_samples_apart:
        return source.merged(model.widest)
    program = model.program(training=False)
    if not (isinstance(program, Program) and isinstance(source, ArraySource)):
        return source, 1
    if source.count < WORTH_BATCHES * source.batch_size:
        return source, 1
    first = next(source.batches(0))
    if any(x is None for x in first.inputs):
        return source, 1
    known = _KNOWN.get(program)
    if known is None or not known.holds_for(first):
        known = _KNOWN[program] = _Recorded(program, first, source)
    return source.merged(known.widest) if known.is_apart else (source, 1)


class _Recorded:
    """What a program with users' code does with its batches."""

    def __init__(self, program: Program, first: Batch, source: Source) -> None:
        self._own = OwnCode.in_program(program)
        self._form = _form_of(first)
        self.widest = 1
        self.is_apart = False
        if any(getattr(module, "hands_on", False) for module in self._own.modules):
            return
        try:
            with self._own.recorded():
                small = _recording(program, first)
                self.widest = -(-widest(small) // first.size)
                larger, times = source.merged(self.widest)
                if times == 1:
                    return
                large = _recording(program, next(larger.batches(0)))
        except CannotCapture:
            return
        self.is_apart = keeps_apart(small, large)

    def holds_for(self, first: Batch) -> bool:
        return self._form == _form_of(first) and self._own.is_as_seen()


def _recording(program: Program, batch: Batch) -> Recording:
    def outputs(*inputs: Tensor) -> tuple[Tensor, ...]:
        results = program.full(*inputs)
        if results.losses:
            raise CannotCapture("losses of layers, which are of a whole batch")
        return results.outputs

    with torch.no_grad():  # in inference mode some calls would not be taken apart
        return record(outputs, batch.inputs)


def _form_of(batch: Batch) -> tuple[object, ...]:
    return tuple((x.shape, x.dtype) for x in batch.inputs)


_KNOWN: WeakKeyDictionary[Program, _Recorded] = WeakKeyDictionary()
