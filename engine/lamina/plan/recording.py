"""What a computation does to tensors, call by call, below autograd."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode, _disable_current_modes
from torch.utils.weak import WeakTensorKeyDictionary

from lamina.notes import READS
from lamina.seed_generator import DRAWS, Draw

UNFORESEEABLE = (torch.Tag.data_dependent_output, torch.Tag.dynamic_output_shape)


class CannotCapture(Exception):
    """The computation does something that a list of calls cannot say."""


@dataclass(frozen=True, slots=True)
class Value:
    """A tensor of a recording, by its number.

    Args:
        shape: Its shape when it was recorded; so are the next three.
    """

    number: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]
    dtype: torch.dtype
    device: torch.device


@dataclass(frozen=True, slots=True)
class Drawn:
    """The random numbers of a seed that a `SeedGenerator` gave, by the number of the draw."""

    number: int


@dataclass(slots=True, eq=False)
class Call:
    """One call of a torch kernel.

    Args:
        args, kwargs: What it was given, with values in the place of tensors and draws in that of their generators.
        outputs: What came out; None for what is no tensor.
        is_single: Whether that is one thing and not a tuple.
    """

    target: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    outputs: tuple[Value | None, ...]
    is_single: bool

    @property
    def inputs(self) -> Iterator[Value]:
        """All values it was given."""
        yield from values_in(self.args)
        yield from values_in(tuple(self.kwargs.values()))


@dataclass(slots=True)
class Recording:
    """A computation as a list of calls.

    Args:
        given: The values it was given.
        results: What it gave; None for what is no tensor.
        constants: Tensors that it took from elsewhere, as they were taken.
        sources: The same tensors, whose memory may since have become another.
        draws: The seeds that it took from a `SeedGenerator`, in their order.
    """

    calls: list[Call]
    given: list[Value]
    results: list[Value | None]
    constants: dict[Value, Tensor]
    sources: list[Tensor]
    draws: list[Draw]

    def is_like(self, other: Recording) -> bool:
        """Whether both do the same with what they are given, so that nothing else decides what happens."""
        return (
            (self.given, self.results) == (other.given, other.results)
            and [draw.origin for draw in self.draws] == [draw.origin for draw in other.draws]
            and len(self.calls) == len(other.calls)
            and all(map(_are_alike, self.calls, other.calls))
            and self.constants.keys() == other.constants.keys()
            and all(are_same(x, other.constants[value]) for value, x in self.constants.items())
        )


def record(function: Callable[..., Sequence[Tensor | None]], given: Sequence[Tensor]) -> Recording:
    """Run a function once and keep what it does; what it writes into tensors that were there before is taken back.

    Raises:
        CannotCapture: If it reads a value from the device, or makes a tensor whose shape depends on values.
    """
    with DRAWS.taking() as draws, READS.taking() as reads:
        recorder = _Recorder(draws)
        inputs = [recorder.know(tensor) for tensor in given]
        recorder.exist(given)
        try:
            with recorder, _Unread():
                results = function(*given)
        finally:
            recorder.put_back()
            for draw in reversed(draws):
                draw.take_back()
    if reads:
        raise CannotCapture(f"reads {reads[0]}, which changes from step to step")
    known = [None if result is None else recorder.value_of(result) for result in results]
    return Recording(recorder.calls, inputs, known, recorder.constants, recorder.sources, draws)


def _are_alike(one: Call, other: Call) -> bool:
    return one.target is other.target and (one.args, one.kwargs, one.outputs) == (
        other.args,
        other.kwargs,
        other.outputs,
    )


def are_same(one: Tensor, other: Tensor) -> bool:
    """Whether two constants are one piece of memory, whatever is in it, or hold the same."""
    if one.dtype != other.dtype or one.device != other.device:
        return False
    return one.data_ptr() == other.data_ptr() or torch.equal(one, other)


READING = frozenset({"numpy", "__array__", "tolist", "data_ptr", "__dlpack__"})
"""Methods that take values out of a tensor without a kernel."""


class _Unread(TorchFunctionMode):
    """Refuses what takes values past the kernels, to numpy or into lists."""

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if getattr(func, "__name__", "") in READING:
            raise CannotCapture(func.__name__)
        return func(*args, **(kwargs or {}))


class _Recorder(TorchDispatchMode):  # type: ignore[no-untyped-call]
    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Nothing here is ever compiled, and torch would import its compiler to make sure: two seconds."""
        return False

    def __init__(self, draws: list[Draw]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.draws = draws
        self.calls: list[Call] = []
        self.constants: dict[Value, Tensor] = {}
        self.sources: list[Tensor] = []
        self._existing: dict[int, list[Tensor]] = {}
        self._before: list[tuple[Tensor, Tensor]] = []
        self._known: Any = WeakTensorKeyDictionary()
        self._count = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if any(tag in UNFORESEEABLE for tag in func.tags) and not _takes_rows(func, args):
            raise CannotCapture(str(func))
        kwargs = kwargs or {}
        held_args = tuple(self._held(value) for value in args)
        held_kwargs = {name: self._held(value) for name, value in kwargs.items()}
        if func._schema.is_mutable:
            self._keep_what_is_written(func, args, kwargs)
        result = func(*args, **kwargs)
        is_single = not isinstance(result, (tuple, list))
        listed = (result,) if is_single else result
        outputs = tuple(self.know(x) if isinstance(x, Tensor) else None for x in listed)
        self.calls.append(Call(func, held_args, held_kwargs, outputs, is_single))
        return result

    def know(self, tensor: Tensor) -> Value:
        """The value of a tensor that has been given or made here."""
        value: Value | None = self._known.get(tensor)
        if value is None or value.shape != tensor.shape:  # another one where it was turned in place
            self._count += 1
            value = Value(
                self._count, tuple(tensor.shape), tensor.stride(), tensor.dtype, tensor.device
            )
            self._known[tensor] = value
        return value

    def value_of(self, tensor: Tensor) -> Value:
        """The value of a tensor; one from elsewhere is a constant."""
        value: Value | None = self._known.get(tensor)
        if value is None:
            value = self.know(tensor)
            self.constants[value] = tensor.detach()
            self.sources.append(tensor)
            self.exist([tensor])
        return value

    def exist(self, tensors: Sequence[Tensor]) -> None:
        """Know of tensors that were there before, by their memory."""
        for tensor in tensors:
            self._existing.setdefault(_memory_of(tensor), []).append(tensor)

    def _keep_what_is_written(self, func: Any, args: Any, kwargs: dict[str, Any]) -> None:
        for written in written_by(func, args, kwargs):
            for tensor in self._existing.pop(_memory_of(written), ()):
                with torch.no_grad(), _disable_current_modes():
                    self._before.append((tensor, tensor.detach().clone()))

    def put_back(self) -> None:
        """Give tensors that were there before the values they had."""
        with torch.no_grad():
            for tensor, values in self._before:
                tensor.copy_(values)

    def _held(self, value: Any) -> Any:
        if isinstance(value, Tensor):
            return self.value_of(value)
        if isinstance(value, (list, tuple)):
            return type(value)(self._held(v) for v in value)
        if isinstance(value, torch.Generator):
            for number, draw in enumerate(self.draws):
                if _same_stream(draw.generator, value):
                    return Drawn(number)
        return value


def _takes_rows(func: Any, args: Any) -> bool:
    """Whether it is indexing by numbers, whose result has a shape that does not depend on them."""
    return func is torch.ops.aten.index.Tensor and all(
        index is None or index.dtype not in (torch.bool, torch.uint8) for index in args[1]
    )


def _same_stream(one: Any, other: Any) -> bool:
    """Whether two generators are one; what comes back from a kernel's arguments is wrapped anew."""
    return bool(one._cdata == other._cdata)


def written_by(func: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Iterator[Any]:
    """The arguments that a call writes into; each tensor, or what stands in its place, by itself."""
    for index, argument in enumerate(func._schema.arguments):
        if argument.alias_info is not None and argument.alias_info.is_write:
            given = args[index] if index < len(args) else kwargs.get(argument.name)
            yield from given if isinstance(given, (list, tuple)) else (given,)


def _memory_of(tensor: Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)


def values_in(args: Sequence[Any]) -> Iterator[Value]:
    """All values in a nest of arguments."""
    for value in args:
        if isinstance(value, Value):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from values_in(value)


def replace(args: Any, by: Callable[[Value], Any]) -> Any:
    """A nest of arguments with something in the place of each value."""
    if isinstance(args, Value):
        return by(args)
    if isinstance(args, (list, tuple)):
        return type(args)(replace(value, by) for value in args)
    return args
