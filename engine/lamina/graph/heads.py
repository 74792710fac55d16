"""Heads: the activation that an output has passed last, which decides what losses fit it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lamina.graph.document import Graph
from lamina.layer import Layer


@dataclass(frozen=True)
class Head:
    """The last activation of an output.

    Args:
        kind: Name of the activation: "softmax", "sigmoid", "linear" …
        node: Id of the node it is in.
        field: Parameter of the node that sets it; None when the layer itself is the activation.
    """

    kind: str
    node: str
    field: str | None


def heads(graph: Graph, layers: Mapping[str, Layer]) -> dict[str, Head | None]:
    """The head of each output whose layer is known, by output id; None where it has none.

    Args:
        graph: The graph.
        layers: Layers by node id, as a `Report` holds them.
    """
    found: dict[str, Head | None] = {}
    for edge in graph.outputs:
        layer = layers.get(edge.node)
        if layer is not None:
            kind = layer.output_activation()
            field = "activation" if "activation" in layer.declared_fields else None
            found[edge.node] = None if kind is None else Head(kind, edge.node, field)
    return found
