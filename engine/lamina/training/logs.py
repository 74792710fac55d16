"""Logs of a batch: values that become numbers only when somebody reads them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

from torch import Tensor


class BatchLogs(Mapping[str, float]):
    """Running means of the epoch by log name, read from the device when asked for.

    Args:
        read: Gives the running mean of a name as it stands.
        batch: The values of this batch alone: 0-dim, detached, on the device, never written to again.
        batch_size: Number of samples in it.
        names: All log names; those of `batch` when left out. Not every metric has a value for one batch.
    """

    __slots__ = ("_names", "_read", "batch", "batch_size")

    def __init__(
        self,
        read: Callable[[str], float],
        batch: Mapping[str, Tensor],
        batch_size: int,
        names: Collection[str] | None = None,
    ) -> None:
        self._names = batch if names is None else names
        self._read = read
        self.batch = batch
        self.batch_size = batch_size

    def __getitem__(self, name: str) -> float:
        if name not in self._names:
            raise KeyError(name)
        return self._read(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __repr__(self) -> str:
        return repr(dict(self))
