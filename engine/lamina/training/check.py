"""Whether a training document fits its graph: every problem, with what to do."""

from __future__ import annotations

from lamina.graph.check import Report
from lamina.graph.document import Graph
from lamina.problems import Problem


def check_training(report: Report, graph: Graph | None, training: object) -> list[Problem]:
    """Every problem of a training document for a graph."""
    return []
