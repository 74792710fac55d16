"""How a training goes: its steps, the means of the epoch so far, its speed and the time left."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from lamina_studio.runs.numbers import WireNumber, to_wire


class StepSeen(NamedTuple):
    """One step as the training thread leaves it: references only, nothing is read yet."""

    step: int
    epoch: int
    t_ns: int
    values: Mapping[str, Any]
    samples: int


class RunningMeans:
    """Means over the epoch so far, weighted by samples, as Keras shows them."""

    def __init__(self) -> None:
        self._epoch = 0
        self._samples = 0
        self._sums: dict[str, float] = {}

    def add(self, epoch: int, samples: int, values: Mapping[str, float]) -> None:
        """Count one step."""
        if epoch != self._epoch:
            self._epoch, self._samples, self._sums = epoch, 0, {}
        self._samples += samples
        for key, value in values.items():
            self._sums[key] = self._sums.get(key, 0.0) + value * samples

    def body(self) -> dict[str, WireNumber]:
        """The means, as a metrics event carries them."""
        return {
            f"running/{key}": to_wire(total / self._samples) for key, total in self._sums.items()
        }


class Rate:
    """Samples per second of late, and the time that is left at the pace so far."""

    SMOOTHING_S = 5.0

    def __init__(self) -> None:
        self._total_steps: int | None = None
        self._first: StepSeen | None = None
        self._latest: StepSeen | None = None
        self._per_second: float | None = None

    def begin(self, total_steps: int | None) -> None:
        """Say how many steps there will be, if that is known."""
        self._total_steps = total_steps

    def add(self, steps: Sequence[StepSeen]) -> None:
        """Count steps, at least one."""
        before, self._latest = self._latest, steps[-1]
        if before is None:
            self._first = before = steps[0]
        seconds = (steps[-1].t_ns - before.t_ns) / 1e9
        if seconds <= 0:
            return
        now = sum(seen.samples for seen in steps) / seconds
        share = -math.expm1(-seconds / self.SMOOTHING_S)
        old = self._per_second
        self._per_second = now if old is None else old + share * (now - old)

    def body(self) -> dict[str, float]:
        """Speed and time left, as a heartbeat carries them; empty before they are known."""
        if self._latest is None or self._first is None or self._per_second is None:
            return {}
        body = {"samples_per_second": self._per_second}
        done = self._latest.step - self._first.step
        if self._total_steps is not None and done > 0:
            pace_s = (self._latest.t_ns - self._first.t_ns) / 1e9 / done
            body["seconds_left"] = max(self._total_steps - self._latest.step, 0) * pace_s
        return body
