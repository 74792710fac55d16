"""What a batch of data is made of, and data sets that give batches by number."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, Self

import numpy as np
import torch

from lamina.errors import ConfigError
from lamina.text import Text


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """X alone (in a tuple if it is itself a list or tuple), (x, y), or (x, y, sample_weight).

    >>> pack_x_y_sample_weight(1, 2)
    (1, 2)
    """
    if y is None and sample_weight is None:
        return (x,) if isinstance(x, (tuple, list)) else x
    return (x, y) if sample_weight is None else (x, y, sample_weight)


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """x, y and sample_weight of a batch, None for what it does not have.

    Raises:
        ConfigError: If it is a tuple of more than three.

    >>> unpack_x_y_sample_weight((1, 2))
    (1, 2, None)
    """
    if isinstance(data, list):
        data = tuple(data)
    if not isinstance(data, tuple):
        return data, None, None
    if not 1 <= len(data) <= 3:
        raise ConfigError(
            Text(
                f"A batch is x, (x, y) or (x, y, sample_weight), got a tuple of {len(data)}.",
                f"批次应为 x、(x, y) 或 (x, y, sample_weight)，实际为 {len(data)} 元组。",
            )
        )
    return (*data, None, None)[:3]


class PyDataset:
    """Base of data sets whose `dataset[i]` is batch i: implement `__getitem__` and `__len__`.

    A class whose `num_batches` is None is endless; `fit` then needs `steps_per_epoch`.

    Args:
        workers: Threads or processes that read ahead in `fit`, `evaluate` and `predict`. One thread reads nothing
            ahead. Batches keep their order.
        use_multiprocessing: Read in processes, each with a copy of the data set, instead of threads.
        max_queue_size: Batches that are read ahead at most.
    """

    def __init__(
        self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10
    ) -> None:
        self.workers = workers
        self.use_multiprocessing = use_multiprocessing
        self.max_queue_size = max_queue_size

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError(f"{type(self).__name__} needs __getitem__(index): one batch.")

    def __len__(self) -> int:
        count = self.num_batches
        if count is None:
            raise TypeError(f"{type(self).__name__} has no known number of batches.")
        return int(count)

    @property
    def num_batches(self) -> int | None:
        """Number of batches, for classes that state it here instead of in `__len__`."""
        raise NotImplementedError(f"{type(self).__name__} needs __len__: the number of batches.")

    def on_epoch_begin(self) -> None:
        """Called before an epoch reads its first batch."""

    def on_epoch_end(self) -> None:
        """Called when an epoch has read its last batch."""


Sequence = PyDataset


class Readable(PyDataset):
    """Batches that a loop can read, and that can be changed on their way.

    `map` and `take` are not Keras'; scripts written for TensorFlow's data sets use them.
    """

    keeps_order = True
    """`fit` reads them in their own order, which is new in each pass where they shuffle."""

    def __iter__(self) -> Any:
        self.on_epoch_begin()
        for index in range(len(self)):
            yield self[index]
        self.on_epoch_end()

    def map(self, function: Callable[..., Any]) -> Changed:
        """Batches that a function has changed.

        Args:
            function: Gets the parts of a batch (x and y, say) one by one and returns a batch.
        """
        return Changed(self, function)

    def take(self, count: int) -> Changed:
        """The first batches of each pass.

        Args:
            count: Of batches.
        """
        return Changed(self, limit=count)


class Changed(Readable):
    """Another data set's batches, fewer or changed; it reads ahead as that one does.

    Args:
        source: The other data set.
        function: Changes a batch; None leaves it.
        limit: Batches that are read of it at most; None for all.
    """

    def __init__(
        self,
        source: Readable,
        function: Callable[..., Any] | None = None,
        limit: int | None = None,
    ) -> None:
        super().__init__(source.workers, source.use_multiprocessing, source.max_queue_size)
        self.source, self.function, self.limit = source, function, limit

    def __len__(self) -> int:
        count = len(self.source)
        return count if self.limit is None else min(count, self.limit)

    def __getitem__(self, index: int) -> Any:
        if not 0 <= index < len(self):
            raise IndexError(f"batch {index} of {len(self)}")
        batch = self.source[index]
        if self.function is None:
            return batch
        return self.function(*batch) if isinstance(batch, tuple) else self.function(batch)

    def on_epoch_begin(self) -> None:
        self.source.on_epoch_begin()

    def on_epoch_end(self) -> None:
        self.source.on_epoch_end()


class Batches(Readable):
    """Samples as batches, each read when it is asked for; a pass over it begins in a new order where it shuffles.

    Args:
        count: Number of samples.
        batch_size: Samples in a batch; None gives the samples one by one, without a batch axis.
        shuffle: Whether each pass has an order of its own.
        seed: Decides the orders; drawn when left out.
    """

    def __init__(
        self, count: int, batch_size: int | None, *, shuffle: bool = False, seed: int | None = None
    ) -> None:
        super().__init__()
        self.count = count
        self.batch_size = batch_size
        self.shuffle = shuffle
        self._random = np.random.default_rng(seed)
        self._order = np.arange(count)
        self.class_names: list[str] | None = None

    def samples(self, rows: np.ndarray) -> Any:
        """The batch of these samples, with the batch axis."""
        raise NotImplementedError

    def __len__(self) -> int:
        size = self.batch_size or 1
        return (self.count + size - 1) // size

    def __getitem__(self, index: int) -> Any:
        count = len(self)
        if not -count <= index < count:
            raise IndexError(f"batch {index} of {count}")
        size = self.batch_size or 1
        start = (index % count) * size
        batch = self.samples(self._order[start : start + size])
        return batch if self.batch_size else _unbatched(batch)

    def on_epoch_begin(self) -> None:
        if self.shuffle:
            self._order = self._random.permutation(self.count)

    def batch(self, batch_size: int) -> Self:
        """The same samples in batches of another size, which single samples get this way."""
        other = copy.copy(self)
        other.batch_size = batch_size
        return other


def _unbatched(batch: Any) -> Any:
    if isinstance(batch, tuple):
        return tuple(_unbatched(each) for each in batch)
    return batch[0]


class ArrayBatches(Batches):
    """Arrays in memory as batches of tensors.

    Args:
        columns: Arrays of the same length.
        single: Whether a batch is the only column itself, not a tuple of columns.
    """

    def __init__(self, columns: tuple[np.ndarray, ...], *, single: bool, **kwargs: Any) -> None:
        super().__init__(len(columns[0]), **kwargs)
        self.columns = columns
        self.single = single

    def samples(self, rows: np.ndarray) -> Any:
        batch = tuple(torch.as_tensor(np.ascontiguousarray(c[rows])) for c in self.columns)
        return batch[0] if self.single else batch
