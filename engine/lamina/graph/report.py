"""What a check finds out about a graph: its problems, and shapes and costs of its nodes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lamina.layer import Layer, Shape, TensorSpec
from lamina.problems import Problem, errors_of


@dataclass(frozen=True)
class NodeReport:
    """What is known about one node.

    Args:
        output_shape: Shape of the output, the batch (None) first.
        dtype: Type of the output's elements.
        parameters: Number of values in the node's weights; 0 for a node that shares another's.
        trainable_parameters: How many of them training changes.
        macs: Multiply-accumulate operations for one sample, forward.
        bytes: Size of the outputs for one sample.
        outputs: All outputs of a node that may have several.
    """

    output_shape: Shape
    dtype: str
    parameters: int
    trainable_parameters: int
    macs: int
    bytes: int
    outputs: tuple[TensorSpec, ...] = ()

    def to_json(self) -> dict[str, Any]:
        known = {key: value for key, value in vars(self).items() if key != "outputs"}
        return {**known, "output_shape": list(self.output_shape)}


@dataclass
class Report:
    """The result of a check.

    Args:
        problems: In the order of the document.
        nodes: By node id, for the nodes whose shape could be found.
        layers: The layers of those nodes, without weights.
        order: Ids of all nodes that hang together, each after its inputs.
        fingerprint: Of the graph, when its form and parameters are valid.
    """

    problems: list[Problem] = field(default_factory=list)
    nodes: dict[str, NodeReport] = field(default_factory=dict)
    layers: dict[str, Layer] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    fingerprint: str | None = None

    @property
    def errors(self) -> list[Problem]:
        return errors_of(self.problems)

    @property
    def totals(self) -> dict[str, int]:
        """Sums over all nodes, by the names of `NodeReport`."""
        return {
            key: sum(getattr(node, key) for node in self.nodes.values())
            for key in ("parameters", "trainable_parameters", "macs", "bytes")
        }

    def to_json(self, language: str = "en") -> dict[str, Any]:
        return {
            "problems": [problem.to_json(language) for problem in self.problems],
            "nodes": {key: node.to_json() for key, node in self.nodes.items()},
            "totals": self.totals,
            "fingerprint": self.fingerprint,
        }
