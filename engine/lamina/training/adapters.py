"""Which source suits what a user handed over as `x`."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from numbers import Integral
from types import GeneratorType
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from lamina.errors import ConfigError
from lamina.text import Text
from lamina.training.heap import keep_heap
from lamina.training.protocols import TrainableModel
from lamina.training.sources import (
    USUAL_BATCH_SIZE,
    ArraySource,
    Shuffle,
    Source,
    StreamSource,
    array_source,
)
from lamina.training.workers import read_in_order


def source_for(
    model: TrainableModel,
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    batch_size: int | None = None,
    steps: int | None = None,
    shuffle: Shuffle = False,
    class_weight: Mapping[int, float] | None = None,
    seed: int = 0,
    split: float = 0.0,
) -> tuple[Source, ArraySource | None]:
    """The source for arrays, a generator, a dataset of batches or a loader; and what is split off for validation.

    Raises:
        ConfigError: If arguments do not go together, such as targets beside a generator that yields its own.
    """
    if model.device.type == "cpu":
        keep_heap()
    for name, count in (("batch_size", batch_size), ("steps", steps)):
        check_count(name, count, least=1)
    if x is None:
        raise ConfigError(Text("There is no data: pass x.", "没有数据：请传入 x。"), field="x")
    if not (_is_arrays(x) or hasattr(x, "__iter__") or hasattr(x, "__getitem__")):
        raise ConfigError(
            Text(
                f"x must be arrays, a generator, a dataset of batches or a torch DataLoader, got {type(x).__name__}.",
                f"x 应为数组、生成器、批次数据集或 torch DataLoader，实际为 {type(x).__name__}。",
            ),
            field="x",
        )
    if _is_arrays(x):
        return array_source(
            model,
            x,
            y,
            sample_weight,
            batch_size=batch_size,
            steps=steps,
            shuffle=shuffle,
            class_weight=class_weight,
            seed=seed,
            split=split,
        )
    for name, value in (
        ("y", y),
        ("sample_weight", sample_weight),
        ("validation_split", split or None),
    ):
        if value is not None:
            raise ConfigError(
                Text(
                    f"{name} goes with arrays only; {type(x).__name__} has to yield it with each batch.",
                    f"{name} 只能与数组一起使用；{type(x).__name__} 应在每个批次中自行给出。",
                ),
                field=name,
            )
    if isinstance(x, Dataset):
        x = DataLoader(
            x,
            batch_size=batch_size or USUAL_BATCH_SIZE,
            shuffle=bool(shuffle) and hasattr(x, "__len__"),
        )
    if isinstance(x, DataLoader):
        return StreamSource(
            lambda _epoch: iter(x), model, steps=_length(x), class_weight=class_weight
        ), None
    if isinstance(x, GeneratorType) or (hasattr(x, "__next__") and hasattr(x, "__iter__")):
        return StreamSource(lambda _epoch: x, model, class_weight=class_weight), None
    if hasattr(x, "__getitem__") and (_length(x) is not None or hasattr(x, "num_batches")):
        return _from_dataset(model, x, shuffle, class_weight, seed), None
    return StreamSource(
        lambda _epoch: iter(x), model, steps=_length(x), class_weight=class_weight
    ), None


def check_count(name: str, count: Any, *, least: int) -> None:
    """Raise unless it is None or a whole number from `least` on."""
    if count is None or (isinstance(count, Integral) and int(count) >= least):
        return
    raise ConfigError(
        Text(
            f"{name} is a whole number from {least} on, or left out; got {count!r}.",
            f"{name} 应为不小于 {least} 的整数，或省略；实际为 {count!r}。",
        ),
        field=name,
    )


def _from_dataset(
    model: TrainableModel,
    dataset: Any,
    shuffle: Shuffle,
    class_weight: Mapping[int, float] | None,
    seed: int,
) -> StreamSource:
    """A dataset whose items are batches, as Keras' PyDataset; endless where it has no length."""
    mixed = shuffle and not getattr(dataset, "keeps_order", False)

    def open_epoch(epoch: int) -> Iterator[Any]:
        if hasattr(dataset, "on_epoch_begin"):
            dataset.on_epoch_begin()
        count = _length(dataset)
        if count is None:
            return read_in_order(dataset, itertools.count())
        generator = torch.Generator().manual_seed((seed * 1_000_003 + epoch) % (1 << 63))
        order = torch.randperm(count, generator=generator).tolist() if mixed else range(count)
        return read_in_order(dataset, order)

    return StreamSource(
        open_epoch,
        model,
        steps=_length(dataset),
        class_weight=class_weight,
        after_epoch=getattr(dataset, "on_epoch_end", None),
    )


def _is_arrays(x: Any) -> bool:
    """Arrays, tables, nested lists of numbers, and lists or dicts of those."""
    if isinstance(x, Mapping):
        return True
    if isinstance(x, (list, tuple)):
        return bool(x)
    return isinstance(x, Tensor) or (hasattr(x, "__array__") and hasattr(x, "shape"))


def _length(x: Any) -> int | None:
    try:
        return len(x)
    except (TypeError, NotImplementedError):
        return None
