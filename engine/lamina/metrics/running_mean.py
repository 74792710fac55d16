"""A weighted mean over batches that never waits for the device.

Adding keeps a reference to the batch's mean; sums are formed when the value is asked for, and every few hundred
batches so that memory does not grow. A step thus costs one list append and no kernel.
"""

from __future__ import annotations

import torch
from torch import Tensor

FOLD_AT = 256
"""Batches after which the kept references are summed up."""


class RunningMean:
    """Mean of batch means, each weighted by how much its batch counts."""

    def __init__(self) -> None:
        self._means: list[Tensor] = []
        self._counts: list[float | Tensor] = []
        self._total: Tensor | None = None
        self._count: Tensor | float = 0.0

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

    def result(self) -> Tensor:
        """The mean so far as a 0-dim tensor on the device; 0 when nothing has been added, as in Keras."""
        self._fold()
        if self._total is None:
            return torch.zeros(())
        return torch.where(
            torch.as_tensor(self._count, device=self._total.device) == 0,
            self._total.new_zeros(()),
            self._total / self._count,
        ).float()

    def reset(self) -> None:
        self._means.clear()
        self._counts.clear()
        self._total = None
        self._count = 0.0

    def _fold(self) -> None:
        if not self._means:
            return
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
            self._count = self._count + float(sum(self._counts))
        # A batch that counts nothing must not spoil the sum when its own mean is undefined.
        total = torch.where(counts == 0, means.new_zeros(()), means * counts).sum()
        self._total = total if self._total is None else self._total + total
        self._means.clear()
        self._counts.clear()


def _wide_type(value: Tensor) -> torch.dtype:
    """float64 where the device has it: a long epoch of float32 sums would lose digits."""
    return torch.float32 if value.device.type == "mps" else torch.float64
