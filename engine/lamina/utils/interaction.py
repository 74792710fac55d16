"""Whether progress is written for a person at a terminal or for a log, and a plain progress bar."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

_interactive = True


def enable_interactive_logging() -> None:
    """Write progress to standard output, as a bar."""
    global _interactive
    _interactive = True


def disable_interactive_logging() -> None:
    """Write progress as log lines."""
    global _interactive
    _interactive = False


def is_interactive_logging_enabled() -> bool:
    """Whether progress goes to standard output as a bar."""
    return _interactive


def say(line: str) -> None:
    """A line for a person, on standard output, or in the log where progress goes there."""
    if _interactive:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
    else:
        logging.getLogger("lamina").info(line)


class Progbar:
    """A progress bar with averages.

    Args:
        target: Steps in all; None when only the end tells.
        width: Characters of the bar.
        verbose: 0 silent, 1 a bar, 2 one line at the end.
        interval: Least seconds between two drawings.
        stateful_metrics: Names whose last value is shown, not their average.
        unit_name: What a step is called.
    """

    def __init__(
        self,
        target: int | None,
        width: int = 20,
        verbose: int = 1,
        interval: float = 0.05,
        stateful_metrics: Iterable[str] | None = None,
        stateless_metrics: Iterable[str] | None = None,
        unit_name: str = "step",
    ) -> None:
        self.target, self.width, self.verbose = target, width, verbose
        self.interval, self.unit_name = interval, unit_name
        self.stateful_metrics = set(stateful_metrics or ())
        self._sums: dict[str, tuple[float, float]] = {}
        self._seen = 0
        self._start = time.monotonic()
        self._drawn = float("-inf")
        self._length = 0

    def update(
        self,
        current: int,
        values: Sequence[tuple[str, Any]] | None = None,
        finalize: bool | None = None,
    ) -> None:
        """Show step `current`.

        Args:
            current: Steps done.
            values: Pairs (name, value of the steps since the last update).
            finalize: Whether this is the last; at `target` when left out.
        """
        steps = current - self._seen
        for name, value in values or ():
            number = float(np.mean(np.asarray(value)))  # a list of values counts as their mean
            if name in self.stateful_metrics:
                self._sums[name] = (number, 1)
            else:
                total, weight = self._sums.get(name, (0.0, 0))
                self._sums[name] = (total + number * steps, weight + steps)
        self._seen = current
        last = (
            (self.target is not None and current >= self.target) if finalize is None else finalize
        )
        if self.verbose == 0 or (self.verbose == 2 and not last):
            return
        now = time.monotonic()
        if not last and now - self._drawn < self.interval:
            return
        self._drawn = now
        line = self._line(current, now - self._start)
        lead = "\r" if self.verbose == 1 and self._length else ""
        sys.stdout.write(lead + line.ljust(self._length) + ("\n" if last else ""))
        sys.stdout.flush()
        self._length = len(line) if self.verbose == 1 and not last else 0

    def add(self, n: int, values: Sequence[tuple[str, Any]] | None = None) -> None:
        """Show `n` steps more."""
        self.update(self._seen + n, values)

    def _line(self, current: int, elapsed_s: float) -> str:
        parts = [f"{current}/{self.target or 'Unknown'}"]
        if self.verbose == 1 and self.target:
            full = min(self.width, self.width * current // self.target)
            parts.append("━" * full + "─" * (self.width - full))
        each = elapsed_s / max(current, 1)
        parts.append(f"{elapsed_s:.0f}s {each * 1000:.0f}ms/{self.unit_name}")
        for name, (total, weight) in self._sums.items():
            mean = total / max(weight, 1)
            parts.append(f"- {name}: {mean:.4f}" if abs(mean) > 1e-3 else f"- {name}: {mean:.4e}")
        return " ".join(parts)
