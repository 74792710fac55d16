"""In what batches a network may be asked for its outputs, where nobody watches them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from torch import nn

from lamina.graph.document import Graph, call_structure
from lamina.layer import Layer, product
from lamina.operation import Op
from lamina.origin import origin

UNSEEN = 3072
"""Values per sample of the largest tensor inside of a layer that is called as a whole, where nobody knows."""

ELEMENTWISE = frozenset(
    {"abs", "absolute", "add", "cast", "clip", "cos", "divide", "elu", "equal", "exp", "gelu", "greater", "leaky_relu",
     "less", "log", "maximum", "minimum", "multiply", "negative", "not_equal", "power", "relu", "relu6", "rsqrt", "sigmoid",
     "sign", "silu", "sin", "sqrt", "square", "subtract", "tanh", "true_divide"}
)  # fmt: skip
"""Ops of which it is known that they treat each element by itself."""


def widest(layers: Iterable[Layer]) -> int:
    """Values per sample of the largest tensor between layers; axes of unknown length count as one."""
    found = [1]
    for layer in layers:
        if layer.uses_call:
            found.append(UNSEEN)
        elif layer.inner_graph is not None:
            found.append(widest(layer.layers_by_node.values()))
        for specs in layer.call_specs.values():
            found.extend(product([size or 1 for size in spec.shape[1:]]) for spec in specs)
    return max(found)


def keeps_samples_apart(graph: Graph, layers: Mapping[str, Layer]) -> bool:
    """Whether it is certain that a sample's outputs do not depend on which others are in its batch."""
    if any(call_structure(node)[1].get("training") for node in graph.nodes):
        return False  # which normalizes by the batch
    return all(map(_keeps_apart, layers.values()))


def _keeps_apart(layer: Layer) -> bool:
    if isinstance(layer, Op):
        return layer.op in ELEMENTWISE
    if layer.inner_graph is not None:
        return keeps_samples_apart(layer.inner_graph, layer.layers_by_node)
    return all(map(_is_ours, layer.modules()))


def _is_ours(module: nn.Module) -> bool:
    """Whether nothing that a user wrote stands in a module, whatever it holds in others."""
    held = (value for value in vars(module).values() if callable(value))
    return all(origin(one) in ("lamina", "torch") for one in (module, *held))
