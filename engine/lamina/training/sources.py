"""Where batches come from: arrays that live on the device, or anything that yields batches.

For arrays an epoch is one permutation and each batch one gather. Whatever yields batches itself (generators,
datasets, loaders) is moved to the device batch by batch.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat
from typing import Any, Literal

import torch
from torch import Tensor

from lamina.calls import in_slots, is_deep
from lamina.errors import ConfigError
from lamina.nests import check_keys, keys_of
from lamina.strings import stored_dtype
from lamina.symbolic import is_optional, need_optional
from lamina.text import Text
from lamina.training.arrays import (
    fit_input,
    input_tensor,
    listed,
    same_length,
    split_off_end,
    to_target,
    to_tensor,
)
from lamina.training.class_weights import class_weights
from lamina.training.left_out import filled
from lamina.training.protocols import SymbolicTensor, TrainableModel

Shuffle = bool | Literal["batch"]

INPUTS = Text("data", "数据")
TARGETS = Text("targets", "目标")
WEIGHTS = Text("sample weights", "样本权重")

LARGE_BATCH_BYTES = 24 << 20
LARGE_BATCH_SIZE = 2048
"""A batch of evaluation grows to this many samples, or until its largest tensor has so many bytes. Beyond, calls and
the reading of weights are no longer what costs."""

USUAL_BATCH_SIZE = 32
"""Samples per step where nobody says."""

SMALL_BATCH_BYTES = 1 << 16
"""Batches are gathered, and trained on, together up to this size."""

DEVICE_SHARE = 0.5
"""Arrays are kept on a GPU when they take at most this share of its free memory."""


@dataclass(slots=True)
class Batch:
    """The examples of one step, on the model's device.

    One is made at each step and never changed; it is not frozen because that costs more than all the rest of making it.

    Args:
        inputs: One tensor per input; None for one that is left out.
        targets: One per output; empty when there are none.
        weights: One per output; empty when all samples weigh alike.
        size: Number of samples.
        steps: How many steps they are for, all of one size; the batches lie one after the other.
    """

    inputs: tuple[Any, ...]
    targets: tuple[Tensor, ...]
    weights: tuple[Tensor | None, ...]
    size: int
    steps: int = 1

    def parts(self) -> Iterator[Batch]:
        """The batches of single steps."""
        return iter((self,)) if self.steps == 1 else _cut(self, self.size // self.steps)


class Source(ABC):
    """Batches, epoch after epoch."""

    steps: int | None
    """Batches per epoch; None when only the end tells."""

    @abstractmethod
    def batches(self, epoch: int) -> Iterator[Batch]:
        """The batches of one pass over the data.

        Args:
            epoch: Decides the order where there is one to choose.
        """

    def groups(self, epoch: int) -> Iterator[Batch]:
        """The same batches, of which some may come as one, for several steps."""
        return self.batches(epoch)

    def merged(self, widest: int) -> tuple[Source, int]:
        """The same samples in larger batches, and how many of its own batches make one of them.

        Args:
            widest: Values per sample of the largest tensor that is made of them.
        """
        return self, 1


class ArraySource(Source):
    """Arrays in memory.

    Args:
        inputs: One tensor per input of the model; None for one that may be left out.
        targets: One per output; empty when there are none.
        weights: One per output; empty when all samples weigh alike.
        dtypes: Types that the model's inputs take.
        shuffle: True for a new order in each epoch; "batch" for batches of neighbours in a new order.
        seed: Decides the orders.
        copies: Whether batches must not be views of the data, for they may be written to.
    """

    def __init__(
        self,
        inputs: Sequence[Tensor | None],
        targets: Sequence[Tensor],
        weights: Sequence[Tensor | None],
        *,
        dtypes: Sequence[torch.dtype],
        batch_size: int,
        device: torch.device,
        shuffle: Shuffle = False,
        seed: int = 0,
        copies: bool = False,
    ) -> None:
        self.copies = copies
        self.count = int(next(x for x in inputs if x is not None).shape[0])
        self.batch_size = batch_size
        self.device = device
        self.shuffle = shuffle
        self.seed = seed
        self.dtypes = list(dtypes)
        self.steps = -(-self.count // batch_size)
        self._columns = _place([*inputs, *targets, *weights], device)
        self._inputs = len(inputs)
        self._targets = len(targets)

    def batches(self, epoch: int) -> Iterator[Batch]:
        for group in self.groups(epoch):
            yield from group.parts()

    def groups(self, epoch: int) -> Iterator[Batch]:
        # Gathering costs some microseconds a call, which is much beside a tiny batch: several at once, then views.
        size = self.batch_size * self._batches_at_once
        if self.shuffle is True:
            together: Iterator[Batch] = map(
                self._gather, torch.split(self._permutation(epoch), size)
            )
        elif not self.shuffle and self._is_ready and not self.copies:
            together = _cut(self._gather(slice(None)), size)
        else:
            together = map(self._gather, self._slices(epoch))
        for group in together:
            yield from self._in_whole_steps(group)

    def _in_whole_steps(self, group: Batch) -> Iterator[Batch]:
        """Batches of the full size as one, and by itself the short one at the end."""
        steps, rest = divmod(group.size, self.batch_size)
        if steps < 1 or not rest:
            group.steps = max(steps, 1)
            yield group
        else:
            whole, short = _cut(group, group.size - rest)
            whole.steps = steps
            yield from (whole, short)

    @cached_property
    def _batches_at_once(self) -> int:
        """How many small batches are gathered together."""
        return max(1, SMALL_BATCH_BYTES // max(self._sample_bytes * self.batch_size, 1))

    @cached_property
    def _sample_bytes(self) -> int:
        return sum(c[0].numel() * c.element_size() for c in self._columns if c is not None)

    @property
    def _is_ready(self) -> bool:
        """Whether the arrays can be taken as they lie: on the device, and in the types of the inputs."""
        return self._rows_device == self.device and all(
            c is None or c.dtype == t for c, t in zip(self._columns, self.dtypes, strict=False)
        )

    def _slices(self, epoch: int) -> list[slice]:
        """The neighbours that make each batch, in order or with the batches mixed."""
        starts = range(0, self.count, self.batch_size)
        slices = [slice(start, min(start + self.batch_size, self.count)) for start in starts]
        if not self.shuffle:
            return slices
        order = torch.randperm(len(slices), generator=self._generator(epoch))
        return [slices[i] for i in order.tolist()]

    def _permutation(self, epoch: int) -> Tensor:
        """All rows, mixed; drawn on the CPU so that it is the same on every device."""
        return torch.randperm(self.count, generator=self._generator(epoch)).to(self._rows_device)

    def _generator(self, epoch: int) -> torch.Generator:
        return torch.Generator().manual_seed((self.seed * 1_000_003 + epoch) % (1 << 63))

    @property
    def _rows_device(self) -> torch.device:
        return next(column.device for column in self._columns if column is not None)

    def _gather(self, rows: Tensor | slice) -> Batch:
        picked = [
            None if c is None else c[rows] if isinstance(rows, slice) else c.index_select(0, rows)
            for c in self._columns
        ]
        if self.copies and isinstance(rows, slice):
            picked = [None if c is None else c.clone() for c in picked]
        if self._rows_device != self.device:
            picked = [None if c is None else sent(c, self.device) for c in picked]
        first = self._inputs
        second = first + self._targets
        inputs = tuple(
            None if c is None else c.to(t) for c, t in zip(picked[:first], self.dtypes, strict=True)
        )
        targets = tuple(c for c in picked[first:second] if c is not None)
        size = next(int(x.shape[0]) for x in inputs if x is not None)
        return Batch(inputs, targets, tuple(picked[second:]), size)

    def merged(self, widest: int) -> tuple[Source, int]:
        sample_bytes = max(self._sample_bytes, 4 * widest)
        wanted = min(LARGE_BATCH_SIZE, LARGE_BATCH_BYTES // max(sample_bytes, 1))
        times = max(1, round(wanted / self.batch_size))
        larger = object.__new__(ArraySource)
        larger.__dict__.update(self.__dict__)
        larger.batch_size = self.batch_size * times
        larger.__dict__.pop("_batches_at_once", None)
        larger.steps = -(-self.count // larger.batch_size)
        return larger, times


def _cut(batch: Batch, size: int) -> Iterator[Batch]:
    """A batch as smaller ones, which are views of it."""
    if batch.size <= size:
        yield batch
        return
    columns = [*batch.inputs, *batch.targets, *batch.weights]
    cuts = [repeat(None) if c is None else c.split(size) for c in columns]
    first, second = len(batch.inputs), len(batch.inputs) + len(batch.targets)
    left = batch.size
    for parts in zip(*cuts, strict=False):  # what is left out goes on without end
        yield Batch(parts[:first], parts[first:second], parts[second:], min(size, left))
        left -= size


class StreamSource(Source):
    """Anything that yields batches `x`, `(x, y)` or `(x, y, sample_weight)`.

    Args:
        open_epoch: Gives the iterator of an epoch.
        steps: Batches per epoch, where it is known.
        after_epoch: Called when an epoch has been read.
    """

    def __init__(
        self,
        open_epoch: Callable[[int], Iterator[Any]],
        model: TrainableModel,
        *,
        steps: int | None = None,
        class_weight: Mapping[int, float] | None = None,
        after_epoch: Callable[[], None] | None = None,
    ) -> None:
        self.steps = steps
        self._open = open_epoch
        self._model = model
        self._class_weight = class_weight
        self._after = after_epoch

    def batches(self, epoch: int) -> Iterator[Batch]:
        for item in self._open(epoch):
            yield to_batch(self._model, *unpack(item), class_weight=self._class_weight)
        if self._after is not None:
            self._after()


def array_source(
    model: TrainableModel,
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    batch_size: int | None,
    steps: int | None = None,
    shuffle: Shuffle = False,
    class_weight: Mapping[int, float] | None = None,
    seed: int = 0,
    split: float = 0.0,
) -> tuple[ArraySource, ArraySource | None]:
    """Arrays as a source, and the part that is split off its end for validation.

    Args:
        split: Share of the samples, the last ones, that go to validation.
    """
    inputs, targets, weights = to_columns(model, x, y, sample_weight, class_weight)
    columns = [*inputs, *targets, *weights]
    names = [*model.input_names, *(f"targets {n}" for n in model.target_names[: len(targets)])]
    count = same_length(columns, [*names, *("sample_weight" for _ in weights)])
    if batch_size is None:
        batch_size = -(-count // steps) if steps else USUAL_BATCH_SIZE
    first, second = len(inputs), len(inputs) + len(targets)

    def source(part: list[Any], shuffle: Shuffle, size: int) -> ArraySource:
        return ArraySource(
            part[:first],
            part[first:second],
            part[second:],
            dtypes=[stored_dtype(like.dtype) for like in model.inputs],
            batch_size=size,
            device=model.device,
            shuffle=shuffle,
            seed=seed,
            copies=not model.keeps_samples_apart,  # code of users may write to what it is given
        )

    if not split:
        return source(columns, shuffle, batch_size), None
    train, validation = split_off_end(columns, split)
    if class_weight is not None:  # weighs training only
        validation[second:] = []
    return source(train, shuffle, batch_size), source(validation, False, batch_size)


def to_columns(
    model: TrainableModel,
    x: Any,
    y: Any,
    sample_weight: Any,
    class_weight: Mapping[int, float] | None = None,
) -> tuple[list[Tensor | None], list[Tensor], list[Tensor | None]]:
    """Inputs, targets and weights as tensors, one per input or output of the model."""
    inputs = [
        _input_of(value, like)
        for value, like in zip(_inputs_in(model, x), model.inputs, strict=True)
    ]
    outputs = model.target_names
    given = [] if y is None else _per_output(model, y, TARGETS)
    targets = [to_target(value) for value in given]
    if class_weight is not None:
        if sample_weight is not None or len(outputs) > 1:
            raise ConfigError(
                Text(
                    "class_weight cannot be used together with sample_weight, nor with several outputs; "
                    "put both into sample_weight.",
                    "class_weight 不能与 sample_weight 同时使用，也不能用于多个输出；请合并到 sample_weight 中。",
                ),
                field="class_weight",
            )
        return inputs, targets, [class_weights(targets[0], class_weight, _classes_of(model))]
    if sample_weight is None:
        return inputs, targets, []
    if isinstance(sample_weight, (list, tuple, Mapping)) and len(outputs) > 1:
        if isinstance(sample_weight, Mapping):
            sample_weight = {name: sample_weight.get(name) for name in outputs}
        given = _per_output(model, sample_weight, WEIGHTS)
    else:
        given = [sample_weight] * len(outputs)
    return inputs, targets, [None if w is None else to_tensor(w).float() for w in given]


def _classes_of(model: TrainableModel) -> int | None:
    """How many classes the only output tells apart, where it has a unit for each."""
    shape = model.outputs[0].shape if model.outputs else ()
    units = shape[-1] if len(shape) == 2 else None
    return None if units == 1 else units


def _input_of(value: Any, like: SymbolicTensor) -> Tensor | None:
    """Data for an input; None where it may be left out."""
    if value is None:
        need_optional(like)
        return None
    return fit_input(input_tensor(value, like), like)


def _inputs_in(model: TrainableModel, x: Any) -> list[Any]:
    """The data for each input, from a list, a dict, or the model's own nest of them."""
    nest = model.input_nest
    if is_deep(nest):
        return in_slots(nest, x, INPUTS)
    names = model.input_names
    check_keys(nest, x, names)
    if isinstance(x, Mapping) and not set(names) <= set(x):
        names = keys_of(nest) or names
    if isinstance(x, Mapping):
        spare = zip(names, model.inputs, strict=True)
        x = {**{name: None for name, one in spare if is_optional(one)}, **x}
    return listed(x, names, INPUTS)


def _per_output(model: TrainableModel, values: Any, what: Text) -> list[Any]:
    """What is given for each output, from a list, a dict, or the model's own nest of them."""
    nest = model.output_nest
    if is_deep(nest):
        return in_slots(nest, values, what)
    values = filled(model, values) if what is TARGETS else values
    return listed(values, model.target_names, what)


def to_batch(
    model: TrainableModel,
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    class_weight: Mapping[int, float] | None = None,
) -> Batch:
    """One batch as users give it, on the model's device."""
    inputs, targets, weights = to_columns(model, x, y, sample_weight, class_weight)
    names = [*model.input_names, *(f"targets {n}" for n in model.target_names[: len(targets)])]
    size = same_length([*inputs, *targets], names)
    device = model.device
    return Batch(
        tuple(
            None if tensor is None else sent(tensor, device).to(stored_dtype(like.dtype))
            for tensor, like in zip(inputs, model.inputs, strict=True)
        ),
        tuple(sent(tensor, device) for tensor in targets),
        tuple(None if w is None else sent(w, device) for w in weights),
        size,
    )


def unpack(item: Any) -> tuple[Any, Any, Any]:
    """x, y and sample_weight of what a generator or dataset yields."""
    if isinstance(item, tuple):
        if len(item) > 3:
            raise ConfigError(
                Text(
                    f"Data must yield x, (x, y) or (x, y, sample_weight), got a tuple of {len(item)}.",
                    f"数据应产生 x、(x, y) 或 (x, y, sample_weight)，实际为 {len(item)} 元组。",
                )
            )
        return (*item, None, None)[:3]
    if isinstance(item, list) and len(item) in (2, 3):  # what torch's loaders make of tuples
        return (*item, None)[:3]
    return item, None, None


def sent(tensor: Tensor, device: torch.device) -> Tensor:
    """A tensor on the device; to a GPU from pinned memory, so that nobody waits and the next batch is prepared meanwhile."""
    if device.type == "cuda" and tensor.is_cpu:
        tensor = tensor.pin_memory()
    return tensor.to(device, non_blocking=True)


def _place(columns: Sequence[Tensor | None], device: torch.device) -> list[Tensor | None]:
    """The columns on the device, or left where they are when they would crowd a GPU."""
    if device.type == "cuda":
        needed = sum(
            c.numel() * c.element_size() for c in columns if c is not None and c.device != device
        )
        free, _ = torch.cuda.mem_get_info(device)
        if needed > DEVICE_SHARE * free:
            return [None if c is None else c.cpu() for c in columns]
    return [None if c is None else c.to(device) for c in columns]
