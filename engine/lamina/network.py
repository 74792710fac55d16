"""Networks: a graph, its layers with their weights, and the programs that run them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from lamina.errors import ConfigError, ShapeError
from lamina.graph.check import check_graph
from lamina.graph.document import Graph
from lamina.graph.order import keras_order
from lamina.graph.tracing import trace
from lamina.layer import Layer, Shape, Variable, all_variables
from lamina.plan.compiler import Program, compile_program
from lamina.problems import GraphError
from lamina.symbolic import SymbolicTensor, call_layer
from lamina.text import Text

Tensors = SymbolicTensor | Sequence[SymbolicTensor] | Mapping[str, SymbolicTensor]


class Network(nn.Module):
    """A graph that can be run: what a model is before it is trained.

    Args:
        inputs: The symbolic tensors of `Input`, one or several.
        outputs: The symbolic tensors that the network gives.
        name: Name of the model.
    """

    is_sequential = False
    graph: Graph
    layers_by_node: dict[str, Layer]
    inputs: list[SymbolicTensor]
    outputs: list[SymbolicTensor]

    def __init__(self, inputs: Tensors, outputs: Tensors, name: str = "functional") -> None:
        super().__init__()
        self.name = name
        self.trainable = True
        starts, ends = _listed(inputs), _listed(outputs)
        graph, layers = trace(starts, ends, name)
        self._adopt(graph, layers, starts, ends)

    @classmethod
    def from_graph(cls, graph: Graph | Mapping[str, Any], seed: int | None = None) -> Self:
        """The network of a graph document.

        Args:
            graph: A graph document.
            seed: Seed of the initial weights; the process' seed when left out.

        Raises:
            GraphError: With every problem of the graph.
        """
        report = check_graph(graph)
        if report.errors:
            raise GraphError(report.errors)
        parsed = Graph.parse(graph)
        tensors: dict[str, SymbolicTensor] = {}
        for node_id in report.order:
            node, layer = parsed.node(node_id), report.layers[node_id]
            inputs = [tensors[edge.node] for edge in node.inputs]
            layer.build(*(x.shape for x in inputs), seed=seed)
            tensors[node_id] = call_layer(layer, inputs, node_id)
        network = cls.__new__(cls)
        nn.Module.__init__(network)
        network.name = parsed.name
        network.trainable = True
        starts = [tensors[node.id] for node in parsed.nodes if not node.inputs]
        ends = [tensors[edge.node] for edge in parsed.outputs]
        network._adopt(parsed, report.layers, starts, ends)
        return network

    def _adopt(
        self,
        graph: Graph,
        layers: Mapping[str, Layer],
        inputs: list[SymbolicTensor],
        outputs: list[SymbolicTensor],
    ) -> None:
        self.__dict__["graph"] = graph
        self.__dict__["layers_by_node"] = dict(layers)
        self.__dict__["inputs"] = inputs
        self.__dict__["outputs"] = outputs
        self._all_layers = nn.ModuleList(layers[node.id] for node in keras_order(graph))
        self._programs: dict[Any, Program] = {}

    # --- structure ---------------------------------------------------------------------------------------------

    @property
    def built(self) -> bool:
        """Whether the shape of the input is known, so that there are weights."""
        return "graph" in self.__dict__

    @property
    def layers(self) -> list[Layer]:
        """The layers in Keras' order."""
        return [layer for layer in self._all_layers if isinstance(layer, Layer)]

    @property
    def input(self) -> SymbolicTensor | list[SymbolicTensor]:
        return self.inputs[0] if len(self.inputs) == 1 else list(self.inputs)

    @property
    def output(self) -> SymbolicTensor | list[SymbolicTensor]:
        return self.outputs[0] if len(self.outputs) == 1 else list(self.outputs)

    @property
    def input_names(self) -> list[str]:
        return [x.name for x in self.inputs]

    @property
    def output_names(self) -> list[str]:
        return [x.name for x in self.outputs]

    @property
    def input_shape(self) -> Shape | list[Shape]:
        shapes = [x.shape for x in self.inputs]
        return shapes[0] if len(shapes) == 1 else shapes

    @property
    def output_shape(self) -> Shape | list[Shape]:
        shapes = [x.shape for x in self.outputs]
        return shapes[0] if len(shapes) == 1 else shapes

    @property
    def heads(self) -> dict[str, str | None]:
        """The activation that each output has passed last, by output name."""
        return {x.name: x.call.layer.head() for x in self.outputs}

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """The layer of a name, or at a place in `layers`.

        Raises:
            ConfigError: If there is no such layer.
        """
        if index is not None and -len(self.layers) <= index < len(self.layers):
            return self.layers[index]
        for layer in self.layers:
            if name is not None and layer.name == name:
                return layer
        wanted = f'called "{name}"' if name is not None else f"at {index}"
        names = ", ".join(layer.name for layer in self.layers)
        raise ConfigError(
            Text(
                f"There is no layer {wanted}. Layers: {names}.",
                f"没有这样的层（{wanted}）。现有的层：{names}。",
            )
        )

    # --- weights -----------------------------------------------------------------------------------------------

    @property
    def weights(self) -> list[Variable]:
        """All weights in Keras' order."""
        return list(all_variables(self.layers))

    @property
    def variables(self) -> list[Variable]:
        return self.weights

    @property
    def trainable_weights(self) -> list[Variable]:
        """The weights that training changes; none when the network is frozen as a whole."""
        return [w for w in self.weights if w.trainable] if self.trainable else []

    @property
    def trainable_variables(self) -> list[Variable]:
        return self.trainable_weights

    @property
    def non_trainable_weights(self) -> list[Variable]:
        return [w for w in self.weights if not (self.trainable and w.trainable)]

    def get_weights(self) -> list[np.ndarray[Any, Any]]:
        """Copies of all weights in Keras' layout and order."""
        return [variable.numpy() for variable in self.weights]

    def set_weights(self, values: Sequence[Any]) -> None:
        """Set all weights from arrays in Keras' layout and order."""
        if len(values) != len(self.weights):
            raise ShapeError(
                Text(
                    f'"{self.name}" has {len(self.weights)} weights, got {len(values)} arrays.',
                    f"“{self.name}”有 {len(self.weights)} 个权重，实际传入 {len(values)} 个数组。",
                )
            )
        for variable, value in zip(self.weights, values, strict=True):
            variable.assign(value)

    def count_params(self) -> int:
        """Number of values in all weights."""
        return sum(math.prod(variable.shape) for variable in self.weights)

    # --- running -----------------------------------------------------------------------------------------------

    @property
    def device(self) -> torch.device:
        """Where the weights live."""
        return next((variable.value.device for variable in self.weights), torch.device("cpu"))

    def to_device(self, device: torch.device | str) -> None:
        """Move all weights."""
        self.to(torch.device(device))
        self._programs.clear()

    def program(self, training: bool, logits: bool = False) -> Program:
        """The compiled forward pass.

        Args:
            training: Whether dropout drops and normalization normalizes by the batch.
            logits: Give outputs that end in a softmax or sigmoid without it.

        Returns:
            A function of the inputs' batches, tensors in Keras' layout on the network's device, to a tuple of outputs.
        """
        frozen = tuple(layer.trainable for layer in self.layers)
        key = (training, logits, frozen)
        if key not in self._programs:
            self._programs[key] = compile_program(
                self.graph,
                self.layers_by_node,
                self.input_names,
                training=training,
                logits=logits,
            )
        return self._programs[key]

    def __call__(self, inputs: Any, training: bool = False) -> Any:
        """The outputs for one batch of arrays or tensors, as tensors that carry gradients."""
        values = _listed_values(inputs, self.input_names)
        tensors = [self._as_tensor(value, x) for value, x in zip(values, self.inputs, strict=True)]
        outputs = self.program(training=training)(*tensors)
        return outputs[0] if len(outputs) == 1 else list(outputs)

    def _as_tensor(self, value: Any, like: SymbolicTensor) -> Tensor:
        if isinstance(value, SymbolicTensor):
            raise ConfigError(
                Text(
                    f'A model inside a model is not supported yet: "{self.name}" was called on "{value.name}".',
                    f"暂不支持在模型中嵌套模型：“{self.name}”被用于“{value.name}”。",
                )
            )
        tensor = value if isinstance(value, Tensor) else torch.as_tensor(np.asarray(value))
        fits = tensor.dim() == len(like.shape) and all(
            size is None or size == given
            for size, given in zip(like.shape[1:], tensor.shape[1:], strict=True)
        )
        if not fits:
            raise ShapeError(
                Text(
                    f'Input "{like.name}" takes {like.shape}, got values of shape {tuple(tensor.shape)}.',
                    f"输入“{like.name}”需要形状 {like.shape}，实际传入 {tuple(tensor.shape)}。",
                )
            )
        dtype: torch.dtype = getattr(torch, like.dtype)
        return tensor.to(self.device, dtype)

    # --- description -------------------------------------------------------------------------------------------

    def summary(
        self,
        line_length: int | None = None,
        print_fn: Callable[[str], Any] = print,
    ) -> None:
        """Print the layers with their output shapes and numbers of parameters.

        Args:
            line_length: Width of the table; fits the longest entry when left out.
            print_fn: Takes the text, a line at a time.
        """
        header = ("Layer (type)", "Output Shape", "Param #")
        if not self.built:
            print_fn(f'Model: "{self.name}" (its weights are made with the first data)')
            for layer in self.layers:
                print_fn(f"{layer.name} ({type(layer).__name__})")
            return
        rows = [
            (
                f"{layer.name} ({type(layer).__name__})",
                str(layer.output.shape),
                f"{layer.count_params():,}",
            )
            for layer in self.layers
        ]
        widths = [max(len(row[i]) for row in (header, *rows)) + 3 for i in range(3)]
        if line_length is not None:
            widths[0] += max(0, line_length - sum(widths))
        rule = "─" * sum(widths)

        def line(row: tuple[str, str, str]) -> str:
            return f"{row[0]:<{widths[0]}}{row[1]:<{widths[1]}}{row[2]:>{widths[2]}}"

        total = self.count_params()
        trainable = sum(math.prod(variable.shape) for variable in self.trainable_weights)
        print_fn(f'Model: "{self.name}"')
        for text in (rule, line(header), rule, *map(line, rows), rule):
            print_fn(text)
        print_fn(f"Total params: {total:,} ({_size(total)})")
        print_fn(f"Trainable params: {trainable:,} ({_size(trainable)})")
        print_fn(f"Non-trainable params: {total - trainable:,} ({_size(total - trainable)})")


def _size(parameters: int) -> str:
    """The size of so many float32 values, as people read it."""
    size = parameters * 4.0
    for unit in ("B", "KB", "MB"):
        if size < 1024:
            return f"{size:.2f} {unit}"
        size /= 1024
    return f"{size:.2f} GB"


def _listed(tensors: Tensors) -> list[SymbolicTensor]:
    """One, several or named symbolic tensors as a list."""
    if isinstance(tensors, SymbolicTensor):
        return [tensors]
    found = list(tensors.values()) if isinstance(tensors, Mapping) else list(tensors)
    for x in found:
        if not isinstance(x, SymbolicTensor):
            raise ConfigError(
                Text(
                    f"A model is made of symbolic tensors (from Input and calls of layers), got {type(x).__name__}.",
                    f"模型由符号张量（来自 Input 和层的调用）组成，实际收到 {type(x).__name__}。",
                )
            )
    return found


def _listed_values(inputs: Any, names: Sequence[str]) -> list[Any]:
    """One batch for each input, from a single one, a list or a dict by name."""
    if isinstance(inputs, Mapping):
        missing = [name for name in names if name not in inputs]
        if missing:
            raise ConfigError(
                Text(
                    f"No values for the inputs {', '.join(missing)}.",
                    f"缺少输入 {'、'.join(missing)} 的数据。",
                )
            )
        return [inputs[name] for name in names]
    values = list(inputs) if isinstance(inputs, (list, tuple)) and len(names) > 1 else [inputs]
    if len(values) != len(names):
        raise ConfigError(
            Text(
                f"The model has {len(names)} inputs ({', '.join(names)}), got {len(values)}.",
                f"模型有 {len(names)} 个输入（{'、'.join(names)}），实际传入 {len(values)} 个。",
            )
        )
    return values
