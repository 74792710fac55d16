"""Logs of a batch: values that become numbers only when somebody reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from torch import Tensor


class BatchLogs(Mapping[str, float]):
    """Running means of the epoch by log name, read from the device when asked for.

    Args:
        readers: By log name, what gives the running mean as it stands.
        batch: The values of this batch alone: 0-dim, detached, on the device, never written to again. Not every
            metric has a value for one batch.
        batch_size: Number of samples in it.
    """

    __slots__ = ("_readers", "batch", "batch_size")

    def __init__(
        self,
        readers: Mapping[str, Callable[[], float]],
        batch: Mapping[str, Tensor],
        batch_size: int,
    ) -> None:
        self._readers = readers
        self.batch = batch
        self.batch_size = batch_size

    def __getitem__(self, name: str) -> float:
        return self._readers[name]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._readers)

    def __len__(self) -> int:
        return len(self._readers)

    def __repr__(self) -> str:
        return repr(dict(self))
