"""`ProgbarLogger`: a progress bar that costs nothing while nobody looks.

The bar is drawn at most ten times a second, and only then are the logs read. Where the output is not a terminal or a
notebook there is one line per epoch instead.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Mapping
from typing import Any

from lamina.callbacks.callback import Callback, Logs

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
        self._drawn_width = 0
        self._seen = 0

    def set_params(self, params: dict[str, Any]) -> None:
        super().set_params(params)
        verbose = params.get("verbose", 1)
        self.verbose = (1 if _is_live() else 2) if verbose == "auto" else int(verbose)
        self.epochs = params.get("epochs") or 1
        self.steps = params.get("steps")

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._in_fit = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._in_fit = False

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        if self.verbose and self.epochs > 1:
            _write(f"Epoch {epoch + 1}/{self.epochs}\n")
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
        self._drawn_width = self._seen = 0

    def _advance(self, batch: int, logs: Logs | None) -> None:
        self._seen = batch + 1
        if self.verbose == 1 and (now := time.perf_counter()) >= self._next_drawing:
            self._draw(self._line(logs, now - self._start, running=True), end="")
            self._next_drawing = time.perf_counter() + 1 / MOST_HZ

    def _end(self, logs: Logs | None) -> None:
        if self.verbose == 0:
            return
        line = self._line(logs, time.perf_counter() - self._start, running=False)
        if self.verbose == 1:
            self._draw(line, end="\n")
        else:
            _write(line + "\n")

    def _line(self, logs: Logs | None, elapsed_s: float, *, running: bool) -> str:
        done, total = self._seen, self.steps or (None if running else self._seen)
        parts = [f"{done}/{total}" if total else f"{done}/?"]
        if self.verbose == 1 and total:
            filled = BAR_WIDTH * min(done, total) // total
            parts.append("━" * filled + "─" * (BAR_WIDTH - filled))
        per_step = elapsed_s / max(done, 1)
        left = f"{_duration(per_step * (total - done))} left" if running and total else ""
        parts.append(left or _duration(elapsed_s))
        parts.append(f"{_duration(per_step)}/step")
        return "  ".join([" ".join(parts), *_values(logs or {})])

    def _draw(self, line: str, end: str) -> None:
        columns = shutil.get_terminal_size().columns
        if len(line) > columns and not end:
            line = line[: columns - 1] + "…"
        _write("\r" + line.ljust(self._drawn_width) + end)
        self._drawn_width = len(line)


def _values(logs: Mapping[str, Any]) -> list[str]:
    return [f"{name}: {_number(value)}" for name, value in logs.items()]


def _number(value: Any) -> str:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return str(value)
    return f"{number:.4f}" if abs(number) > 1e-3 or number == 0 else f"{number:.4e}"


def _duration(seconds: float) -> str:
    """Seconds as people read them.

    >>> [_duration(s) for s in (0.00042, 0.017, 3.2, 75, 3700)]
    ['420µs', '17ms', '3s', '1:15', '1:01:40']
    """
    if seconds < 1e-3:
        return f"{seconds * 1e6:.0f}µs"
    if seconds < 1:
        return f"{seconds * 1e3:.0f}ms"
    if seconds < 60:
        return f"{seconds:.0f}s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _is_live() -> bool:
    """Whether the output can redraw a line: a terminal or a notebook."""
    return sys.stdout.isatty() or "ipykernel" in sys.modules


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
