"""Blocks: a model inside a model, before it has weights."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from lamina.calls import Slot
from lamina.errors import ShapeError
from lamina.graph.document import Block, call_structure
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
        known: dict[str, list[TensorSpec]] = {}
        for port, (name, index) in enumerate(zip(names, ports, strict=True)):
            self._check_fit(name, self.report.nodes[name].output_shape, specs[index].shape, port)
            known[name] = [specs[index]]
        for node_id in self.report.order:
            if node_id not in known:
                node = self.inner_graph.node(node_id)
                sources = [known[edge.node][edge.output] for edge in node.inputs]
                layer = self.layers_by_node[node_id]
                known[node_id] = layer.outputs_for(call_structure(node), sources)[1]
        found = [known[edge.node][edge.output] for edge in self.inner_graph.outputs]
        slots = [Slot(index) for index in range(len(found))]
        return slots[0] if len(slots) == 1 else slots, found

    def _check_fit(self, name: str, wanted: Shape, given: Shape, port: int) -> None:
        fits = len(wanted) == len(given) and all(
            None in (a, b) or a == b for a, b in zip(wanted[1:], given[1:], strict=True)
        )
        if not fits:
            raise ShapeError(
                Text(
                    f'The input "{name}" of "{self.name}" takes {shape_text(wanted)} but gets {shape_text(given)}.',
                    f"“{self.name}”的输入“{name}”需要 {shape_text(wanted)}，实际得到 {shape_text(given)}。",
                ),
                port=port,
            )

    def weights_for(self, *inputs: Shape) -> Iterable[Weight]:
        for node in keras_order(self.inner_graph):
            sources = [
                self.report.nodes[edge.node].outputs[edge.output].shape for edge in node.inputs
            ]
            weights = list(self.layers_by_node[node.id].weights_for(*sources))
            yield from sorted(weights, key=lambda weight: not weight.trainable)

    def macs(self, inputs: Sequence[Shape], output: Shape) -> int:
        return sum(node.macs for node in self.report.nodes.values())
