"""What the engine says about graph and training documents.

These functions take CPU time, and seconds while the engine is still being loaded: call them in a
thread, never on the event loop.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from lamina.errors import LaminaError
from lamina.problems import GraphError
from lamina.text import Language
from lamina_studio.engine import load_engine
from lamina_studio.errors import InvalidDocument, NotSupported

if TYPE_CHECKING:
    from lamina.graph.document import Graph


def check_documents(
    graph: dict[str, Any], training: dict[str, Any] | None, language: Language
) -> dict[str, Any]:
    """Every problem of the documents and the shapes and costs of the nodes."""
    load_engine()
    from lamina.checking import check

    return check(graph, training).to_json(language)


def opens_in_keras(graph: dict[str, Any]) -> bool:
    """Whether no layer of the graph says that Keras cannot use it."""
    load_engine()
    from lamina.graph.check import LIMIT_IN_KERAS, check_graph

    return all(problem.code != LIMIT_IN_KERAS for problem in check_graph(graph).problems)


def write_code(graph: dict[str, Any], style: Literal["keras", "pytorch"]) -> str:
    """Python source that builds the same model.

    Raises:
        InvalidDocument: If the graph has errors.
        NotSupported: If it has something that this style cannot say.
    """
    load_engine()
    from lamina.errors import NotSupportedError
    from lamina.export import keras_source, pytorch_source

    write = {"keras": keras_source, "pytorch": pytorch_source}[style]
    try:
        return write(graph)
    except GraphError as error:
        raise InvalidDocument(problems=error.problems) from error
    except NotSupportedError as error:
        raise NotSupported(error.text) from error


@dataclass(frozen=True)
class ParsedGraph:
    """A graph document that parses, in its normal form."""

    document: dict[str, Any]
    name: str
    nodes: int
    fingerprint: str | None
    """None while a layer or one of its parameters cannot be."""


def parse_graph(graph: dict[str, Any]) -> ParsedGraph:
    """The graph in its normal form.

    Raises:
        InvalidDocument: If it is no graph document, with every problem.
    """
    load_engine()
    from lamina.graph.document import Graph

    try:
        parsed = Graph.parse(graph)
    except GraphError as error:
        raise InvalidDocument(problems=error.problems) from error
    return ParsedGraph(
        document=parsed.to_json(),
        name=parsed.name,
        nodes=len(parsed.nodes),
        fingerprint=_fingerprint(parsed),
    )


def _fingerprint(graph: Graph) -> str | None:
    try:
        return graph.fingerprint()
    except LaminaError:
        return None


def parse_training(training: dict[str, Any]) -> dict[str, Any]:
    """The training document in its normal form.

    Raises:
        InvalidDocument: If it is no training document, with every problem.
    """
    load_engine()
    from lamina.training.document import TrainingDocument

    try:
        return TrainingDocument.parse(training).to_json()
    except GraphError as error:
        raise InvalidDocument(problems=error.problems) from error
