"""Problems are values: a check returns a list of them, Python raises the list as one `GraphError`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from lamina.errors import LaminaError
from lamina.text import Text

Severity = Literal["error", "warning", "info"]
Target = Literal["graph", "training"]


@dataclasses.dataclass(frozen=True)
class Fix:
    """One click that removes a problem: a JSON Patch (RFC 6902) on the graph or the training document."""

    label: Text
    target: Target
    patch: list[dict[str, Any]]


@dataclasses.dataclass(frozen=True)
class Problem:
    """One thing that is wrong, where it is, and what can be done.

    Args:
        code: Stable identifier for programs, such as "shape" or "unknown_layer".
        severity: Only errors keep a run from starting.
        message: A sentence that names the layer, what is wrong and what to do.
        node: Id of the node at fault, None when the fault is not in one node.
        field: Parameter at fault, a path such as "optimizer.config.learning_rate" in a training document.
        port: Index of the input at fault.
        params: The facts in the message, for programs.
    """

    code: str
    severity: Severity
    message: Text
    node: str | None = None
    field: str | None = None
    port: int | None = None
    params: dict[str, Any] = dataclasses.field(default_factory=dict)
    fixes: tuple[Fix, ...] = ()

    def to_json(self, language: str = "en") -> dict[str, Any]:
        return {
            "code": self.code,
            "severity": self.severity,
            "node": self.node,
            "field": self.field,
            "port": self.port,
            "message": self.message.in_language(language),
            "params": self.params,
            "fixes": [
                {
                    "label": fix.label.in_language(language),
                    "target": fix.target,
                    "patch": fix.patch,
                }
                for fix in self.fixes
            ],
        }


def errors_of(problems: Iterable[Problem]) -> list[Problem]:
    """Only the problems that keep a run from starting."""
    return [problem for problem in problems if problem.severity == "error"]


class GraphError(LaminaError, ValueError):
    """A graph or training document with problems; `problems` holds them all."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(
            Text(
                "\n".join(problem.message.en for problem in self.problems),
                "\n".join(problem.message.zh for problem in self.problems),
            )
        )
