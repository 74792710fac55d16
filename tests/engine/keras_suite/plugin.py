"""pytest's side of it: collects Keras' test files through the finder and writes down what became of each test."""

from __future__ import annotations

import importlib
import inspect
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine.keras_suite import scope

IS_REAL = os.environ.get("KERAS_SUITE_REAL") == "1"
"""Whether real Keras runs its own tests, to learn which of them can pass here at all."""

if not IS_REAL:
    from tests.engine.keras_suite import finder, harness, stand_ins

    finder.install()
    harness.prepare()
    sys.modules["conftest"] = stand_ins.conftest()


class SuiteModule(pytest.Module):
    """A test file, imported under the name that it has in Keras."""

    def _getobj(self) -> Any:
        module = importlib.import_module(_module_name(self.path))
        for name in () if IS_REAL else finder.OTHERS:
            sys.modules.pop(name, None)  # or other libraries would believe that they are there
        return module


def _module_name(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[len(parts) - 1 - parts[::-1].index("keras") :])


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path.name.endswith("_test.py"):
        return SuiteModule.from_parent(parent, path=file_path)
    return None


class Record:
    """Writes a line of JSON for each test and for each file that cannot be imported."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, **line: Any) -> None:
        with self.path.open("a") as file:
            file.write(json.dumps(line) + "\n")

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[Any]) -> None:
        """Leave out what is not in scope, and note why."""
        kept = []
        for item in items:
            reason = scope.reason_out(_place(item.nodeid), _parameters(item), _source(item))
            if reason is None:
                kept.append(item)
            else:
                self.write(id=_place(item.nodeid), outcome="out", why=reason)
        items[:] = kept

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            place = _place(report.nodeid)
            reason = scope.reason_out(place, "", "")
            why = reason or str(report.longrepr)
            self.write(id=place, outcome="out" if reason else "failed", why=why)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: Any, call: Any) -> Iterator[Any]:
        report = yield
        if report.when == "call" or (report.when == "setup" and not report.passed):
            why = "" if report.passed else str(report.longrepr)
            words = [] if IS_REAL else harness.own_words
            self.write(
                id=_place(report.nodeid),
                outcome=report.outcome,
                why=why,
                own_words=len(words),
                seconds=round(report.duration, 2),
            )
            words.clear()
        return report


def _place(node_id: str) -> str:
    """Where a test stands, from the folder of its family on."""
    return node_id.rpartition("keras/src/")[2]


def _parameters(item: Any) -> str:
    """The arguments that a generated test is called with."""
    return str(getattr(item.function, "__x_params_repr__", ""))


def _source(item: Any) -> str:
    """The text of a test, by which the rules tell what it touches."""
    function = inspect.unwrap(item.function)
    while (inner := getattr(function, "__wrapped__", None)) is not None:
        function = inner
    name = item.originalname
    cls = item.cls
    for candidate in (function, getattr(cls, name, None)):
        try:
            text = inspect.getsource(candidate)
            return text[text.index("def ") :]
        except (OSError, TypeError):
            continue
    return ""


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Record(Path(os.environ["KERAS_SUITE_RECORD"])))
