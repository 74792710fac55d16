"""`ProgbarLogger`: a progress bar that costs nothing while nobody looks.

The bar is drawn at most ten times a second, and only then are the logs read. Where the output is not a terminal or a
notebook there is one line per epoch instead, written as Keras writes it for `verbose=2`.
"""

from __future__ import annotations

import sys
import time
from typing import Any

from lamina.callbacks.bars import Bar, Part, bar
from lamina.callbacks.callback import Callback, Logs
from lamina.utils.interaction import is_interactive_logging_enabled, say

MOST_HZ = 10
BAR_WIDTH = 20


class ProgbarLogger(Callback):
    """Shows progress on standard output.

    `verbose` of `fit` decides how: 0 nothing, 1 a bar, 2 a line per epoch, "auto" a bar on a terminal or in a
    notebook and a line elsewhere.
    """

    def __init__(self) -> None:
        super().__init__()
        self.verbose = 1
        self.epochs = 1
        self.steps: int | None = None
        self._in_fit = False
        self._start = self._next_drawing = 0.0
        self._seen = 0
        self._bar: Bar | None = None

    def set_params(self, params: dict[str, Any]) -> None:
        super().set_params(params)
        verbose = params.get("verbose", 1)
        self.verbose = (1 if _is_live() else 2) if verbose == "auto" else int(verbose)
        if self.verbose and not is_interactive_logging_enabled():
            self.verbose = 2  # lines, which go to the log
        self.epochs = params.get("epochs") or 1
        self.steps = params.get("steps")

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._in_fit = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._in_fit = False

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        if self.verbose and self.epochs > 1:
            say(f"Epoch {epoch + 1}/{self.epochs}")
        self._begin()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._end(logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._advance(batch, logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        if not self._in_fit:
            self._begin()

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if not self._in_fit:
            self._advance(batch, logs)

    def on_test_end(self, logs: Logs | None = None) -> None:
        if not self._in_fit:
            self._end(logs)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        self._begin()

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._advance(batch, None)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        self._end(None)

    def _begin(self) -> None:
        self._start = time.perf_counter()
        self._next_drawing = self._start + 1 / MOST_HZ
        self._seen = 0
        self._bar = bar() if self.verbose == 1 else None

    def _advance(self, batch: int, logs: Logs | None) -> None:
        self._seen = batch + 1
        if self._bar is None or (now := time.perf_counter()) < self._next_drawing:
            return
        self._bar.draw(self._parts(logs, now - self._start, running=True), last=False)
        self._next_drawing = time.perf_counter() + 1 / MOST_HZ

    def _end(self, logs: Logs | None) -> None:
        elapsed_s = time.perf_counter() - self._start
        if self._bar is not None:
            self._bar.draw(self._parts(logs, elapsed_s, running=False), last=True)
        elif self.verbose:
            say(self._line(logs, elapsed_s))

    def _count(self, total: int | None) -> str:
        return f"{self._seen:>{len(str(total))}}/{total}" if total else f"{self._seen:>7}/Unknown"

    def _line(self, logs: Logs | None, elapsed_s: float) -> str:
        """The line of an epoch, as Keras writes it."""
        total = self.steps or self._seen
        parts = [self._count(total), f"{elapsed_s:.0f}s", _per_step(elapsed_s, self._seen)]
        for name, value in (logs or {}).items():
            number = _number(value)
            parts.append(f"{name}: {value if number is None else _digits(number, number)}")
        return " - ".join(parts)

    def _parts(self, logs: Logs | None, elapsed_s: float, *, running: bool) -> list[Part]:
        """The bar, with the time left while it runs and the time taken at the end."""
        done, total = self._seen, self.steps or (None if running else self._seen)
        parts: list[Part] = [(self._count(total) + " ", "bold")]
        shown_s = elapsed_s
        if total:
            filled = BAR_WIDTH * min(done, total) // total
            parts += [("━" * filled, "green"), ("─" * (BAR_WIDTH - filled) + " ", "bright_black")]
            if running:
                shown_s = elapsed_s / max(done, 1) * (total - done)
        parts += [(_duration(shown_s) + " ", "bold"), (_per_step(elapsed_s, done), "")]
        for name, value in (logs or {}).items():
            number = _number(value)
            shown = value if number is None else _digits(number, abs(number))
            parts += [(f" - {name}: ", ""), (str(shown), "cyan")]
        return parts


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _digits(number: float, size: float) -> str:
    return f"{number:.4f}" if size > 1e-3 else f"{number:.4e}"


def _per_step(seconds: float, steps: int) -> str:
    """Time of a step, as Keras writes it.

    >>> [_per_step(s, 1) for s in (0.00042, 0.017, 3.2)]
    ['420us/step', '17ms/step', '3s/step']
    """
    each = seconds / max(steps, 1)
    if each >= 1 or each == 0:
        return f"{each:.0f}s/step"
    return f"{each * 1e3:.0f}ms/step" if each >= 1e-3 else f"{each * 1e6:.0f}us/step"


def _duration(seconds: float) -> str:
    """Seconds as people read them.

    >>> [_duration(s) for s in (0.2, 3.2, 75, 3700)]
    ['0s', '3s', '1:15', '1:01:40']
    """
    if seconds < 60:
        return f"{seconds:.0f}s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _is_live() -> bool:
    """Whether the output can redraw a line: a terminal or a notebook."""
    return sys.stdout.isatty() or "ipykernel" in sys.modules
