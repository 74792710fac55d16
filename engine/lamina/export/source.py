"""A model as Python source in Keras' style. Running it makes the same document again.

A plain chain becomes a `Sequential`, anything else functional calls. Every layer is named, because the
names are the ids of the nodes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jinja2

from lamina.export.literals import call_source, literal, text_literal, variable_name
from lamina.graph.check import check_graph
from lamina.graph.document import Graph, Node
from lamina.graph.report import Report
from lamina.layer import LAYERS
from lamina.problems import GraphError

TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("lamina.export"),
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    autoescape=False,  # noqa: S701 - it writes Python; every value goes through `literal`
)
RESERVED = {"keras", "model"}


@dataclass(frozen=True)
class Line:
    """One assignment of the functional form."""

    target: str
    value: str


def keras_source(graph: Graph | Mapping[str, Any]) -> str:
    """Python source that builds the model and leaves it in the variable `model`.

    It runs with this library and, with the import changed, with Keras 3.

    Args:
        graph: A graph document.

    Raises:
        GraphError: With every problem of the graph.
    """
    report = check_graph(graph)
    if report.errors:
        raise GraphError(report.errors)
    graph = Graph.parse(graph).normalized()
    nodes = _used_nodes(graph, report)
    if _is_chain(nodes, graph):
        return TEMPLATES.get_template("keras_sequential.py.jinja").render(
            layers=[_layer_source(node, indent=8) for node in nodes],
            name=text_literal(graph.name),
        )
    lines, variables = _functional_lines(nodes)
    inputs = [variables[node.id] for node in graph.nodes if node.type == "Input"]
    outputs = [variables[edge.node] for edge in graph.outputs]
    arguments = [_one_or_list(inputs), _one_or_list(outputs), f"name={text_literal(graph.name)}"]
    return TEMPLATES.get_template("keras_functional.py.jinja").render(
        lines=lines, model=call_source("keras.Model", arguments, before=len("model = "))
    )


def _used_nodes(graph: Graph, report: Report) -> list[Node]:
    """The Inputs and the nodes that lead to an output, each after its inputs."""
    used: set[str] = set()
    waiting = [edge.node for edge in graph.outputs]
    while waiting:
        node_id = waiting.pop()
        if node_id not in used:
            used.add(node_id)
            waiting.extend(edge.node for edge in graph.node(node_id).inputs)
    ordered = [graph.node(node_id) for node_id in report.order]
    return [node for node in ordered if node.id in used or node.type == "Input"]


def _is_chain(nodes: list[Node], graph: Graph) -> bool:
    """Whether each node takes the one before it, the first is an Input and the last the output."""
    links = [[edge.node for edge in node.inputs] for node in nodes]
    return (
        len(nodes) > 1
        and nodes[0].type == "Input"
        and links == [[], *([node.id] for node in nodes[:-1])]
        and [edge.node for edge in graph.outputs] == [nodes[-1].id]
        and all(node.shares is None for node in nodes)
    )


def _functional_lines(nodes: list[Node]) -> tuple[list[Line], dict[str, str]]:
    """The assignments, and the variable of each node's output."""
    taken = set(RESERVED)
    variables = {node.id: variable_name(node.id, taken) for node in nodes}
    shared = {node.shares for node in nodes if node.shares is not None}
    layer_variables: dict[str, str] = {}
    lines: list[Line] = []
    for node in nodes:
        owner = node.shares or node.id
        if owner in shared and owner not in layer_variables:
            layer_variables[owner] = variable_name(f"{variables[owner]}_layer", taken)
            declared = next(n for n in nodes if n.id == owner)
            lines.append(Line(layer_variables[owner], _layer_source(declared)))
        target = variables[node.id]
        call = _call_source(node, [variables[edge.node] for edge in node.inputs])
        layer = layer_variables.get(owner)
        layer = layer or _layer_source(node, before=len(f"{target} = {call}"))
        lines.append(Line(target, layer + call))
    return lines, variables


def _call_source(node: Node, inputs: list[str]) -> str:
    """Source of the call of a layer on its inputs; an Input has none."""
    if node.type == "Input":
        return ""
    listed = ", ".join(inputs)
    return f"([{listed}])" if LAYERS.get(node.type).takes_list else f"({listed})"


def _layer_source(node: Node, *, indent: int = 0, before: int = 0) -> str:
    """Source of the layer of a node."""
    function = "keras.Input" if node.type == "Input" else f"keras.layers.{node.type}"
    return call_source(function, list(_arguments(node)), indent, before)


def _arguments(node: Node) -> Iterator[str]:
    """What has no default by position, as people write it; the rest by name."""
    cls = LAYERS.get(node.type)
    for name, spec in cls.declared_fields.items():
        if name not in node.config:
            continue
        value = literal(node.config[name])
        if node.type == "Input":
            yield f"{'dtype' if name == 'data_type' else name}={value}"
        elif spec.is_required and not spec.kw_only:
            yield value
        else:
            yield f"{'dtype' if name == 'dtype_policy' else name}={value}"
    yield f"name={text_literal(node.id)}"


def _one_or_list(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"[{', '.join(names)}]"
