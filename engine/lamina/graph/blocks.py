"""Blocks: a model inside a model, before it has weights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from lamina.calls import Slot
from lamina.errors import ShapeError
from lamina.graph.document import Block, Graph, call_structure
from lamina.graph.order import keras_order
from lamina.layer import Layer, Ports, Shape, TensorSpec, Weight, shape_text
from lamina.text import Text


class BlockLayer(Layer):
    """The layer that a node of type "Block" stands for: shapes and cost of the model in it.

    Args:
        block: The block.
        report: The check of its graph, without errors.
    """

    ports: ClassVar[Ports] = Ports(least_inputs=1, most_inputs=None)

    def __init__(self, block: Block, report: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.__dict__["content"] = block
        self.__dict__["report"] = report
        self.__dict__["layers_by_node"] = report.layers
        self.__dict__["input_names"] = [n.id for n in block.graph.nodes if not n.inputs]

    @property
    def inner_graph(self) -> Any:
        return self.__dict__["content"].graph

    @property
    def outputs_count(self) -> int:
        return len(self.inner_graph.outputs)

    def outputs_for(
        self, structure: tuple[Any, Any], specs: Sequence[TensorSpec]
    ) -> tuple[Any, list[TensorSpec]]:
        names = self.__dict__["input_names"]
        ports = [slot.index for slot in structure[0] if isinstance(slot, Slot)]
        if len(ports) != len(names):
            raise ShapeError(
                Text(
                    f'"{self.name}" takes {len(names)} inputs, got {len(ports)}.',
                    f"“{self.name}”需要 {len(names)} 个输入，实际为 {len(ports)} 个。",
                )
            )
        wanted = [self.report.nodes[name].output_shape for name in names]
        given = [specs[index] for index in ports]
        for port, (name, shape, spec) in enumerate(zip(names, wanted, given, strict=True)):
            if not fits(shape, spec.shape):
                raise ShapeError(misfit(self.name, name, shape, spec.shape), port=port)
        known = dict(zip(names, given, strict=True))
        found = outputs_of(self.inner_graph, self.layers_by_node, self.report.order, known)
        slots = [Slot(index) for index in range(len(found))]
        return slots[0] if len(slots) == 1 else slots, found

    def weights_for(self, *inputs: Shape) -> Iterable[Weight]:
        for node in keras_order(self.inner_graph):
            sources = [
                self.report.nodes[edge.node].outputs[edge.output].shape for edge in node.inputs
            ]
            weights = list(self.layers_by_node[node.id].weights_for(*sources))
            yield from sorted(weights, key=lambda weight: not weight.trainable)

    def macs(self, inputs: Sequence[Shape], output: Shape) -> int:
        return sum(node.macs for node in self.report.nodes.values())


def outputs_of(
    graph: Graph,
    layers: Mapping[str, Layer],
    order: Sequence[str],
    inputs: Mapping[str, TensorSpec],
) -> list[TensorSpec]:
    """What the outputs of a graph are for such inputs.

    Args:
        layers: By node id.
        order: Ids of the nodes, each after those it reads from.
        inputs: By the ids of the Inputs.
    """
    known = {name: [spec] for name, spec in inputs.items()}
    for node_id in order:
        if node_id not in known:
            node = graph.node(node_id)
            sources = [known[edge.node][edge.output] for edge in node.inputs]
            known[node_id] = layers[node_id].outputs_for(call_structure(node), sources)[1]
    return [known[edge.node][edge.output] for edge in graph.outputs]


def fits(wanted: Shape, given: Shape) -> bool:
    """Whether a tensor can enter at an Input; None is any size, and the batch is not looked at."""
    return len(wanted) == len(given) and all(
        None in (a, b) or a == b for a, b in zip(wanted[1:], given[1:], strict=True)
    )


def misfit(model: str, name: str, wanted: Shape, given: Shape) -> Text:
    """The sentence for a tensor that cannot enter at an Input of a model."""
    return Text(
        f'The input "{name}" of "{model}" takes {shape_text(wanted)} but gets {shape_text(given)}.',
        f"“{model}”的输入“{name}”需要 {shape_text(wanted)}，实际得到 {shape_text(given)}。",
    )
