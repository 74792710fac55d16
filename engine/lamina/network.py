"""Networks: a graph, its layers with their weights, and the programs that run them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from lamina import batching
from lamina.calls import (
    Slot,
    current_training,
    in_slots,
    is_deep,
    put_together,
    set_mask,
    take_apart,
)
from lamina.devices import default_device, elsewhere
from lamina.errors import ConfigError, NoAttributeError, ShapeError
from lamina.foreign import shown
from lamina.graph.blocks import fits, outputs_of
from lamina.graph.check import GivenLayers, check_graph
from lamina.graph.cutting import cut
from lamina.graph.document import BLOCK, Block, Graph, call_structure
from lamina.graph.order import keras_order, topological
from lamina.graph.tracing import trace
from lamina.layer import Layer, Ports, Shape, TensorSpec
from lamina.nests import check_keys, in_rank, keys_of, nest_of, plainly
from lamina.operation import Op
from lamina.plan.compiler import Program, compile_program, head_of
from lamina.problems import GraphError
from lamina.rematerialization import recomputing
from lamina.strings import STRING, stored_dtype, to_codes
from lamina.summaries import summary_of
from lamina.symbolic import SymbolicTensor, call_layer, is_optional, need_optional
from lamina.text import Text
from lamina.utils.interaction import say
from lamina.variable import Variable

Tensors = SymbolicTensor | Sequence[Any] | Mapping[str, Any]
"""One symbolic tensor, or lists and dicts of them, in as many levels as there are."""

INPUTS = Text("inputs", "输入")


def without_call(name: str) -> Text:
    """What is wrong with a model that can compute nothing yet."""
    return Text(
        f'"{name}": the model has neither inputs and outputs nor a call. Write call(self, inputs) in its class, or make '
        "it with Model(inputs, outputs).",
        f"“{name}”：模型既没有输入和输出，也没有 call。请在类中编写 call(self, inputs)，或用 Model(inputs, outputs) 创建。",
    )


class Network(Layer):
    """A graph that can be run: what a model is before it is trained. It is a layer, too, so models can stand in models.

    Args:
        inputs: The symbolic tensors of `Input`: one, or lists and dicts of them, which calls and data then follow. Of
            another model they may be any tensors: the network begins there, on the same layers.
        outputs: The symbolic tensors that the network gives, likewise.
        name: Name of the model.
    """

    is_sequential = False
    graph: Graph
    layers_by_node: dict[str, Layer]
    inputs: list[SymbolicTensor]
    outputs: list[SymbolicTensor]

    def __init__(
        self, inputs: Tensors, outputs: Tensors, name: str = "functional", **options: Any
    ) -> None:
        super().__init__(name=name, **options)
        starts: list[SymbolicTensor] = []
        ends: list[SymbolicTensor] = []
        taken, given = tensors_in(inputs, starts), tensors_in(outputs, ends)
        starts, ends = cut(starts, ends)
        graph, layers = trace(starts, ends, name)
        self._adopt(graph, layers, starts, ends)
        self.__dict__["output_nest"] = given
        self._take_in(taken)

    def _take_in(self, nest: Any) -> None:
        """Take inputs in a nest with slots."""
        self.__dict__["input_nest"] = nest

    @classmethod
    def from_graph(
        cls,
        graph: Graph | Mapping[str, Any],
        seed: int | None = None,
        given: GivenLayers | None = None,
    ) -> Self:
        """The network of a graph document.

        Args:
            graph: A graph document.
            seed: Seed of the initial weights; the process' seed when left out.
            given: Layers for nodes that the document only names, by node id.

        Raises:
            GraphError: With every problem of the graph.
        """
        given = given or {}
        report = check_graph(graph, given)
        if report.errors:
            raise GraphError(report.errors)
        parsed = Graph.parse(graph)
        layers = dict(report.layers)
        for node in parsed.nodes:
            if (block := parsed.block(node.config.get("block"))) and node.type == BLOCK:
                inner = given.get(node.id, {})
                assert not isinstance(inner, Layer)
                layers[node.id] = cls.of_block(block, node.id, seed, inner)
        for node in parsed.nodes:
            if node.type == BLOCK and node.shares is not None:
                layers[node.id] = layers[node.shares]
        tensors: dict[tuple[str, int], SymbolicTensor] = {}
        for node_id in report.order:
            node, layer = parsed.node(node_id), layers[node_id]
            inputs = [tensors[edge.node, edge.output] for edge in node.inputs]
            structure = call_structure(node)
            ports = [slot.index for slot in structure[0] if isinstance(slot, Slot)]
            if not layer.uses_call:
                layer.make_weights(*(inputs[index].shape for index in ports), seed=seed)
            outputs = call_layer(layer, inputs, node_id, structure)
            leaves: list[SymbolicTensor] = []
            take_apart(outputs, leaves, lambda x: isinstance(x, SymbolicTensor))
            tensors.update(((node_id, index), x) for index, x in enumerate(leaves))
        network = cls.__new__(cls)
        Layer.__init__(network, name=parsed.name)
        starts = [tensors[node.id, 0] for node in parsed.nodes if not node.inputs]
        ends = [tensors[edge.node, edge.output] for edge in parsed.outputs]
        network._adopt(parsed, layers, starts, ends)
        return network

    @classmethod
    def of_block(
        cls, block: Block, name: str, seed: int | None, given: GivenLayers | None = None
    ) -> Network:
        """The model of a block."""
        return cls.from_graph(block.graph.model_copy(update={"name": name}), seed, given)

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
        self.__dict__["ports"] = Ports(len(inputs), len(inputs))
        mine = [layers[node.id] for node in keras_order(graph)]
        self._all_layers = nn.ModuleList(layer for layer in mine if layer is not self)
        if (device := elsewhere()) is not None:
            self.to(device)  # what layers keep beside their weights
        self._programs: dict[Any, Program] = {}
        self.__dict__.setdefault("output_nest", tensors_in(outputs, []))
        self.__dict__.setdefault("input_nest", tensors_in(inputs, []))

    @property
    def inner_graph(self) -> Graph | None:
        """The graph, for a model that is one; None for a model with a `call` of its own."""
        return None if self.uses_call else self.__dict__.get("graph")

    # --- structure ---------------------------------------------------------------------------------------------

    @property
    def built(self) -> bool:
        """Whether the shape of the input is known, so that there are weights."""
        return "graph" in self.__dict__

    @built.setter
    def built(self, value: bool) -> None:
        """What a layer notes of itself; of a network its graph says it."""

    @property
    def layers(self) -> list[Layer]:
        """The layers in Keras' order; for a model with a `call` of its own, its attributes."""
        if self.uses_call:
            return list(dict.fromkeys(self.sublayers))
        return [
            layer
            for layer in self._all_layers
            if isinstance(layer, Layer) and not isinstance(layer, Op)
        ]

    @property
    def input(self) -> Any:
        """The symbolic tensor of the input, or the nest of them that the model was made with."""
        return put_together(self._nest("input_nest"), self.inputs)

    @property
    def output(self) -> Any:
        """The symbolic tensor of the output, or the nest of them that the model was made with."""
        return put_together(self._nest("output_nest"), self.outputs)

    def _nest(self, name: str) -> Any:
        if name not in self.__dict__:
            raise NoAttributeError(name)  # said in words by `Model.__getattr__`
        return self.__dict__[name]

    @property
    def operations(self) -> list[Layer]:
        """The layers and ops of a graph in Keras' order."""
        return [layer for layer in self._all_layers if isinstance(layer, Layer)]

    @property
    def input_names(self) -> list[str]:
        return [x.name for x in self.inputs]

    @property
    def output_names(self) -> list[str]:
        return [x.name for x in self.outputs]

    @property
    def target_names(self) -> list[str]:
        """What targets, losses and metrics call the outputs: the keys where the model gives a dict."""
        nest = self.__dict__.get("output_nest")
        if is_deep(nest):
            return [name for _, name in sorted(_paths(nest, self.output_names).items())]
        return [str(key) for key in keys_of(nest)] or self.output_names

    @property
    def input_shape(self) -> Shape | list[Shape]:
        shapes = [x.shape for x in self.inputs]
        return shapes[0] if len(shapes) == 1 else shapes

    @property
    def output_shape(self) -> Shape | list[Shape]:  # type: ignore[override]
        shapes = [x.shape for x in self.outputs]
        return shapes[0] if len(shapes) == 1 else shapes

    @property
    def heads(self) -> dict[str, str | None]:
        """The activation that each output has passed last, by output name."""
        return {x.name: head_of(x.call.layer, x.index) for x in self.outputs}

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

    # --- running -----------------------------------------------------------------------------------------------

    @property
    def device(self) -> torch.device:
        """Where the weights live."""
        tensor = _first_tensor(self, "_parameters")
        if tensor is None:
            tensor = _first_tensor(self, "_buffers")
        return default_device() if tensor is None else tensor.device

    def to_device(self, device: torch.device | str) -> None:
        """Move all weights."""
        self.to(torch.device(device))
        self._programs.clear()

    @property
    def widest(self) -> int:
        """Values per sample of the largest tensor between its layers; axes of unknown length count as one."""
        return batching.widest(self.layers_by_node.values())

    @property
    def keeps_samples_apart(self) -> bool:
        """Whether it is certain that a sample's outputs do not depend on which others are in its batch."""
        graph = self.__dict__.get("graph")
        known = self.__dict__.get("known_apart", (None, None, False))
        if known[0] is not graph or known[1] is not Variable.last_freeze:
            are = graph is not None and batching.keeps_samples_apart(graph, self.layers_by_node)
            known = self.__dict__["known_apart"] = (graph, Variable.last_freeze, are)
        return bool(known[2])

    def program(self, training: bool, logits: bool = False, recompute: bool = True) -> Program:
        """The compiled forward pass.

        Args:
            training: Whether dropout drops and normalization normalizes by the batch.
            logits: Give outputs that end in a softmax or sigmoid without it.
            recompute: Whether layers that are to be computed again for the gradients are.

        Returns:
            A function of the inputs' batches, tensors in Keras' layout on the network's device, to a tuple of outputs.
        """
        key = (training, logits, recompute, self._state_of_layers())
        if key not in self._programs:
            self._programs[key] = compile_program(
                self.graph,
                self.layers_by_node,
                self.input_names,
                training=training,
                logits=logits,
                recompute=recompute,
                fused=True,
            )
        return self._programs[key]

    def _state_of_layers(self) -> tuple[tuple[bool, int], ...]:
        """Which layers can be trained, and how often each was changed; walks through them only after a change."""
        when, known = self.__dict__.get("known_state", (None, ()))
        found: tuple[tuple[bool, int], ...] = known
        if when is not Variable.last_freeze:
            layers = (layer for layer in self.modules() if isinstance(layer, Layer))
            found = tuple((layer.trainable, layer.times_changed) for layer in layers)
            self.__dict__["known_state"] = (Variable.last_freeze, found)
        return found

    def outputs_for(
        self, structure: tuple[Any, Any], specs: Sequence[TensorSpec]
    ) -> tuple[Any, list[TensorSpec]]:
        if self.uses_call:
            return super().outputs_for(structure, specs)
        self._need_graph()
        ports = [slot.index for slot in structure[0] if isinstance(slot, Slot)]
        given = [specs[index] for index in ports]
        for x, spec in zip(self.inputs, given, strict=True):
            self._check_fit(x, spec.shape)
        known = {x.call.node_id: spec for x, spec in zip(self.inputs, given, strict=True)}
        order, _ = topological({n.id: [e.node for e in n.inputs] for n in self.graph.nodes})
        found = outputs_of(self.graph, self.layers_by_node, order, known)
        return self.__dict__["output_nest"], found

    def make_weights(self, *inputs: Shape, seed: int | None = None) -> None:
        """The layers of a graph have their weights already."""

    def _need_graph(self) -> None:
        if not self.built:
            raise ConfigError(without_call(self.name))

    def _by_port(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The inputs in the model's order, from one tensor, a list or a dict by name."""
        if self.uses_call:
            return args, kwargs
        kwargs = dict(kwargs)
        if not args and "inputs" in kwargs:
            args = (kwargs.pop("inputs"),)
        value = args[0] if len(args) == 1 else list(args)
        self.build_for(value)
        self._need_graph()
        nest = self.__dict__.get("input_nest")
        if is_deep(nest):
            return tuple(in_slots(nest, value, INPUTS)), kwargs
        names = self._names_of_inputs()
        if keys_of(nest) and not _is_symbolic(value):
            check_keys(nest, value, self.input_names)
        spare = {n for n, x in zip(names, self.inputs, strict=True) if is_optional(x)}
        return tuple(_listed_values(value, names, spare)), kwargs

    def build_for(self, x: Any) -> Any:
        """Make the weights for such data, where the model was not told the shape of its input; gives the data back."""
        return x

    def _names_of_inputs(self) -> list[str]:
        nest = self.__dict__.get("input_nest")
        return keys_of(nest) or self.input_names

    def run_call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The outputs for one batch of tensors, which carry gradients and masks."""
        if self.uses_call:
            return super().run_call(args, kwargs)
        training = kwargs.get("training")
        training = current_training() if training is None else training
        tensors: list[Any] = [
            self._as_tensor(value, x) for value, x in zip(args, self.inputs, strict=True)
        ]
        shapes = [x.shape for x in self.outputs]
        as_a_whole = self.remat_mode is not None and self.remat_mode.holds_for(self.name, shapes)
        program = self.program(training=bool(training), recompute=not as_a_whole)
        if not program.has_extras:
            run = recomputing(self, program.__call__, shapes, training=bool(training))
            return put_together(self.__dict__["output_nest"], run(*tensors))
        results = recomputing(self, program.full, shapes, training=bool(training))(*tensors)
        for output, mask in zip(results.outputs, results.masks, strict=True):
            set_mask(output, mask)
        self.take_added_losses()
        if results.losses:
            self.add_loss(list(results.losses))
        return put_together(self.__dict__["output_nest"], results.outputs)

    def _as_tensor(self, value: Any, like: SymbolicTensor) -> Tensor | None:
        if value is None:
            need_optional(like)
            return None
        if like.dtype == STRING and not isinstance(value, Tensor):
            value = to_codes(value)
        tensor = value if isinstance(value, Tensor) else torch.as_tensor(np.asarray(value))
        tensor = in_rank(tensor, like)
        shape = tuple(tensor.shape)
        self._check_fit(like, shape[:-1] if like.dtype == STRING else shape)
        return tensor.to(self.device, stored_dtype(like.dtype))

    @staticmethod
    def _check_fit(like: SymbolicTensor, shape: Shape) -> None:
        if not fits(like.shape, shape):
            raise ShapeError(
                Text(
                    f'Input "{like.name}" takes {like.shape}, got values of shape {shape}.',
                    f"输入“{like.name}”需要形状 {like.shape}，实际传入 {shape}。",
                )
            )

    # --- description -------------------------------------------------------------------------------------------

    def summary(  # type: ignore[override]
        self,
        line_length: int | None = None,
        positions: Sequence[float] | None = None,
        print_fn: Callable[[str], Any] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Sequence[str] | None = None,
    ) -> None:
        """Print the layers with their output shapes and numbers of parameters.

        Args:
            line_length: Characters in a line; fits the terminal when left out.
            positions: Where each column ends, as a share of the line.
            print_fn: Takes the whole text; standard output when left out, or the log without interactive logging.
            expand_nested: Whether the layers of models inside are shown.
            show_trainable: Whether a column says which layers are trained.
            layer_range: Names of the first and the last layer to show, or patterns that names begin with.

        Raises:
            ConfigError: If the columns do not fit, or no layers match.
        """
        text = summary_of(
            self,
            line_length,
            positions,
            expand_nested=expand_nested,
            show_trainable=show_trainable,
            layer_range=layer_range,
        )
        if print_fn is None:
            say(text.rstrip("\n"))
        else:
            print_fn(text)


def _is_symbolic(value: Any) -> bool:
    """Whether a model is called to become a part of another one."""
    leaves: list[Any] = []
    take_apart(value, leaves, lambda x: isinstance(x, SymbolicTensor))
    return bool(leaves)


def _first_tensor(module: nn.Module, kind: str) -> Tensor | None:
    """The first parameter or buffer; torch's own walk through the modules takes as long as a small model."""
    for tensor in module.__dict__[kind].values():
        if tensor is not None:
            return tensor  # type: ignore[no-any-return]
    for child in module.__dict__["_modules"].values():
        if child is not None and (found := _first_tensor(child, kind)) is not None:
            return found
    return None


def tensors_in(tensors: Any, leaves: list[SymbolicTensor]) -> Any:
    """The nest in which a model takes its inputs or gives its outputs, which are put into `leaves`."""

    def is_leaf(x: Any) -> bool:
        if isinstance(x, (Mapping, list, tuple)):
            return False
        if not isinstance(x, SymbolicTensor):
            raise ConfigError(
                Text(
                    f"A model is made of symbolic tensors (from Input and calls of layers), {shown(x).en}",
                    f"模型由符号张量（来自 Input 和层的调用）组成，{shown(x).zh}",
                )
            )
        return True

    return plainly(nest_of(tensors, leaves, is_leaf))


def _paths(nest: Any, names: Sequence[str], *path: str) -> dict[int, str]:
    """By slot, the name of an output in a nest of several levels: the keys that lead there; in a list its own name."""
    if isinstance(nest, Slot):
        return {nest.index: "/".join(path) or names[nest.index]}
    found: dict[int, str] = {}
    items = nest.items() if isinstance(nest, Mapping) else enumerate(nest)
    for key, item in items:
        is_in_list = isinstance(item, Slot) and not isinstance(nest, Mapping)
        found |= _paths(item, names, *path, names[item.index] if is_in_list else str(key))
    return found


def _listed_values(inputs: Any, names: Sequence[str], spare: Collection[str] = ()) -> list[Any]:
    """One batch for each input, from a single one, a list or a dict by name.

    Args:
        spare: Names that a dict need not have.
    """
    if isinstance(inputs, Mapping):
        missing = [name for name in names if name not in inputs and name not in spare]
        if missing:
            raise ConfigError(
                Text(
                    f"No values for the inputs {', '.join(missing)}.",
                    f"缺少输入 {'、'.join(missing)} 的数据。",
                )
            )
        return [inputs.get(name) for name in names]
    listed = isinstance(inputs, (list, tuple))
    is_each = listed and (len(names) > 1 or (len(inputs) == 1 and hasattr(inputs[0], "shape")))
    values = list(inputs) if is_each else [inputs]
    if len(values) != len(names):
        raise ConfigError(
            Text(
                f"The model has {len(names)} inputs ({', '.join(names)}), got {len(values)}.",
                f"模型有 {len(names)} 个输入（{'、'.join(names)}），实际传入 {len(values)} 个。",
            )
        )
    return values
