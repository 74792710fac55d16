"""The process of one contender: does what it is told on its input, a word a line, and answers in JSON lines.

Words: `first` one step of training, `turn` a turn of epochs, `predict` predictions, `end` the end of training.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TextIO

from benchmarks import machine
from benchmarks.clocks import clock_for
from benchmarks.contenders import CONTENDERS, CannotTakePart, Contender, Setting
from benchmarks.workloads import WORKLOADS, Workload, data

Say = Callable[..., None]
Hear = Callable[[], str]
SINGLES = 30
"""Predictions of one sample, of which the quickest quarter's slowest is told."""


class TrainingEnds(Exception):
    """Leaves `train` when no more turns are wanted."""


class Turns:
    """What `train` calls after each epoch: measures the turn, and waits for the next one."""

    def __init__(self, workload: Workload, setting: Setting, say: Say, hear: Hear) -> None:
        self._epochs, self._say, self._hear = workload.epochs, say, hear
        self._clock = clock_for(setting.device)
        self._done = 0

    def begin(self) -> None:
        self._busy, self._cpu = machine.busy_s(), time.process_time()
        self._clock.start()

    def epoch_ended(self, scores: Mapping[str, Any]) -> None:
        self._done += 1
        if self._done % self._epochs:
            return
        seconds, device_s = self._clock.stop()
        cpu_s = time.process_time() - self._cpu
        busy = machine.busy_s()
        disturbed = None
        if busy is not None and self._busy is not None:
            others = max(0.0, busy - self._busy - cpu_s)
            disturbed = round(others / (seconds * machine.CPUS), 3)
        self._say(
            event="turn",
            seconds=seconds,
            device_s=device_s,
            cpu_s=cpu_s,
            disturbed=disturbed,
            scores={name: float(value) for name, value in scores.items()},
        )
        if self._hear() != "turn":
            raise TrainingEnds
        self.begin()


def serve(name: str, workload: Workload, setting: Setting, say: Say, hear: Hear) -> None:
    """Take part until the input ends."""
    x, y = data(workload)
    start = time.perf_counter()
    contender = CONTENDERS[name].make(workload, setting)
    import_and_build_s = time.perf_counter() - start
    before_mb = machine.memory_mb()
    contender.load(x, y)
    say(event="ready", seconds=import_and_build_s, versions=contender.versions())
    machine.forget_peak()
    while word := hear():
        if word == "first":
            start = time.perf_counter()
            contender.first_step()
            say(event="first", seconds=time.perf_counter() - start)
        elif word == "turn":
            turns = Turns(workload, setting, say, hear)
            turns.begin()
            try:
                contender.train(turns.epoch_ended)
            except TrainingEnds:
                say(event="ended", peak_mb=_peak_mb(setting, before_mb))
        elif word == "predict":
            say(event="predict", **_predict(contender, workload, x))


def _peak_mb(setting: Setting, before_mb: float) -> float:
    """Memory that training took at most, beyond the framework, the weights and the raw data; on CUDA, of the device."""
    if setting.device == "cuda":
        torch = sys.modules.get("torch")
        return torch.cuda.max_memory_allocated() / 2**20 if torch else 0.0
    return machine.peak_memory_mb() - before_mb


def _predict(contender: Contender, workload: Workload, x: Any) -> dict[str, Any]:
    """Seconds for many samples, and for one."""
    import numpy as np

    many = np.resize(x, (workload.predicted, *x.shape[1:]))
    contender.predict(many[:64])
    start = time.perf_counter()
    rows = contender.predict(many)
    seconds = time.perf_counter() - start
    assert len(rows) == len(many)
    singles = []
    for _ in range(SINGLES):
        start = time.perf_counter()
        contender.predict(many[:1])
        singles.append(time.perf_counter() - start)
    return {
        "seconds": seconds,
        "samples": len(many),
        "single_s": sorted(singles)[SINGLES // 4],
    }


def main(answers: TextIO, words: TextIO, arguments: Mapping[str, Any]) -> None:
    """Read the order that the driver gave, and serve."""

    def say(**message: Any) -> None:
        answers.write(json.dumps(message) + "\n")
        answers.flush()

    def hear() -> str:
        return words.readline().strip()

    setting = Setting(**arguments["setting"])
    workload = WORKLOADS[arguments["workload"]].sized(arguments["size"])
    workload = replace(workload, planned=arguments["turns"] * workload.epochs)
    try:
        serve(arguments["contender"], workload, setting, say, hear)
    except CannotTakePart as reason:
        say(event="skipped", reason=str(reason))
    except Exception as error:
        say(event="failed", reason=f"{type(error).__name__}: {error}"[:300])
        raise


if __name__ == "__main__":
    # What frameworks print must not stand between the answers.
    own_output = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    main(own_output, sys.stdin, json.loads(sys.argv[1]))
