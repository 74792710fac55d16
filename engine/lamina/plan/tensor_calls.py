"""A recorded computation as a plain Python function: one line per call of a torch kernel.

Run through autograd the calls of a training step cost several times their own bookkeeping: nodes of a tape, dispatch
for gradients, a tensor for every gradient. Here the list is cut down to what changes from batch to batch and written
out as source:

- what depends on weights by views only, and what is constant, is computed once;
- a gradient is written by the call that makes it into the memory where the optimizer wants it;
- an elementwise call writes over its input where nothing else needs that any more;
- results are let go after their last use, so that the peak of memory is that of the tape or less;
- without gradients, relu goes behind the pool that takes the largest of it, where there are fewer values.

The kernels stay as they were recorded, so the numbers do, too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace as replace_value
from typing import Any

import torch
from torch import Tensor

from lamina.plan.recording import (
    Call,
    CannotCapture,
    Drawn,
    Recording,
    Value,
    replace,
    values_in,
    written_by,
)

aten = torch.ops.aten

TRANSPOSE = aten.t.default
POOL = aten.max_pool2d_with_indices.default
SAME = frozenset({aten.detach.default, aten.alias.default, aten.lift_fresh.default})
"""Calls that give their input."""
BY_SHAPE = frozenset(
    {aten.ones_like.default, aten.zeros_like.default, aten.full_like.default, aten.new_zeros.default,
     aten.new_ones.default, aten.new_full.default}
)  # fmt: skip
"""Calls whose result depends on the shape of their input only."""
RESHAPES = frozenset({aten.view.default, aten._unsafe_view.default})

INTO: Mapping[Any, Callable[..., Any]] = {
    aten.mm.default: torch.mm,
    aten.sum.dim_IntList: torch.sum,
    aten.bmm.default: torch.bmm,
}
"""Calls that can write their result where they are told."""

_BACKWARD = (
    aten.threshold_backward, aten.hardtanh_backward, aten.sigmoid_backward, aten.tanh_backward, aten.silu_backward,
    aten.gelu_backward, aten.elu_backward, aten.leaky_relu_backward, aten.hardsigmoid_backward,
)  # fmt: skip
OVER: Mapping[Any, tuple[Callable[..., Any], str | None]] = {
    aten.relu.default: (torch.relu_, None),
    aten.hardtanh.default: (torch._C._nn.hardtanh_, None),
    aten.sigmoid.default: (torch.sigmoid_, None),
    aten.tanh.default: (torch.tanh_, None),
    aten.add.Tensor: (torch.Tensor.add_, None),
    aten.mul.Tensor: (torch.Tensor.mul_, None),
    **{one.default: (one.grad_input._op, "grad_input") for one in _BACKWARD},
}
"""Calls that can write over their first input: what does so, and the keyword that names it where there is one."""
FRESH = frozenset(
    {aten.mm.default, aten.addmm.default, aten.bmm.default, aten.baddbmm.default, aten.convolution.default,
     aten.convolution_backward.default, aten.max_pool2d_with_indices.default,
     aten.max_pool2d_with_indices_backward.default, aten.avg_pool2d.default, aten.avg_pool2d_backward.default,
     aten.native_batch_norm.default, aten.native_batch_norm_backward.default, aten.native_layer_norm.default,
     aten.native_layer_norm_backward.default, aten.native_group_norm.default,
     aten.native_group_norm_backward.default, aten.constant_pad_nd.default, aten.silu.default, aten.gelu.default,
     *OVER}
)  # fmt: skip
"""Calls whose results have memory of their own."""

DIRECT = frozenset(
    {
        "mm", "addmm", "bmm", "baddbmm", "relu", "t", "neg", "exp", "log", "sqrt", "rsqrt", "mul", "add", "sub", "div",
        "argmax", "eq", "ge", "gt", "lt", "le", "sum", "mean", "tanh", "sigmoid", "_log_softmax", "_softmax",
        "_log_softmax_backward_data", "_softmax_backward_data", "native_layer_norm", "native_batch_norm", "embedding",
        "threshold_backward", "transpose", "permute", "unsqueeze", "squeeze", "clone", "index_select", "gather",
        "where", "abs", "square", "sign", "maximum", "minimum", "amax", "cat", "stack", "mse_loss", "view", "expand",
    }
)  # fmt: skip
"""Calls that torch's own Python functions of that name make with the same arguments, in less time."""


def write_out(
    recording: Recording,
    fixed: Sequence[Tensor],
    gradients: Sequence[Tensor],
    *,
    constants_stay: bool = True,
) -> Callable[..., tuple[Tensor, ...]]:
    """The function of a recording.

    Args:
        recording: Its `given` are `fixed`, then what the function takes. Its results end in one gradient for each of
            `gradients`.
        fixed: Tensors that stay where they are: weights and statistics.
        gradients: Where gradients are written to.
        constants_stay: Whether nobody writes to its constants, so that what is computed from them alone stays, too.

    Returns:
        A function of the remaining inputs to the remaining results.

    Raises:
        CannotCapture: If a gradient is missing, or does not depend on what the function takes.
    """
    _skip_what_gives_its_input(recording)
    _drop_unused(recording)
    _rectify_after_pools(recording)
    known = _fold(recording, fixed, constants_stay=constants_stay)
    first = len(recording.results) - len(gradients)
    places = _places(recording, recording.results[first:], gradients, known)
    parameters = recording.given[len(fixed) :]
    over = _overwriting(recording, known)
    return _Writer(recording, known, parameters, recording.results[:first], places, over).function()


# --- what is left out ---------------------------------------------------------------------------------------------


def _skip_what_gives_its_input(recording: Recording) -> None:
    """Without a tape, detaching is nothing; turning twice is nothing."""
    same: dict[Value, Value] = {}
    turned: dict[Value, Value] = {}
    kept = []

    def original(value: Value) -> Value:
        return same.get(value, value)

    for call in recording.calls:
        call.args = replace(call.args, original)
        call.kwargs = {name: replace(value, original) for name, value in call.kwargs.items()}
        if call.target in SAME:
            same[_output(call)] = call.args[0]
        elif call.target is TRANSPOSE and call.args[0] in turned:
            same[_output(call)] = turned[call.args[0]]
        else:
            if call.target is TRANSPOSE:
                turned[_output(call)] = call.args[0]
            kept.append(call)
    recording.calls = kept
    recording.results = [None if r is None else original(r) for r in recording.results]


def _drop_unused(recording: Recording) -> None:
    """Leave out calls whose results nobody looks at."""
    wanted = {result for result in recording.results if result is not None}
    kept = []
    for call in reversed(recording.calls):
        if call.target._schema.is_mutable or any(o in wanted for o in call.outputs):
            wanted.update(call.inputs)
            kept.append(call)
    recording.calls = kept[::-1]


def _rectify_after_pools(recording: Recording) -> None:
    """The largest of what is rectified is the largest, rectified; where nobody asks which one it was."""
    makers = {o: call for call in recording.calls for o in call.outputs if o is not None}
    uses = Counter(value for call in recording.calls for value in call.inputs)
    uses.update(result for result in recording.results if result is not None)
    number = max((value.number for value in (*recording.given, *uses)), default=0)
    for pool in [call for call in recording.calls if call.target is POOL]:
        relu = makers.get(pool.args[0])
        if relu is None or relu.target is not aten.relu.default:
            continue
        pooled, places = _output(pool), pool.outputs[1]
        if uses[pool.args[0]] > 1 or (places is not None and uses[places]):
            continue
        number += 1
        largest = replace_value(pooled, number=number)
        pool.args, pool.outputs = (relu.args[0], *pool.args[1:]), (largest, places)
        relu.args, relu.outputs = (largest,), (pooled,)
        recording.calls.remove(relu)
        recording.calls.insert(recording.calls.index(pool) + 1, relu)


def _fold(
    recording: Recording, fixed: Sequence[Tensor], *, constants_stay: bool
) -> dict[Value, Tensor]:
    """Compute what is the same for every batch; the calls for it are taken out."""
    known: dict[Value, Tensor] = dict(zip(recording.given, fixed, strict=False))
    constant = set(recording.constants) if constants_stay else set()
    known.update(recording.constants)
    written = _written(recording)
    kept = []
    for call in recording.calls:
        inputs = list(call.inputs)
        schema = call.target._schema
        if schema.is_mutable or any(output in written for output in call.outputs):
            kept.append(call)
            continue
        if call.target in BY_SHAPE and inputs[0] not in known:
            like = inputs[0]
            stand_in = torch.empty_strided(
                like.shape, like.stride, dtype=like.dtype, device=like.device
            )
            _compute(call, {**known, like: stand_in}, known)
            constant.update(filter(None, call.outputs))
        elif all(i in constant for i in inputs) and _is_repeatable(call):
            _compute(call, known, known)
            constant.update(filter(None, call.outputs))
        elif all(i in known for i in inputs) and _is_view(call):
            _compute(call, known, known)
        else:
            kept.append(call)
    recording.calls = kept
    return known


def _compute(call: Call, given: Mapping[Value, Tensor], known: dict[Value, Tensor]) -> None:
    args = replace(call.args, given.__getitem__)
    kwargs = {name: replace(value, given.__getitem__) for name, value in call.kwargs.items()}
    result = call.target(*args, **kwargs)
    listed = (result,) if call.is_single else result
    known.update({o: x for o, x in zip(call.outputs, listed, strict=True) if o is not None})


def _is_repeatable(call: Call) -> bool:
    return torch.Tag.nondeterministic_seeded not in call.target.tags


def _is_view(call: Call) -> bool:
    schema = call.target._schema
    return not schema.is_mutable and any(r.alias_info is not None for r in schema.returns)


def _written(recording: Recording) -> set[Value]:
    """Values that a call writes to, and those they are views of."""
    view_of = {
        output: next(call.inputs)
        for call in recording.calls
        if _is_view(call)
        for output in call.outputs
        if output is not None
    }
    found: set[Value] = set()
    for call in recording.calls:
        for value in written_by(call.target, call.args, call.kwargs):
            one: Value | None = value
            while one is not None:
                found.add(one)
                one = view_of.get(one)
    return found


# --- where gradients go -------------------------------------------------------------------------------------------


class _Places:
    """How each gradient gets to its place.

    Attributes:
        into: Calls that write one themselves, with the place in the form of the call's result.
        turning: Calls that only turned such a result, which nobody needs any more.
        copies: For other values, the places they are copied to.
    """

    def __init__(self) -> None:
        self.into: dict[Call, Tensor] = {}
        self.turning: set[Call] = set()
        self.copies: dict[Value, list[Tensor]] = {}


def _places(
    recording: Recording,
    sources: Sequence[Value | None],
    gradients: Sequence[Tensor],
    known: Mapping[Value, Tensor],
) -> _Places:
    makers = {o: call for call in recording.calls for o in call.outputs if o is not None}
    uses = Counter(value for call in recording.calls for value in call.inputs)
    uses.update(result for result in recording.results if result is not None)
    places = _Places()
    for source, gradient in zip(sources, gradients, strict=True):
        if source is None or source in known or source not in makers:
            raise CannotCapture("a weight whose gradient does not depend on the batch")
        turning: list[Call] = []
        value, place, maker = source, gradient, makers[source]
        while uses[value] == 1 and (turned := _turned(maker, place)) is not None:
            turning.append(maker)
            value = maker.args[0]
            if value not in makers:
                break
            place, maker = turned, makers[value]
        if uses[value] == 1 and maker.target in INTO:
            places.into[maker] = place
            places.turning.update(turning)
        else:
            places.copies.setdefault(source, []).append(gradient)
    return places


def _overwriting(recording: Recording, known: Mapping[Value, Tensor]) -> set[Call]:
    """Calls that can write over their first input."""
    makers = {o: call for call in recording.calls for o in call.outputs if o is not None}
    uses = Counter(value for call in recording.calls for value in call.inputs)
    uses.update(result for result in recording.results if result is not None)

    def is_free(value: Any) -> bool:
        """Whether nothing but one call sees the memory of a value."""
        while isinstance(value, Value) and value not in known and uses[value] == 1:
            maker = makers.get(value)
            if maker is None or maker.target in FRESH:
                return maker is not None
            if not (_is_view(maker) or maker.target in RESHAPES):
                return False
            value = maker.args[0]
        return False

    return {
        call
        for call in recording.calls
        if call.target in OVER and is_free(call.args[0]) and _has_same_form(call)
    }


def _has_same_form(call: Call) -> bool:
    first, output = call.args[0], _output(call)
    return (first.shape, first.stride, first.dtype) == (output.shape, output.stride, output.dtype)


def _turned(call: Call, place: Tensor) -> Tensor | None:
    """The place in the form of the call's input, where the call only turns it."""
    if call.target is TRANSPOSE:
        return place.t()
    if call.target in RESHAPES and place.is_contiguous():
        return place.view(call.args[0].shape)
    return None


def _output(call: Call) -> Value:
    first = call.outputs[0]
    assert first is not None
    return first


# --- the source ---------------------------------------------------------------------------------------------------


class _Writer:
    """Source of the function, and the names it uses."""

    def __init__(
        self,
        recording: Recording,
        known: Mapping[Value, Tensor],
        parameters: Sequence[Value],
        results: Sequence[Value | None],
        places: _Places,
        over: set[Call],
    ) -> None:
        self.over = over
        self.calls = [call for call in recording.calls if call not in places.turning]
        self.known = known
        self.parameters = parameters
        self.results = results
        self.places = places
        self.draws = recording.draws
        self.scope: dict[str, Any] = {}
        self.names: dict[int, str] = {}
        self.lines = [f"{self._name(draw.again)}()" for draw in self.draws]

    def function(self) -> Callable[..., tuple[Tensor, ...]]:
        last = self._last_uses()
        for call in self.calls:
            self._write(call)
            for output in call.outputs:
                for place in self.places.copies.get(output, ()) if output is not None else ():
                    self.lines.append(f"{self._name(place)}.copy_({self._text(output)})")
            if gone := last.get(call):
                self.lines.append(f"{' = '.join(map(_variable, gone))} = None")
        listed = "".join(f"{self._text(result)}, " for result in self.results)
        body = "\n    ".join([*self.lines, f"return ({listed})"])
        source = f"def step({', '.join(map(_variable, self.parameters))}):\n    {body}\n"
        exec(compile(source, "<captured step>", "exec"), self.scope)  # noqa: S102 - written just above, from calls
        step: Callable[..., tuple[Tensor, ...]] = self.scope["step"]
        step.__doc__ = source
        return step

    def _last_uses(self) -> dict[Call, list[Value]]:
        """What can be let go after each call."""
        kept = {result for result in self.results if result is not None}
        ends: dict[Value, Call] = {}
        for call in self.calls:
            for value in (*call.inputs, *call.outputs):
                if value is not None and value not in self.known and value not in kept:
                    ends[value] = call
        gone: dict[Call, list[Value]] = {}
        for value, call in ends.items():
            if call not in self.places.into or value not in call.outputs:
                gone.setdefault(call, []).append(value)
        return gone

    def _write(self, call: Call) -> None:
        place = self.places.into.get(call)
        if place is not None:
            arguments = self._arguments(call, f"out={self._name(place)}")
            self.lines.append(f"{self._name(INTO[call.target])}({arguments})")
            return
        outputs = [f"v{n}" if o is None else _variable(o) for n, o in enumerate(call.outputs)]
        left = outputs[0] if call.is_single else f"{', '.join(outputs)},"
        function, keyword = _callable(call.target), None
        if call in self.over:
            function, keyword = OVER[call.target]
        more = [] if keyword is None else [f"{keyword}={self._text(call.args[0])}"]
        self.lines.append(f"{left} = {self._name(function)}({self._arguments(call, *more)})")

    def _arguments(self, call: Call, *more: str) -> str:
        args = [self._text(a) for a in _with_defaults(call)]
        kwargs = [f"{name}={self._text(value)}" for name, value in call.kwargs.items()]
        return ", ".join([*args, *kwargs, *more])

    def _text(self, value: Any) -> str:
        if isinstance(value, Value):
            return self._name(self.known[value]) if value in self.known else _variable(value)
        if isinstance(value, Drawn):
            return self._name(self.draws[value.number].generator)
        if isinstance(value, (list, tuple)) and any(True for _ in values_in(value)):
            return f"[{', '.join(map(self._text, value))}]"
        if value is None or isinstance(value, (bool, int, str)):
            return repr(value)
        return self._name(value)

    def _name(self, value: Any) -> str:
        """A name for a value that the source cannot spell."""
        key = id(value)
        if key not in self.names:
            self.names[key] = f"c{len(self.scope)}"
            self.scope[self.names[key]] = value
        return self.names[key]


def _with_defaults(call: Call) -> tuple[Any, ...]:
    """The arguments by position; torch's functions for networks have other defaults than their kernels."""
    if not _is_for_networks(call.target):
        return call.args
    left_out = call.target._schema.arguments[len(call.args) :]
    return (*call.args, *(a.default_value for a in left_out if not a.kwarg_only))


def _callable(target: Any) -> Callable[..., Any]:
    name = _name_of(target)
    if name in DIRECT:
        for place in (torch._C._VariableFunctions, torch._C._nn, torch._C.TensorBase):
            if hasattr(place, name):
                direct: Callable[..., Any] = getattr(place, name)
                return direct
    found: Callable[..., Any] = target._op
    return found


def _is_for_networks(target: Any) -> bool:
    name = _name_of(target)
    return (
        name in DIRECT
        and not hasattr(torch._C._VariableFunctions, name)
        and hasattr(torch._C._nn, name)
    )


def _name_of(target: Any) -> str:
    name: str = target._schema.name
    return name.removeprefix("aten::")


def _variable(value: Value) -> str:
    return f"x{value.number}"
