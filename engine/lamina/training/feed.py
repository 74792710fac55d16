"""Batches of a source cut into epochs."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

from lamina.training.sources import Batch, Source


class Feed:
    """A source as epochs: one pass each, or a fixed number of steps that goes on where the last one ended.

    Args:
        source: Where the batches come from.
        steps: Batches per epoch; None for one pass over the data.
        restarts: Whether each epoch begins the data anew, as validation does. A generator cannot.
    """

    def __init__(self, source: Source, steps: int | None = None, *, restarts: bool = False) -> None:
        self.source = source
        self.steps = steps
        self.restarts = restarts
        self._pass: Iterator[Batch] | None = None
        self._passes = 0

    @property
    def steps_per_epoch(self) -> int | None:
        """Batches per epoch, where it is known."""
        return self.steps or self.source.steps

    def epoch(self, epoch: int, *, together: bool = False) -> Iterator[Batch]:
        """The batches of one epoch; fewer than `steps`, with a warning, when the data ends before, as in Keras.

        Args:
            together: Whether some may come as one, for several steps.
        """
        if self.steps is None:
            yield from self.source.groups(epoch) if together else self.source.batches(epoch)
            return
        if self.restarts:
            self._pass = None
        for step in range(self.steps):
            batch = next(self._pass, None) if self._pass is not None else None
            if (
                batch is None and step == 0
            ):  # the last epoch ended with the data, or this is the first
                batch = self._begin_pass()
            if batch is None:
                warnings.warn(
                    f"The data ended after {step} of {self.steps} steps; this epoch is shorter.",
                    stacklevel=2,
                )
                self._pass = None
                return
            yield batch

    def _begin_pass(self) -> Batch | None:
        self._pass = self.source.batches(self._passes)
        self._passes += 1
        return next(self._pass, None)
