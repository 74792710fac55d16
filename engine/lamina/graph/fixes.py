"""What to do about the problems of a graph: each fix is one undoable change of the document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lamina.calls import Slot
from lamina.errors import LaminaError, ShapeError
from lamina.fields import MISSING, Issue
from lamina.graph.document import Graph, Node
from lamina.graph.order import reachable
from lamina.graph.report import Report
from lamina.layer import LAYERS, Shape
from lamina.problems import Fix
from lamina.text import Text


class Fixes:
    """The fixes for one graph.

    Args:
        graph: The document.
        consumers: By node id, the nodes that its output goes to.
    """

    def __init__(self, graph: Graph, consumers: Mapping[str, Sequence[str]]) -> None:
        self.graph = graph
        self.consumers = consumers
        self.index = {node.id: i for i, node in enumerate(graph.nodes)}

    def keep_inputs(self, node: Node, count: int) -> Fix:
        """Only the first inputs."""
        kept = [edge.to_json() for edge in node.inputs[:count]]
        path = f"/nodes/{self.index[node.id]}/inputs"
        label = (
            Text(f"Keep the first {count}", f"只保留前 {count} 个")
            if count
            else Text("Remove the links", "删除连线")
        )
        return Fix(label, "graph", [{"op": "replace", "path": path, "value": kept}])

    def connect(self, node: Node, report: Report) -> Iterator[Fix]:
        """Where one more input would do, offer what makes most sense: a node of a fitting shape, not behind this one.

        What leads nowhere yet comes first. What already leads somewhere, a second way beside it, is offered only where
        that reaches an output. Outputs of the model are ends and never offered. Of equals, the last before it wins.
        """
        outputs = {edge.node for edge in self.graph.outputs}
        downstream = reachable([node.id], self.consumers)
        used = {edge.node for edge in node.inputs}
        given = [report.nodes[source].output_shape for source in used if source in report.nodes]

        def rank(source: Node) -> tuple[bool, bool, bool, int]:
            place = self.index[source.id]
            is_alike = report.nodes[source.id].output_shape in given
            return not self.consumers[source.id], is_alike, place < self.index[node.id], place

        sources = [
            source
            for source in self.graph.nodes
            if source.id in report.nodes
            and source.id not in downstream | outputs | used
            and (not self.consumers[source.id] or downstream & outputs)
        ]
        best_first = sorted(sources, key=rank, reverse=True)
        best = next((source.id for source in best_first if _takes(node, source, report)), None)
        if best is not None:
            path = f"/nodes/{self.index[node.id]}/inputs/-"
            yield Fix(
                Text(f"Connect {best} to it", f"连接 {best}"),
                "graph",
                [{"op": "add", "path": path, "value": {"node": best}}],
            )

    def remove_input(self, node_id: str, port: int) -> Fix:
        """One link less."""
        source = self.graph.node(node_id).inputs[port].node
        return Fix(
            Text(
                f"Remove the link from {source} to {node_id}",
                f"删除从 {source} 到 {node_id} 的连线",
            ),
            "graph",
            [{"op": "remove", "path": f"/nodes/{self.index[node_id]}/inputs/{port}"}],
        )

    def parameters(self, node: Node, issue: Issue) -> Iterator[Fix]:
        """For a parameter that cannot be what was given."""
        path = f"/nodes/{self.index[node.id]}/config/{_pointer(issue.field)}"
        if issue.code == "unknown_parameter":
            yield Fix(
                Text(f"Remove {issue.field}", f"删除 {issue.field}"),
                "graph",
                [{"op": "remove", "path": path}],
            )
        elif issue.suggestion is not MISSING:
            label, value = LAYERS.get(node.type).label_of(issue.field), in_form(issue.suggestion)
            yield Fix(
                Text(f"Set {label.en} to {value}", f"将{label.zh}设为 {value}"),
                "graph",
                [{"op": "add", "path": path, "value": issue.suggestion}],
            )

    def equal_shapes(self, node: Node, report: Report) -> Iterator[Fix]:
        """For inputs of unequal shape: the parameters of the layers before that would make one as the other."""
        for port, other in ((1, 0), (0, 1)):
            want = report.nodes[node.inputs[other].node].output_shape
            way = self._way_to(node.inputs[port].node, report)
            for changes in _changes(way, want[-1]):
                if changes and _leads_to(want, way, changes, report):
                    yield self._set_each(changes)
                    return

    def _way_to(self, node_id: str, report: Report) -> list[Node]:
        """The nodes one after the other, each alone before the next, that end with this one; the first is given."""
        way = [self.graph.node(node_id)]
        while len(way[0].inputs) == 1 and way[0].shares is None and way[0].call is None:
            before = self.graph.node(way[0].inputs[0].node)
            way.insert(0, before)
            if len(self.consumers[before.id]) > 1:
                break
        return way

    def _set_each(self, changes: Mapping[str, Mapping[str, Any]]) -> Fix:
        settings = [
            (key, name, value) for key, own in changes.items() for name, value in own.items()
        ]
        labels = [
            (LAYERS.get(self.graph.node(key).type).label_of(name), key, in_form(value))
            for key, name, value in settings
        ]
        return Fix(
            Text(
                "Set "
                + ", ".join(f"{label.en} of {key} to {value}" for label, key, value in labels),
                "，".join(f"将 {key} 的{label.zh}设为 {value}" for label, key, value in labels),
            ),
            "graph",
            [
                {
                    "op": "add",
                    "path": f"/nodes/{self.index[key]}/config/{_pointer(name)}",
                    "value": value,
                }
                for key, name, value in settings
            ],
        )

    def shapes(self, node: Node, error: ShapeError) -> Iterator[Fix]:
        """For an input that does not fit: a layer put before, or another parameter."""
        index = self.index[node.id]
        if error.insert is not None and error.port < len(node.inputs):
            fresh = free_id(error.insert.lower(), {n.id for n in self.graph.nodes})
            inserted = {
                "id": fresh,
                "type": error.insert,
                "config": error.insert_config,
                "inputs": [node.inputs[error.port].to_json()],
            }
            yield Fix(
                Text(f"Insert a {error.insert}", f"插入 {error.insert}"),
                "graph",
                [
                    {"op": "add", "path": "/nodes/-", "value": inserted},
                    {
                        "op": "replace",
                        "path": f"/nodes/{index}/inputs/{error.port}",
                        "value": {"node": fresh},
                    },
                ],
            )
        for name, value in (error.suggest or {}).items():
            label = LAYERS.get(node.type).label_of(name)
            yield Fix(
                Text(f"Set {label.en} to {in_form(value)}", f"将{label.zh}设为 {in_form(value)}"),
                "graph",
                [{"op": "add", "path": f"/nodes/{index}/config/{_pointer(name)}", "value": value}],
            )


def _changes(way: Sequence[Node], size: int | None) -> Iterator[dict[str, dict[str, Any]]]:
    """What could be set on a way: padding that keeps sizes, as many features as the other way has, or both."""
    steps = [node for node in way[1:] if node.type in LAYERS]
    same = {
        node.id: {"padding": "same"}
        for node in steps
        if LAYERS.get(node.type).default_config().get("padding") == "valid"
        and node.config.get("padding", "valid") == "valid"
    }
    features: dict[str, dict[str, Any]] = {}
    for node in reversed(steps):
        fields = LAYERS.get(node.type).declared_fields
        name = next((name for name in ("filters", "units") if name in fields), None)
        if name is not None:
            features = {node.id: {name: size}} if size is not None else {}
            break
    yield same
    yield features
    yield {key: {**same.get(key, {}), **features.get(key, {})} for key in {**same, **features}}


def _leads_to(
    want: Shape, way: Sequence[Node], changes: Mapping[str, Mapping[str, Any]], report: Report
) -> bool:
    """Whether the last node of a way has the wanted shape once parameters are changed."""
    shape = report.nodes[way[0].id].output_shape
    try:
        for node in way[1:]:
            config = {**node.config, **changes.get(node.id, {})}
            shape = LAYERS.get(node.type)(**config, name=node.id).output_shape(shape)
    except LaminaError:
        return False
    return shape == want


def _takes(node: Node, source: Node, report: Report) -> bool:
    """Whether a node can have a source as one more input."""
    known = [report.nodes.get(edge.node) for edge in node.inputs]
    specs = [
        facts.outputs[edge.output]
        for facts, edge in zip(known, node.inputs, strict=True)
        if facts is not None and edge.output < len(facts.outputs)
    ]
    if len(specs) < len(known):
        return False
    specs.append(report.nodes[source.id].outputs[0])
    try:
        report.layers[node.id].outputs_for((tuple(map(Slot, range(len(specs)))), {}), specs)
    except LaminaError:
        return False
    return True


def in_form(value: Any) -> str:
    """A parameter's value as a form shows it: a list by its members."""
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def free_id(wish: str, taken: set[str]) -> str:
    """`wish`, or `wish_1`, `wish_2` … : the first id that is not taken."""
    number, base = 0, wish[:56]
    while wish in taken:
        number += 1
        wish = f"{base}_{number}"
    return wish


def _pointer(key: str) -> str:
    """A key as a part of a JSON Pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")
