"""From a graph and its layers to a program: one flat torch.fx module for training, one for inference.

Every layer's `forward` is traced and inlined, so a step is a straight list of torch calls with no layer, hook or
dictionary in between. Tensors come in and go out in Keras' layout.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, fx, nn

from lamina.graph.document import Graph
from lamina.graph.order import topological
from lamina.layer import Layer
from lamina.plan.layout import optimize


class Program:
    """A compiled forward pass.

    Call it with the inputs' batches, in the order of the graph's Inputs; it gives a tuple of outputs.

    Args:
        module: The traced layers.
        stripped: For each output, whether it comes without the softmax or sigmoid it ends in.
    """

    def __init__(self, module: fx.GraphModule, stripped: tuple[bool, ...]) -> None:
        self.module = module
        self.stripped = stripped
        self._run = module.forward

    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        outputs: tuple[Tensor, ...] = self._run(inputs)
        return outputs

    @property
    def code(self) -> str:
        """The program as Python source."""
        return str(self.module.code)


class _Network(nn.Module):
    """The layers of a graph, run one after the other: what is traced."""

    def __init__(self, graph: Graph, layers: Mapping[str, Layer], inputs: Sequence[str]) -> None:
        super().__init__()
        unique = list({id(layer): layer for layer in layers.values()}.values())
        self.layers = nn.ModuleList(unique)
        self.graph = graph
        self.by_node = dict(layers)
        self.inputs = list(inputs)
        order, _ = topological({node.id: [e.node for e in node.inputs] for node in graph.nodes})
        self.order = [graph.node(node_id) for node_id in order]

    def forward(self, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        values: dict[str, Tensor] = {}
        for position, node_id in enumerate(self.inputs):
            values[node_id] = inputs[position]
        for node in self.order:
            if node.id not in values:
                layer = self.by_node[node.id]
                values[node.id] = layer.forward(*(values[edge.node] for edge in node.inputs))
        return tuple(values[edge.node] for edge in self.graph.outputs)


class _Tracer(fx.Tracer):
    """Inlines layers; what a layer holds of other modules stays a call."""

    proxy_buffer_attributes = True

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return not isinstance(m, Layer)


def compile_program(
    graph: Graph,
    layers: Mapping[str, Layer],
    inputs: Sequence[str],
    *,
    training: bool,
    logits: bool,
) -> Program:
    """The program of a graph.

    Args:
        graph: A graph without problems.
        layers: Its built layers by node id.
        inputs: Ids of its Inputs in the order in which the program takes them.
        training: Whether dropout drops and normalization normalizes by the batch.
        logits: Give outputs that end in a softmax or sigmoid without it.
    """
    network = _Network(graph, layers, inputs)
    network.train(training)
    with torch.no_grad():
        traced = _Tracer().trace(network)
    heads = [layers[edge.node].head() if logits else None for edge in graph.outputs]
    stripped = _strip_heads(traced, heads)
    optimize(traced)
    return Program(fx.GraphModule(network, traced, "Program"), stripped)


def _strip_heads(graph: fx.Graph, heads: Sequence[str | None]) -> tuple[bool, ...]:
    """Let outputs skip the softmax or sigmoid they end in; says which ones do."""
    output = graph.output_node()
    values: list[Any] = list(output.args[0])  # type: ignore[arg-type]
    functions = {"softmax": torch.softmax, "sigmoid": torch.sigmoid}
    stripped = [False] * len(values)
    for position, (value, head) in enumerate(zip(values, heads, strict=True)):
        if isinstance(value, fx.Node) and head in functions and value.target is functions[head]:
            values[position], stripped[position] = value.args[0], True
            output.args = (tuple(values),)
            if not value.users:
                graph.erase_node(value)
    return tuple(stripped)
