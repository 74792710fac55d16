"""Clocks: of the wall, and of a CUDA device, whose work goes on after the call that asked for it has come back."""

from __future__ import annotations

import time
from typing import Any, Protocol


class Clock(Protocol):
    """Measures one turn after the other."""

    def start(self) -> None: ...
    def stop(self) -> tuple[float, float | None]:
        """Seconds by the wall, and by the device where there is one."""
        ...


class WallClock:
    """For work that is done when the call comes back."""

    def start(self) -> None:
        self._start = time.perf_counter()

    def stop(self) -> tuple[float, float | None]:
        return time.perf_counter() - self._start, None


class DeviceClock:
    """Events in the device's stream around the turn; the wall's time is taken when the device has done it all.

    Args:
        cuda: `torch.cuda`, or what stands for it.
    """

    def __init__(self, cuda: Any) -> None:
        self._cuda = cuda

    def start(self) -> None:
        self._cuda.synchronize()
        self._first, self._last = (self._cuda.Event(enable_timing=True) for _ in range(2))
        self._first.record()
        self._start = time.perf_counter()

    def stop(self) -> tuple[float, float | None]:
        self._last.record()
        self._cuda.synchronize()
        seconds = time.perf_counter() - self._start
        return seconds, self._first.elapsed_time(self._last) / 1000


def clock_for(device: str) -> Clock:
    """The clock that tells the truth on a device."""
    if device != "cuda":
        return WallClock()
    import torch

    return DeviceClock(torch.cuda)
