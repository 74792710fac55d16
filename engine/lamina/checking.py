"""The whole check of what a run needs: the graph, the training document, and whether they fit together."""

from __future__ import annotations

from lamina.graph.check import check_graph
from lamina.graph.document import Graph, read
from lamina.graph.report import Report
from lamina.training.check import check_training


def check(graph: object, training: object | None = None) -> Report:
    """Every problem of a graph and, when given, of a training document for it.

    Args:
        graph: A graph document: JSON data or a `Graph`.
        training: A training document: JSON data or a `TrainingDocument`.

    Returns:
        The report; never raises for a user's mistake.
    """
    report = check_graph(graph)
    if training is not None:
        parsed = graph if isinstance(graph, Graph) else read(graph)[0]
        report.problems.extend(check_training(report, parsed, training))
    return report
