"""Forward passes with users' code: in larger batches, and as lists of kernel calls, where nobody can tell.

Both are read from recordings of the pass (`lamina.plan.recording`). What is asked for seldom is run as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from lamina.plan.compiler import Program
from lamina.plan.recording import CannotCapture, Recording, record
from lamina.plan.samples import is_drawn, keeps_apart, widest
from lamina.plan.tensor_calls import write_out
from lamina.training.captured import MOST_FORMS
from lamina.training.own_code import OwnCode
from lamina.training.sources import ArraySource, Batch

OFTEN = 16
"""Recording takes about as long as so many small batches: a form of batch that comes less often is run as it is."""

Form = tuple[Any, ...]


class OwnForward:
    """A program in which users wrote something, to be asked for predictions.

    Args:
        program: It must be one for inference.
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        self._own = OwnCode.in_program(program)
        self._forget()

    @classmethod
    def of(cls, program: Any) -> OwnForward | None:
        """That of a program, as it is now."""
        if not isinstance(program, Program):
            return None
        known: OwnForward | None = program.notes.get("own_forward")
        if known is None:
            known = program.notes["own_forward"] = cls(program)
        known._look()
        return known

    @property
    def is_own(self) -> bool:
        """Whether users' code runs each time, and not only when the program was made."""
        return self._own.is_there

    def _forget(self) -> None:
        self._came: Counter[Form] = Counter()
        self._recorded: dict[Form, Recording] = {}
        self._written: dict[Form, Callable[..., tuple[Tensor, ...]] | None] = {}
        self._read: list[tuple[Tensor, int]] = []
        self._widest: dict[Form, int | None] = {}

    def _look(self) -> None:
        """Begin anew where users have changed something, or a tensor has got other memory."""
        if not self._own.is_as_seen():
            self._own.look()
            self._forget()
        elif any(tensor.data_ptr() != address for tensor, address in self._read):
            self._forget()

    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """The outputs for a batch."""
        form = _form_of(inputs)
        call = self._written.get(form)
        if call is None:
            if form not in self._written:
                self._count(form, inputs)
            return self._program(*inputs)
        return call(*inputs)

    def _count(self, form: Form, inputs: tuple[Tensor, ...]) -> None:
        if form not in self._came and len(self._came) == MOST_FORMS:
            return
        self._came[form] += 1
        if self._came[form] < OFTEN:
            return
        recording = self._record(inputs)
        before = self._recorded.pop(form, None)
        if recording is not None and before is None:
            self._recorded[form] = recording
        else:
            is_like = recording is not None and before is not None and recording.is_like(before)
            self._written[form] = self._write(recording) if is_like and recording else None

    def widest(self, first: Batch, source: ArraySource) -> int | None:
        """Values per sample of the largest tensor; None where samples may meet, or it is not worth to know.

        Args:
            first: A batch of the size that was asked for.
            source: Where it comes from.
        """
        form = _form_of(first.inputs)
        if source.count < OFTEN * source.batch_size or None in form:
            return None
        if form not in self._widest:
            self._widest[form] = self._find_widest(first, source)
        return self._widest[form]

    def _find_widest(self, first: Batch, source: ArraySource) -> int | None:
        small = self._record(first.inputs)
        if small is None:
            return None
        found = -(-widest(small) // first.size)
        larger, times = source.merged(found)
        if times == 1:
            return None
        inputs = next(larger.batches(0)).inputs
        large = self._record(inputs)
        if large is None or not keeps_apart(small, large):
            return None
        self._written[_form_of(inputs)] = self._write(large)
        return found

    def _record(self, inputs: tuple[Any, ...]) -> Recording | None:
        """What the program does with a batch; None where that is more than to compute its outputs of it."""

        def outputs(*inputs: Tensor) -> tuple[Tensor, ...]:
            results = self._program.full(*inputs)
            if results.losses:
                raise CannotCapture("losses of layers, which are of a whole batch")
            return results.outputs

        if any(x is None or not x.is_cpu for x in inputs):
            return None  # it was never tried on another device
        if any(getattr(module, "hands_on", False) for module in self._own.modules):
            return None
        try:
            # in inference mode some calls would not be taken apart
            with torch.inference_mode(False), torch.no_grad(), self._own.recorded():
                recording = record(outputs, inputs)
        except CannotCapture:
            return None
        return None if recording.draws or any(map(is_drawn, recording.calls)) else recording

    def _write(self, recording: Recording) -> Callable[..., tuple[Tensor, ...]] | None:
        try:
            call = write_out(recording, [], [], constants_stay=False)
        except CannotCapture:
            return None
        self._read += [(x, x.data_ptr()) for x in recording.sources]
        return call


def _form_of(inputs: tuple[Any, ...]) -> Form:
    return tuple([None if x is None else (x.shape, x.dtype, x.stride()) for x in inputs])
