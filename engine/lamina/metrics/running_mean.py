"""A weighted mean over batches that never waits for the device.

Adding keeps a reference to the batch's mean; sums are formed when the value is asked for, and every few hundred
batches so that memory does not grow. A step thus costs one list append and no kernel. On the CPU the sums are plain
numbers, which makes looking at every batch cheap; on a GPU they stay there until somebody looks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import repeat

import torch
from torch import Tensor

FOLD_AT = 256
"""Batches after which the kept references are summed up."""


class RunningMean:
    """Mean of batch means, each weighted by how much its batch counts."""

    def __init__(self) -> None:
        self._means: list[Tensor] = []
        self._counts: list[float | Tensor] = []
        self._total: Tensor | float = 0.0
        self._count: Tensor | float = 0.0
        self.before_reading: Callable[[], None] | None = None
        """Adds what somebody still holds back."""

    def add(self, mean: Tensor, count: float | Tensor) -> None:
        """Take in one batch.

        Args:
            mean: 0-dim and detached; it must not be written to later.
            count: Number of samples, or the sum of their weights.
        """
        self._means.append(mean)
        self._counts.append(count)
        if len(self._means) >= FOLD_AT:
            self._fold()

    def add_number(self, mean: float, count: float) -> None:
        """`add` for one that has been read already."""
        self._fold()
        if count:
            self._total += mean * count
            self._count += count

    def add_all(self, means: Iterable[Tensor], counts: Iterable[float | Tensor]) -> None:
        """`add` for several batches."""
        self._means.extend(means)
        self._counts.extend(counts)
        if len(self._means) >= FOLD_AT:
            self._fold()

    def value(self) -> float:
        """The mean so far; 0 when nothing has been added, as in Keras. Waits for the device."""
        self._fold()
        count = float(self._count)
        return float(self._total) / count if count else 0.0

    def result(self) -> Tensor:
        """The mean so far as a 0-dim tensor on the device, without waiting for it."""
        self._fold()
        if isinstance(self._total, Tensor):
            count = torch.as_tensor(self._count, device=self._total.device)
            return torch.where(count == 0, self._total.new_zeros(()), self._total / count).float()
        return torch.tensor(self.value(), dtype=torch.float32)

    def sums(self) -> tuple[Tensor | float, Tensor | float]:
        """The weighted sum and the sum of the weights so far, without waiting for the device."""
        self._fold()
        return self._total, self._count

    def reset(self) -> None:
        if self.before_reading is not None:
            self.before_reading()
        self._means.clear()
        self._counts.clear()
        self._total = self._count = 0.0

    def _fold(self) -> None:
        """Sum up what was kept. A batch that counts nothing adds nothing, even when its own mean is undefined."""
        if self.before_reading is not None:
            self.before_reading()
        if not self._means:
            return
        first = self._means[0]
        if not first.is_cpu:
            self._fold_on_device()
        elif len(self._means) == 1:  # read at each batch
            if count := float(self._counts[0]):
                self._total += first.item() * count
                self._count += count
        else:
            means = _numbers(self._means)
            counts = [float(count) for count in self._counts]
            self._total += sum(
                mean * count for mean, count in zip(means, counts, strict=True) if count
            )
            self._count += sum(counts)
        self._means.clear()
        self._counts.clear()

    def _fold_on_device(self) -> None:
        means = torch.stack(self._means).to(_wide_type(self._means[0]))
        if any(isinstance(count, Tensor) for count in self._counts):
            counts = torch.stack(
                [
                    torch.as_tensor(count, dtype=means.dtype, device=means.device)
                    for count in self._counts
                ]
            )
            self._count = self._count + counts.sum()
        else:
            counts = torch.tensor(self._counts, dtype=means.dtype, device=means.device)
            self._count = self._count + sum(map(float, self._counts))
        self._total = self._total + torch.where(counts == 0, 0.0, means * counts).sum()


class HeldBack:
    """Means of batches that running means take in when somebody reads one of them.

    Args:
        running: The running means; a row of `rows` has a mean for each, and may have more behind.
        counts: How much a batch counts for each.
    """

    def __init__(self, running: Sequence[RunningMean], counts: Sequence[float]) -> None:
        self.rows: list[Sequence[Tensor]] = []
        self._running, self._counts = running, counts
        for one in running:
            one.before_reading = self.take_in

    def take_in(self) -> None:
        """Add all rows."""
        if not self.rows:
            return
        if len(self.rows) == 1 and self.rows[0][0].is_cpu:  # read at each batch
            (row,) = self.rows
            self.rows.clear()
            for one, mean, count in zip(self._running, row, self._counts, strict=False):
                one.add_number(mean.item(), count)
            return
        columns, size = list(zip(*self.rows, strict=True)), len(self.rows)
        self.rows.clear()
        for one, means, count in zip(self._running, columns, self._counts, strict=False):
            one.add_all(means, repeat(count, size))

    def close(self) -> None:
        """Add all rows; there are no more to come."""
        self.take_in()
        for one in self._running:
            one.before_reading = None


def _numbers(tensors: list[Tensor]) -> list[float]:
    """Values of 0-dim tensors on the CPU, read at once."""
    values: list[float] = torch.stack(tensors).tolist()
    return values


def _wide_type(value: Tensor) -> torch.dtype:
    """float64 where the device has it: a long epoch of float32 sums would lose digits."""
    return torch.float32 if value.device.type == "mps" else torch.float64
