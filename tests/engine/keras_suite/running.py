"""Runs Keras' tests in a process of their own and counts what became of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import distribution
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]
SOURCES = Path(str(distribution("keras").locate_file("keras"))).resolve() / "src"


@dataclass
class Tally:
    """What became of the tests of a file or a family.

    Args:
        passed: Number of those that pass.
        own_words: How many of the passed expect an error in Keras' words and get the right one in lamina's.
        failed: Place and reason of each that fails.
        skipped: Number of those that Keras skips on torch.
        out: Number of those out of scope, by reason.
    """

    passed: int = 0
    own_words: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)
    skipped: int = 0
    out: Counter[str] = field(default_factory=Counter)

    @property
    def counted(self) -> int:
        return self.passed + len(self.failed)

    @property
    def share(self) -> float:
        """Share of the counted tests that pass."""
        return self.passed / self.counted if self.counted else 1.0

    def add(self, line: dict[str, object]) -> None:
        """Count one test, a line of the record."""
        outcome, why = line["outcome"], str(line.get("why", ""))
        if outcome == "passed":
            self.passed += 1
            self.own_words += bool(line.get("own_words"))
        elif outcome == "failed":
            self.failed.append((str(line["id"]), _in_short(why)))
        elif outcome == "skipped":
            self.skipped += 1
        else:
            self.out[why] += 1


def run_tests(paths: Iterable[str], *, real: bool = False) -> list[dict[str, object]]:
    """A record of each test in these files and folders of Keras' sources.

    Args:
        paths: Below `keras/src`, such as "losses" or "layers/core/dense_test.py".
        real: Let Keras run its own tests instead, to learn which can pass on this machine.
    """
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder) / "record.jsonl"
        record.touch()
        run = subprocess.run(
            [
                *(
                    sys.executable,
                    "-m",
                    "pytest",
                    "-q",
                    "-c",
                    os.devnull,
                    "--rootdir",
                    str(SOURCES),
                ),
                *("-p", "tests.engine.keras_suite.plugin", "-p", "no:cacheprovider"),
                *("-o", "python_files=none", "--continue-on-collection-errors", "--tb=short"),
                *("-W", "ignore", "--timeout", "60", "--basetemp", str(Path(folder) / "tmp")),
                *(str(SOURCES / path) for path in paths),
            ],
            cwd=folder,
            env={
                **os.environ,
                "KERAS_BACKEND": "torch",
                "KERAS_SUITE_REAL": "1" if real else "0",
                "KERAS_SUITE_RECORD": str(record),
                "PYTHONPATH": os.pathsep.join(
                    [str(REPOSITORY), str(REPOSITORY / "engine"), os.environ.get("PYTHONPATH", "")]
                ),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        lines = [json.loads(line) for line in record.read_text().splitlines()]
    if not lines:
        raise RuntimeError(f"No test was run:\n{run.stdout[-2000:]}\n{run.stderr[-2000:]}")
    # A test with parts is recorded once for each of them and once for itself: the last word counts.
    return list({str(line["id"]): line for line in lines}.values())


def tallies(lines: Iterable[dict[str, object]], *, by_file: bool = False) -> dict[str, Tally]:
    """The tests counted for each family, or for each file."""
    found: dict[str, Tally] = {}
    for line in lines:
        place = str(line["id"])
        key = place.partition("::")[0] if by_file else place.partition("/")[0]
        found.setdefault(key, Tally()).add(line)
    return found


def table(counts: dict[str, Tally]) -> Sequence[str]:
    """The lines of a table: passed, in other words, failed, share, skipped and out of scope."""
    width = max(len(key) for key in counts) + 2
    rule = f"{'':{width}}{'passed':>8}{'own words':>11}{'failed':>8}{'share':>8}{'skipped':>9}{'out':>6}"
    lines = [rule]
    for key, tally in sorted(counts.items()):
        lines.append(
            f"{key:{width}}{tally.passed:8}{tally.own_words:11}{len(tally.failed):8}{tally.share:8.1%}"
            f"{tally.skipped:9}{tally.out.total():6}"
        )
    return lines


def _in_short(why: str) -> str:
    """The line of a report that says what went wrong."""
    errors = [line[1:].strip() for line in why.splitlines() if line.startswith("E ")]
    return (errors[0] if errors else why.strip().rpartition("\n")[2])[:200]
