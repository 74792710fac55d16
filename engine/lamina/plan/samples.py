"""Whether a computation treats each sample of a batch by itself, read from what it does with batches of two sizes.

Followed is the axis of the samples: from the inputs through each call of a kernel. A kernel that is known to leave
them apart hands the axis on; at any other the answer is no. Sizes that both recordings share belong to no batch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import torch

from lamina.plan.recording import Call, Recording, Value, are_same, written_by

aten = torch.ops.aten

Axis = int | None
"""Where the samples lie in a value, with one or several rows for each of them; None where there are none."""


@dataclass
class _Followed:
    """What is known of values, by their numbers.

    Args:
        axes: Where the samples lie.
        rounds: How often all samples come one after the other on that axis, as they do where time was put before them
            on one axis; once where it is not said.
        size: Samples in the smaller and in the larger batch.
    """

    axes: dict[int, Axis]
    rounds: dict[int, int]
    size: tuple[int, int]


class _Mixed(Exception):
    """Samples meet, or nobody knows."""


class _Pair:
    """One call, as it was for the smaller and for the larger batch."""

    def __init__(self, small: Call, large: Call, known: _Followed) -> None:
        self.small, self.large = small, large
        self._axes, self._size = known.axes, known.size
        self.inputs = list(small.inputs)
        rounds = {known.rounds.get(v.number, 1) for v in self.inputs if self.axis(v) is not None}
        if len(rounds) > 1:
            raise _Mixed
        self.rounds = rounds.pop() if rounds else 1
        """See `_Followed`; of the inputs, then of the outputs."""
        self._arguments, self._larger = _arguments_of(small), _arguments_of(large)

    def argument(self, name: str) -> Any:
        """An argument by its name, as given or by default; None where the kernel has no such."""
        return self._arguments.get(name)

    @property
    def is_alike(self) -> bool:
        """Whether both were given the same, but for sizes that grow with the batch."""
        one, other = self._arguments, self._larger
        return all(
            _is_same(value, other[name])
            or (name in SIZES and _grow(value, other[name], self._size))
            for name, value in one.items()
        )

    @property
    def batch(self) -> int:
        """Samples in the smaller batch."""
        return self._size[0]

    def axis(self, name_or_value: str | Value) -> Axis:
        """The axis of a value, or of an argument by its name."""
        value = self.argument(name_or_value) if isinstance(name_or_value, str) else name_or_value
        return self._axes[value.number] if isinstance(value, Value) else None

    def needs(self, name: str, *others: str) -> int:
        """The axis of an argument, when none of the others has any."""
        axis = self.axis(name)
        if axis is None or any(self.axis(other) is not None for other in others):
            raise _Mixed
        return axis

    def shapes(self, index: int = 0) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The shape of an output for both batches."""
        one, other = self.small.outputs[index], self.large.outputs[index]
        assert one is not None
        assert other is not None
        return one.shape, other.shape

    def grows(self, axis: int, index: int = 0) -> bool:
        """Whether an axis of an output, and no other, is as long as there are samples, or some times that."""
        one, other = self.shapes(index)
        rest = one[:axis] + one[axis + 1 :], other[:axis] + other[axis + 1 :]
        return rest[0] == rest[1] and one[axis] * self._size[1] == other[axis] * self._size[0]

    def dims(self, *names: str) -> set[int]:
        """The axes that an argument names, counted from the front; all where it names none."""
        first = self.inputs[0] if self.inputs else None
        rank = len(first.shape) if first is not None else 0
        given = next((self._arguments[name] for name in names if name in self._arguments), None)
        listed = [given] if isinstance(given, int) else list(given or range(rank))
        return {dim % max(rank, 1) for dim in listed}


def _arguments_of(call: Call) -> dict[str, Any]:
    schema = call.target._schema.arguments
    named = {argument.name: argument.default_value for argument in schema}
    given = zip((argument.name for argument in schema), call.args, strict=False)
    return {**named, **dict(given), **call.kwargs}


Rule = Callable[[_Pair], Axis | list[Axis]]


def keeps_apart(small: Recording, large: Recording) -> bool:
    """Whether what comes out for a sample is the same whatever else is in its batch.

    Args:
        small, large: The computation with batches of two sizes. The first axis of all that they are given is that of
            the samples, as it is in all results.
    """
    if small.draws or large.draws or len(small.calls) != len(large.calls):
        return False
    size = small.given[0].shape[0], large.given[0].shape[0]
    known = _Followed({value.number: 0 for value in small.given}, {}, size)
    if len(small.constants) != len(large.constants):
        return False
    for (value, x), (other, y) in zip(
        small.constants.items(), large.constants.items(), strict=True
    ):
        if value.number != other.number or x.shape != y.shape or not are_same(x, y):
            return False
        known.axes[value.number] = None
    try:
        for one, another in zip(small.calls, large.calls, strict=True):
            _follow(_Pair(one, another, known), known)
    except _Mixed:
        return False
    return all(
        a is not None
        and b is not None
        and known.axes.get(a.number) == 0
        and known.rounds.get(a.number, 1) == 1
        and (a.shape[0], b.shape[0]) == size
        for a, b in zip(small.results, large.results, strict=True)
    )


def is_drawn(call: Call) -> bool:
    """Whether a call draws random numbers."""
    is_random = torch.Tag.nondeterministic_seeded in call.target.tags
    return is_random and bool(_arguments_of(call).get("dropout_p", True))


def widest(recording: Recording) -> int:
    """Elements of the largest tensor that a computation makes of what it is given."""
    reached = set(recording.given)
    for call in recording.calls:
        if any(value in reached for value in call.inputs):
            reached.update(filter(None, call.outputs))
    return max(prod(value.shape) for value in reached)


def _follow(pair: _Pair, known: _Followed) -> None:
    """Note where the samples lie in what a call gives."""
    small, large = pair.small, pair.large
    if small.target is not large.target or not pair.is_alike:
        raise _Mixed
    if is_drawn(small):
        raise _Mixed
    written = written_by(small.target, small.args, small.kwargs)
    if any(isinstance(value, Value) and pair.axis(value) is None for value in written):
        raise _Mixed  # which the next batch would read
    found = _axes_of(pair)
    for index, (value, other) in enumerate(zip(small.outputs, large.outputs, strict=True)):
        if value is None or other is None:
            continue
        axis = found[index] if isinstance(found, list) else found
        if value.number != other.number or not _fits(pair, axis, index):
            raise _Mixed
        known.axes[value.number] = axis
        known.rounds[value.number] = pair.rounds


def _fits(pair: _Pair, axis: Axis, index: int) -> bool:
    if axis is None:
        one, other = pair.shapes(index)
        return one == other
    return pair.grows(axis, index)


def _axes_of(pair: _Pair) -> Axis | list[Axis]:
    target = pair.small.target
    if target in BY_SHAPE:
        return _that_grows(pair)
    if all(pair.axis(value) is None for value in pair.inputs):
        return _that_grows(pair) if target in EXPANDING else None
    rule = RULES.get(target._overloadpacket)
    if rule is not None:
        return rule(pair)
    if torch.Tag.pointwise in target.tags:
        return _pointwise(pair)
    raise _Mixed


def _is_same(one: Any, other: Any) -> bool:
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(_is_same, one, other))
    if isinstance(one, Value):
        return isinstance(other, Value) and one.number == other.number
    return type(one) is type(other) and bool(one == other)


def _grow(one: Any, other: Any, size: tuple[int, int]) -> bool:
    """Whether a size, or some of several, are as large as the batch, or some times that."""
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(
            _grow(a, b, size) for a, b in zip(one, other, strict=True)
        )
    return bool(one == other or one * size[1] == other * size[0])


# --- rules --------------------------------------------------------------------------------------------------------


def _that_grows(pair: _Pair) -> Axis:
    """The axis that is longer for the larger batch, in a value that is the same for all samples."""
    one, other = pair.shapes()
    if one == other:
        return None
    for axis in range(len(one)):
        if pair.grows(axis):
            return axis
    raise _Mixed


def _pointwise(pair: _Pair) -> Axis:
    """Counted from the back, the samples lie at one place in all that have any."""
    places = {len(v.shape) - axis for v in pair.inputs if (axis := pair.axis(v)) is not None}
    if len(places) != 1:
        raise _Mixed
    return len(pair.shapes()[0]) - places.pop()


def _along(*names: str) -> Rule:
    """Something along axes that are named, which are no more there, or still are; the samples' is not among them."""

    def rule(pair: _Pair) -> Axis | list[Axis]:
        axis, dims = pair.axis(pair.inputs[0]), pair.dims(*names)
        if axis is None or axis in dims or any(pair.axis(v) is not None for v in pair.inputs[1:]):
            raise _Mixed
        stays = len(pair.shapes()[0]) == len(pair.inputs[0].shape)
        left = axis if stays else axis - sum(dim < axis for dim in dims)
        return [left] * len(pair.small.outputs)

    return rule


def _view(pair: _Pair) -> Axis:
    """All samples come as often as before; then each piece of one stays in one piece, however it is cut."""
    axis, shape = pair.needs("self"), pair.shapes()[0]
    before = prod(pair.inputs[0].shape[:axis]) * pair.rounds
    for place in range(len(shape)):
        if pair.grows(place):
            pair.rounds, rest = divmod(before, prod(shape[:place]))
            if rest or shape[place] % (pair.rounds * pair.batch):
                break
            return place
    raise _Mixed


def _sliced(pair: _Pair) -> Axis:
    axis, dim = pair.needs("self"), pair.argument("dim") % len(pair.inputs[0].shape)
    if dim == axis and pair.shapes()[0] != pair.inputs[0].shape:
        raise _Mixed
    return axis


def _repeated(pair: _Pair) -> Axis:
    repeats = pair.argument("repeats")
    axis = pair.needs("self") + len(repeats) - len(pair.inputs[0].shape)
    if repeats[axis] != 1:
        raise _Mixed
    return axis


def _unsqueezed(pair: _Pair) -> Axis:
    axis, dim = pair.needs("self"), int(pair.argument("dim"))
    dim %= len(pair.shapes()[0])
    return axis + (dim <= axis)


def _permuted(pair: _Pair) -> Axis:
    dims = [dim % len(pair.inputs[0].shape) for dim in pair.argument("dims")]
    return dims.index(pair.needs("self"))


def _transposed(pair: _Pair) -> Axis:
    axis, rank = pair.needs("self"), len(pair.inputs[0].shape)
    one, other = int(pair.argument("dim0")) % rank, int(pair.argument("dim1")) % rank
    return {one: other, other: one}.get(axis, axis)


def _turned(pair: _Pair) -> Axis:
    return pair.needs("self") if len(pair.inputs[0].shape) < 2 else 1 - pair.needs("self")


def _expanded(pair: _Pair) -> Axis:
    return pair.needs("self") + len(pair.shapes()[0]) - len(pair.inputs[0].shape)


def _joined(pair: _Pair) -> Axis:
    found = {pair.axis(value) for value in pair.inputs}
    axis, rank = found.pop(), len(pair.inputs[0].shape)
    is_stack = pair.small.target._overloadpacket is aten.stack
    dim = pair.argument("dim") % (rank + is_stack)
    if found or axis is None or (dim == axis and not is_stack):
        raise _Mixed
    return axis + (is_stack and dim <= axis)


def _product(left: str, right: str, added: str | None = None) -> Rule:
    """Rows of the left, or columns of the right, or both as stacks of matrices."""

    def rule(pair: _Pair) -> Axis:
        one, other = pair.axis(left), pair.axis(right)
        last = len(pair.argument(left).shape) - 1
        if one is not None and other is None and one < last:
            found = one
        elif one is None and other is not None and other != last - 1:
            found = other
        elif one == other == 0 and last == 2:
            found = 0
        else:
            raise _Mixed
        if added is not None and (extra := pair.axis(added)) is not None:
            shape = pair.argument(added).shape
            if extra - len(shape) != found - len(pair.shapes()[0]):
                raise _Mixed
        return found

    return rule


def _first_axis(name: str, *others: str) -> Rule:
    """What treats the first axis of one argument row by row; the others are the same for all samples."""

    def rule(pair: _Pair) -> list[Axis]:
        if pair.needs(name, *others):
            raise _Mixed
        return [0] * len(pair.small.outputs)

    return rule


def _first_axes(pair: _Pair) -> list[Axis]:
    """What treats the first axis of all that have samples row by row."""
    if any(pair.axis(value) not in (0, None) for value in pair.inputs):
        raise _Mixed
    return [0] * len(pair.small.outputs)


def _normalized(pair: _Pair) -> list[Axis]:
    axis = pair.needs("input", "weight", "bias")
    if axis >= len(pair.argument("input").shape) - len(pair.argument("normalized_shape")):
        raise _Mixed
    return [axis] * len(pair.small.outputs)


def _by_statistics(pair: _Pair) -> list[Axis]:
    """Normalization by what was learned; then the statistics of the batch that it gives are empty."""
    names = ("weight", "bias", "running_mean", "running_var")
    if pair.needs("input", *names) or pair.argument("training"):
        raise _Mixed
    return [0, *([None] * (len(pair.small.outputs) - 1))]


def _padded(pair: _Pair) -> Axis:
    axis = pair.needs("self")
    pads, rank = pair.argument("pad"), len(pair.inputs[0].shape)
    if axis >= rank - len(pads) // 2:
        raise _Mixed
    return axis


def _looked_up(pair: _Pair) -> Axis:
    return pair.needs("indices", "weight")


def _picked(pair: _Pair) -> Axis:
    """Along another axis, each sample by its own indices, or all by the same."""
    axis, dim = pair.needs("self"), pair.argument("dim") % len(pair.inputs[0].shape)
    is_gather = pair.small.target._overloadpacket is aten.gather
    wanted = axis if is_gather else None
    if dim == axis or pair.axis("index") != wanted:
        raise _Mixed
    return axis


def _recurrent(pair: _Pair) -> list[Axis]:
    """A layer of oneDNN: time, samples, features; states of samples and features, with one more axis or without."""
    if pair.axis("input") != 1:
        raise _Mixed
    states = [pair.argument(name) for name in ("hx_", "cx_")]
    others = {v.number for v in pair.inputs} - {v.number for v in (pair.argument("input"), *states)}
    if any(pair._axes[number] is not None for number in others):
        raise _Mixed
    for state in states:
        if pair.axis(state) != len(state.shape) - 2:
            raise _Mixed
    return [1, *(pair.axis(state) for state in states), None][: len(pair.small.outputs)]


BY_SHAPE: frozenset[Any] = frozenset(
    {aten.zeros.default, aten.ones.default, aten.full.default, aten.zeros_like.default, aten.ones_like.default,
     aten.full_like.default, aten.new_zeros.default, aten.new_ones.default, aten.new_full.default}
)  # fmt: skip
"""Calls whose result is one number everywhere."""
EXPANDING = frozenset({aten.expand.default, aten.repeat.default})
"""Calls that give the same to each sample of what there is once."""

SIZES = frozenset({"size", "N", "repeats"})
"""Arguments that may say how large a batch is."""
RULES: Mapping[Any, Rule] = {
    **dict.fromkeys(
        (aten.sum, aten.mean, aten.amax, aten.amin, aten.argmax, aten.argmin, aten.max, aten.min, aten.any, aten.all,
         aten.prod, aten.logsumexp, aten.var, aten.std, aten.var_mean, aten.linalg_vector_norm, aten.norm,
         aten._softmax, aten._log_softmax, aten.cumsum, aten.cumprod, aten.sort, aten.topk, aten.flip, aten.roll,
         aten.select, aten.split, aten.unsafe_split, aten.split_with_sizes, aten.unbind, aten.squeeze, aten.cummax, aten.cummin, aten.glu),
        _along("dim", "dims"),
    ),
    **dict.fromkeys((aten.view, aten._unsafe_view, aten.reshape), _view),
    **dict.fromkeys((aten._to_copy, aten.detach, aten.alias, aten.masked_fill, aten.masked_fill_, aten.copy_,
                     aten.fill_, aten.zero_, aten.hardswish, aten._prelu_kernel, aten.floor_divide), _pointwise),
    aten.unsqueeze: _unsqueezed,
    aten.permute: _permuted,
    aten.transpose: _transposed,
    aten.transpose_: _transposed,
    aten.t: _turned,
    aten.expand: _expanded,
    aten.repeat: _repeated,
    aten.slice: _sliced,
    aten.cat: _joined,
    aten.stack: _joined,
    aten.mm: _product("self", "mat2"),
    aten.bmm: _product("self", "mat2"),
    aten.addmm: _product("mat1", "mat2", "self"),
    aten.baddbmm: _product("batch1", "batch2", "self"),
    aten.convolution: _first_axis("input", "weight", "bias"),
    **dict.fromkeys(
        (aten.max_pool2d_with_indices, aten.max_pool3d_with_indices, aten.avg_pool2d, aten.avg_pool3d, aten.avg_pool1d,
         aten._adaptive_avg_pool2d, aten._adaptive_avg_pool3d, aten.adaptive_max_pool2d, aten.upsample_nearest1d,
         aten.upsample_nearest2d, aten.upsample_bilinear2d, aten.upsample_bicubic2d, aten._upsample_bilinear2d_aa,
         aten.reflection_pad1d, aten.reflection_pad2d, aten.replication_pad2d, aten.pixel_shuffle, aten.im2col),
        _first_axes,
    ),
    aten.grid_sampler_2d: _first_axes,
    aten._scaled_dot_product_flash_attention_for_cpu: _first_axes,
    aten.native_layer_norm: _normalized,
    aten.native_group_norm: _first_axis("input", "weight", "bias"),
    aten.native_batch_norm: _by_statistics,
    aten._native_batch_norm_legit_no_training: _by_statistics,
    aten.constant_pad_nd: _padded,
    aten.embedding: _looked_up,
    aten.gather: _picked,
    aten.index_select: _picked,
    aten.mkldnn_rnn_layer: _recurrent,
}  # fmt: skip
