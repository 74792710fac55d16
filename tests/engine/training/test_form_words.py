"""Documents of a wrong form are refused in words, not in those of the library that reads them."""

import pytest

from lamina.graph import document as graph_document
from lamina.training import document as training_document


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"loss": 5}, "loss", 'should be a name, or an object with "type" and "config"'),
        ({"metrics": [5]}, "metrics[0]", 'should be a name, or an object with "type" and "config"'),
        ({"epochs": "many"}, "epochs", "should be a whole number"),
    ],
)
def test_a_training_document(change, field, words):
    document = {"dataset": {"id": "mnist"}, "loss": "mse", **change}
    parsed, problems = training_document.read(document)
    assert parsed is None
    said = {problem.field: problem.message.en for problem in problems}
    assert words in said[field]
    assert "nput should" not in " ".join(said.values())


def test_a_graph_with_too_many_nodes():
    node = {"id": "a", "type": "Input", "config": {}, "inputs": []}
    most = graph_document.MOST_NODES
    graph = {"format": "lamina.graph", "version": 1, "nodes": [node] * (most + 1), "outputs": []}
    _, problems = graph_document.read(graph)
    said = [problem.message.en for problem in problems]
    assert f"nodes has too many entries: at most {most}." in said
