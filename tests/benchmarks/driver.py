"""Runs a comparison: starts the processes of the contenders and gives them their turns."""

from __future__ import annotations

import json
import math
import os
import select
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from benchmarks import environments, figures, machine
from benchmarks.contenders import CONTENDERS, Setting
from benchmarks.figures import Turn
from benchmarks.workloads import WORKLOADS, Size

ANSWER_TIMEOUT_S = 900
PREDICT_ROUNDS = 3
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)
Report = Callable[[str], None]


@dataclass(frozen=True)
class Comparison:
    """One workload, trained by several contenders in turns.

    Args:
        reference: The contender whose speed is 1.
        rounds: How often each takes its turn, over all launches.
        launches: How often all processes are started anew. Where the memory of a process happens to lie makes it up
            to a fifth faster or slower for as long as it lives.
        size: Of the data.
        patience_s: How long a turn waits at most for others to leave the machine alone.
    """

    workload: str
    contenders: tuple[str, ...]
    reference: str
    rounds: int
    launches: int = 1
    size: Size = "quick"
    setting: Setting = field(default_factory=Setting)
    patience_s: float = 1.0
    title: str = ""

    def run(self, report: Report = print) -> dict[str, Any]:
        """Do it, and give the result as plain data."""
        workload = WORKLOADS[self.workload].sized(self.size)
        course = Course(self.contenders)
        for number in range(self.launches):
            self._launch(course, report if number == 0 else _say_nothing)
        for name, row in course.rows.items():
            if "skipped" not in row:
                row.update(self._figures(name, course.turns, workload.trained * workload.epochs))
                row["predict"] = self._predictions(name, course)
        return {
            "title": self.title or self.workload,
            "workload": self.workload,
            "size": self.size,
            "samples": workload.trained,
            "batch_size": workload.batch_size,
            **asdict(self.setting),
            "reference": self.reference,
            "rounds": self.rounds,
            "launches": self.launches,
            "contenders": list(course.rows.values()),
        }

    @property
    def rounds_of_a_launch(self) -> int:
        return math.ceil(self.rounds / self.launches)

    def _launch(self, course: Course, report: Report) -> None:
        """Start the processes of all contenders, let them take their turns, and end them."""
        with ExitStack() as stack:
            present: dict[str, Process] = {}
            for name in course.taking_part:
                process = stack.enter_context(Process(name, self))
                row: dict[str, Any] = {}
                if process.begin(row):
                    present[name] = process
                    report(f"  {name}: first step {row['first_step_s']:.2f} s")
                else:
                    report(f"  {name}: left out. {row['skipped']}")
                course.rows[name] = {"name": name, **row, **course.rows[name]}
            names = list(present)
            rounds = self.rounds_of_a_launch
            course.trained(figures.by_rounds(names, rounds, lambda n: present[n].turn()))
            for name, process in present.items():
                course.ended(name, process.end(), process.reason)
            predicted = figures.by_rounds(
                names, min(PREDICT_ROUNDS, rounds), lambda n: present[n].predict()
            )
            course.predicted(predicted, present)

    def _figures(
        self, name: str, turns: Mapping[str, Sequence[Turn]], samples: int
    ) -> dict[str, Any]:
        mine = turns[name]
        if not mine:
            return {"skipped": "it ended in its first turn; its output says why"}
        ratio = figures.ratio(mine, turns.get(self.reference, ()))
        found: dict[str, Any] = {
            "rate": figures.rate(mine, samples).to_json(),
            "ratio": ratio and ratio.to_json(),
            "cpu_us_per_sample": figures.rounded(1e6 * min(turn.cpu_s for turn in mine) / samples),
            "undisturbed": sum(turn.is_clean for turn in mine),
            "scores": {key: figures.rounded(value) for key, value in mine[-1].scores.items()},
            "seconds": [figures.rounded(turn.seconds) for turn in mine],
        }
        if mine[0].device_s is not None:
            device = [turn.device_s for turn in mine if turn.device_s is not None]
            found["device_seconds"] = figures.spread(device).to_json()
        return found

    def _predictions(self, name: str, course: Course) -> dict[str, Any] | None:
        mine = course.predictions[name]
        if not mine:
            return None
        ratio = figures.ratio(mine, course.predictions.get(self.reference, ()))
        samples = course.samples_predicted
        return {
            "samples": samples,
            "rate": figures.rate(mine, samples).to_json(),
            "ratio": ratio and ratio.to_json(),
            "single_ms": figures.rounded(1e3 * min(course.singles[name])),
        }


class Course:
    """What has been seen in the launches of a comparison so far.

    Attributes:
        rows: Of each contender, what the result says of it.
        turns: Of each contender, its turns of training, round by round.
        predictions: The same, of predicting.
        singles: Of each contender, seconds for the prediction of one sample.
    """

    def __init__(self, contenders: Sequence[str]) -> None:
        self.rows: dict[str, dict[str, Any]] = {name: {"name": name} for name in contenders}
        self.turns: dict[str, list[Turn]] = {name: [] for name in contenders}
        self.predictions: dict[str, list[Turn]] = {name: [] for name in contenders}
        self.singles: dict[str, list[float]] = {name: [] for name in contenders}
        self.samples_predicted = 1
        self._broken: set[str] = set()

    @property
    def taking_part(self) -> list[str]:
        """Contenders of the next launch; one that was left out or whose process ended stays out."""
        return [
            name
            for name, row in self.rows.items()
            if "skipped" not in row and name not in self._broken
        ]

    def trained(self, turns: Mapping[str, Sequence[Turn]]) -> None:
        for name, mine in turns.items():
            self.turns[name] += mine

    def ended(self, name: str, end: Mapping[str, float], reason: str) -> None:
        """A contender's training is over; the most memory that it took in any launch counts."""
        row = self.rows[name]
        if reason:
            self._broken.add(name)
        for key, value in end.items():
            row[key] = max(value, row.get(key, value))

    def predicted(
        self, turns: Mapping[str, Sequence[Turn]], processes: Mapping[str, Process]
    ) -> None:
        for name, mine in turns.items():
            self.predictions[name] += mine
            self.singles[name] += processes[name].single_s
            self.samples_predicted = processes[name].predicted


def _say_nothing(_: str) -> None:
    """A report that nobody needs twice."""


class Process:
    """The process of one contender, seen from the driver. A context manager: leaving it ends the process."""

    def __init__(self, name: str, comparison: Comparison) -> None:
        self._name, self._comparison = name, comparison
        self._process: subprocess.Popen[str] | None = None
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed by __exit__
        self.reason = ""
        self.predicted = 1
        self.single_s: list[float] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                assert pipe is not None
                pipe.close()
        self._log.close()

    def begin(self, row: dict[str, Any]) -> bool:
        """Start, train one step and one turn to warm up; whether it takes part. Fills its row of the result."""
        environment = CONTENDERS[self._name].environment
        python = environments.interpreter(environment)
        if python is None:
            row["skipped"] = (
                f"No environment; make bench ARGS='--make-environments {environment}' makes it."
            )
            return False
        self._start(str(python))
        ready = self._hear()
        first = self._ask("first")
        warm = self._ask("turn")
        if ready is None or first is None or warm is None:
            row["skipped"] = self.reason
            return False
        row["versions"] = ready["versions"]
        row["import_and_build_s"] = figures.rounded(ready["seconds"])
        row["first_step_s"] = figures.rounded(first["seconds"])
        row["warm_up_s"] = figures.rounded(warm["seconds"])
        return True

    def turn(self) -> Turn | None:
        machine.wait_for_quiet(self._comparison.patience_s)
        answer = self._ask("turn")
        if answer is None:
            return None
        answer.pop("event")
        return Turn(**answer)

    def end(self) -> dict[str, Any]:
        """End the training; what memory it took."""
        answer = self._ask("end")
        return {} if answer is None else {"peak_mb": round(answer["peak_mb"], 1)}

    def predict(self) -> Turn | None:
        machine.wait_for_quiet(self._comparison.patience_s)
        answer = self._ask("predict")
        if answer is None:
            return None
        self.predicted = answer["samples"]
        self.single_s.append(answer["single_s"])
        return Turn(answer["seconds"])

    # --- words and answers ----------------------------------------------------------------------------------------

    def _start(self, python: str) -> None:
        comparison = self._comparison
        order = {
            "contender": self._name,
            "workload": comparison.workload,
            "size": comparison.size,
            "turns": comparison.rounds_of_a_launch + 1,
            "setting": asdict(comparison.setting),
        }
        self._process = subprocess.Popen(
            [python, "-u", "-m", "benchmarks.worker", json.dumps(order)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            env=process_environment(comparison.setting),
        )

    def _ask(self, word: str) -> dict[str, Any] | None:
        """Say a word; the answer, None when there is none."""
        if self.reason:
            return None
        assert self._process is not None
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(word + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            self.reason = self._last_words()
            return None
        return self._hear()

    def _hear(self) -> dict[str, Any] | None:
        assert self._process is not None
        output = self._process.stdout
        assert output is not None
        ready, _, _ = select.select([output], [], [], ANSWER_TIMEOUT_S)
        line = output.readline() if ready else ""
        if not line:
            self.reason = self._last_words() if ready else f"No answer in {ANSWER_TIMEOUT_S} s."
            return None
        answer: dict[str, Any] = json.loads(line)
        if answer["event"] in ("skipped", "failed"):
            self.reason = answer["reason"]
            return None
        return answer

    def _last_words(self) -> str:
        self._log.seek(0)
        lines = self._log.read().strip().splitlines()
        return f"Its process ended: {lines[-1] if lines else 'it said nothing'}"


def process_environment(setting: Setting) -> dict[str, str]:
    """Variables of a contender's process: where the suite and the engine lie, and how many threads there are."""
    own = {name: str(setting.threads) for name in THREAD_VARIABLES}
    sources = [str(environments.ROOT / part) for part in ("tests", "engine")]
    own["PYTHONPATH"] = os.pathsep.join(sources)
    own["TF_CPP_MIN_LOG_LEVEL"] = "3"
    if setting.device == "cpu":
        own["CUDA_VISIBLE_DEVICES"] = ""
        own["JAX_PLATFORMS"] = "cpu"
    return {**os.environ, **own}
