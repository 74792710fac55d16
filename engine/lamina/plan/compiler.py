"""From a graph and its layers to a program: one flat torch.fx module for training, one for inference.

Every layer's `forward` is traced and inlined, so a step is a straight list of torch calls with no layer, hook or
dictionary in between. Tensors come in and go out in Keras' layout.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, fx, nn

from lamina.calls import (
    Slot,
    is_tensor,
    mask_of,
    put_together,
    reading_weights_in,
    set_mask,
    take_apart,
)
from lamina.graph.document import Graph, Node, call_structure
from lamina.graph.order import topological
from lamina.layer import Layer, Shape
from lamina.plan.fusing import fuse
from lamina.plan.layout import optimize


@dataclass(frozen=True)
class Results:
    """What a program gives for one batch.

    Args:
        outputs: One tensor per output.
        masks: The mask of each output, (batch, time) of bool, or None.
        losses: What layers add to the loss.
    """

    outputs: tuple[Tensor, ...]
    masks: tuple[Tensor | None, ...]
    losses: tuple[Tensor, ...]


class Program:
    """A compiled forward pass.

    Call it with the inputs' batches, in the order of the graph's Inputs; it gives a tuple of outputs.

    Args:
        network: The layers that were traced.
        graph: What they do; it gives the outputs, and behind them masks and losses where there are any.
        stripped: For each output, whether it comes without the softmax or sigmoid it ends in.
        outputs: Number of outputs.
    """

    def __init__(
        self, network: nn.Module, graph: fx.Graph, stripped: tuple[bool, ...], outputs: int
    ) -> None:
        self.stripped = stripped
        self.notes: dict[str, Any] = {}
        """What others found out about it; forgotten with it."""
        self._network = network
        self._graph = graph
        self._outputs = outputs
        given = graph.output_node().args[0]
        assert isinstance(given, (tuple, list))
        self.has_extras = len(given) > outputs
        """Whether there can be masks or losses besides the outputs."""
        bare, places = _without_tensors(network, graph)
        called = fx.GraphModule(network, bare, "Program")
        self.modules = list(called.modules())
        """What is called and not traced."""
        self._places = places
        run = called.forward
        self._run: Callable[[tuple[Tensor, ...]], Any] = lambda inputs: run(
            inputs, *[held[name] for held, name in places]
        )

    @property
    def tensors(self) -> list[Tensor]:
        """The weights and statistics of layers that it uses."""
        return [held[name] for held, name in self._places]

    @cached_property
    def module(self) -> fx.GraphModule:
        """The pass as a module, which finds its tensors by their paths."""
        return fx.GraphModule(self._network, self._graph, "Program")

    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        outputs: tuple[Tensor, ...] = self._run(inputs)
        return outputs[: self._outputs] if self.has_extras else outputs

    def full(self, *inputs: Tensor) -> Results:
        """The outputs with their masks, and what layers add to the loss."""
        return self.results_of(self._run(inputs))

    def results_of(self, given: tuple[Any, ...]) -> Results:
        """What the module gave, sorted."""
        count = self._outputs
        if not self.has_extras:
            return Results(given, (None,) * count, ())
        losses = tuple(loss for loss in given[2 * count :] if loss is not None)
        return Results(given[:count], given[count : 2 * count], losses)

    @property
    def code(self) -> str:
        """The program as Python source."""
        return str(self.module.code)


class Opaque(nn.Module):
    """A layer that a user wrote, as one step of a program: it is called, not traced.

    Args:
        layer: The layer.
        structure: Arguments and keywords of its call, with slots for the tensors.
        inputs: Number of those tensors; their masks follow them.
        training: Whether the program is one for training.
    """

    layer: Layer

    def __init__(
        self, layer: Layer, structure: tuple[Any, Any], inputs: int, *, training: bool
    ) -> None:
        super().__init__()
        self.__dict__["layer"] = layer  # its weights belong to it, not to the program
        self.structure = structure
        self.inputs = inputs
        self.__dict__["is_training"] = training

    def forward(self, *tensors: Any) -> tuple[Any, ...]:
        """The outputs, their masks, and the sum of what was added to the loss or None."""
        layer = self.layer
        given = [layer.convert_input(x) for x in tensors[: self.inputs]]
        for position, mask in enumerate(tensors[self.inputs :]):
            if mask is not None:
                given[position] = given[position].view_as(given[position])
                set_mask(given[position], mask)
        args, kwargs = put_together(self.structure, given)
        if kwargs.get("training") is None:
            kwargs["training"] = self.__dict__["is_training"]
        layer.take_added_losses()
        outputs = layer.run_call(args, kwargs)
        leaves: list[Any] = []
        take_apart(outputs, leaves, is_tensor)
        added = layer.take_added_losses()
        loss = sum(torch.as_tensor(value) for value in added) if added else None
        return (*leaves, *map(mask_of, leaves), loss)


class LayerByLayer(nn.Module):
    """The layers of a graph, run one after the other: what is traced, and what is measured layer by layer."""

    def __init__(
        self,
        graph: Graph,
        layers: Mapping[str, Layer],
        inputs: Sequence[str],
        *,
        training: bool,
        recompute: bool = True,
    ) -> None:
        super().__init__()
        unique = list({id(layer): layer for layer in layers.values()}.values())
        self.layers = nn.ModuleList(layer for layer in unique if not layer.uses_call)
        self.graph = graph
        self.by_node = dict(layers)
        self.inputs = list(inputs)
        order, _ = topological({node.id: [e.node for e in node.inputs] for node in graph.nodes})
        self.order = [graph.node(node_id) for node_id in order]
        self.structures: dict[str, tuple[Any, Any]] = {}
        self.parts = nn.ModuleDict()
        ends = {edge.node for edge in graph.outputs}
        for node in self.order:
            structure = call_structure(node)
            fixed = structure[1].get("training")
            is_training = training if fixed is None else bool(fixed)
            self.structures[node.id] = structure
            layer = self.by_node[node.id]
            # What gives an output is the first that its gradients need: computing it again would save nothing.
            may_recompute = is_training and recompute and node.id not in ends
            if layer.uses_call or (may_recompute and _is_recomputed(layer, node)):
                self.parts[f"part_{node.id}"] = Opaque(
                    layer, structure, len(node.inputs), training=is_training
                )
            elif layer.inner_graph is not None:
                self.parts[f"part_{node.id}"] = type(self)(
                    layer.inner_graph,
                    layer.layers_by_node,
                    layer.input_names,
                    training=is_training,
                    recompute=recompute,
                )
        self.__dict__["is_training"] = training

    def part(self, node: Node) -> nn.Module | None:
        """The network of a block, or the step of a layer that is called and not traced; None for all others."""
        key = f"part_{node.id}"
        found: nn.Module | None = self.parts[key] if key in self.parts else None  # noqa: SIM401 - a ModuleDict has no get
        return found

    def forward(self, inputs: tuple[Tensor, ...]) -> tuple[Any, ...]:
        outputs, masks, losses = self.run([inputs[i] for i in range(len(self.inputs))])
        if losses or any(mask is not None for mask in masks):
            return (*outputs, *masks, *losses)
        return tuple(outputs)

    def run(
        self, inputs: Sequence[Any], input_masks: Sequence[Any] | None = None
    ) -> tuple[list[Any], list[Any], list[Any]]:
        """Outputs, their masks and added losses."""
        values: dict[str, list[Any]] = {}
        masks: dict[str, list[Any]] = {}
        losses: list[Any] = []
        for position, node_id in enumerate(self.inputs):
            values[node_id] = [inputs[position]]
            masks[node_id] = [None if input_masks is None else input_masks[position]]
        for node in self.order:
            if node.id not in values:
                given = [values[edge.node][edge.output] for edge in node.inputs]
                given_masks = [masks[edge.node][edge.output] for edge in node.inputs]
                values[node.id], masks[node.id], added = self.step(node, given, given_masks)
                losses.extend(added)
        edges = self.graph.outputs
        return (
            [values[edge.node][edge.output] for edge in edges],
            [masks[edge.node][edge.output] for edge in edges],
            losses,
        )

    def step(
        self, node: Node, given: list[Any], masks: list[Any]
    ) -> tuple[list[Any], list[Any], list[Any]]:
        """Outputs of one node, their masks and added losses."""
        layer = self.by_node[node.id]
        part = self.part(node)
        if isinstance(part, LayerByLayer):
            return part.run(self._for_inputs(node, part, given), masks)
        if part is not None:
            return self._opaque(node, layer, given, masks)
        args, kwargs = put_together(self.structures[node.id], self._converted(node, layer, given))
        slots = self.structures[node.id][0]
        port_masks = [masks[slot.index] if isinstance(slot, Slot) else None for slot in slots]
        if kwargs.get("mask") is not None:
            said = kwargs["mask"]
            said = list(said) if isinstance(said, (list, tuple)) else [said]
            port_masks = [*said, *port_masks[len(said) :]][: len(slots)]
        elif "mask" in layer.call_parameters and any(m is not None for m in port_masks):
            kwargs["mask"] = port_masks[0] if len(port_masks) == 1 else port_masks
        if layer.has_no_state and (shapes := self._shapes_into(node)):
            layer.built_for = shapes  # a layer used twice may see two shapes
        fixed = kwargs.pop("training", None)
        before = layer.training
        layer.train(self.__dict__["is_training"] if fixed is None else bool(fixed))
        with reading_weights_in(layer.weights_cast_to):
            outputs = layer.forward(*args, **kwargs)
        layer.train(before)
        specs = layer.call_specs.get(node.id, ())
        if isinstance(outputs, (list, tuple)):
            values = list(outputs)
        elif len(specs) > 1:
            values = [outputs[index] for index in range(len(specs))]
        else:
            values = [outputs]
        added = []
        if layer.activity_regularizer is not None:
            added = [layer.activity_regularizer(x) / x.shape[0] for x in values]
        return values, layer.output_masks(args, port_masks, len(values)), added

    def _shapes_into(self, node: Node) -> tuple[Shape, ...] | None:
        """The shapes of what enters a node, where they are known of all."""
        found = []
        for edge in node.inputs:
            specs = self.by_node[edge.node].call_specs.get(edge.node, ())
            if edge.output >= len(specs):
                return None
            found.append(specs[edge.output].shape)
        return tuple(found)

    def _types(self, node: Node) -> list[str]:
        """What is known of the types of the tensors that come in."""
        return [
            self.by_node[edge.node].call_specs[edge.node][edge.output].dtype for edge in node.inputs
        ]

    def _converted(self, node: Node, layer: Layer, given: list[Any]) -> list[Any]:
        """The tensors in the type in which a layer computes."""
        wanted = layer.policy.torch_compute_dtype
        if wanted is None:
            return given
        return [
            x.to(wanted) if layer.converts(dtype) else x
            for x, dtype in zip(given, self._types(node), strict=True)
        ]

    def _for_inputs(self, node: Node, part: LayerByLayer, given: list[Any]) -> list[Any]:
        """The tensors in the types that the Inputs of a model in the model have."""
        wanted = [part.by_node[name].output_dtype() for name in part.inputs]
        return [
            x.to(getattr(torch, to)) if "float" in to and "float" in dtype and to != dtype else x
            for x, to, dtype in zip(given, wanted, self._types(node), strict=True)
        ]

    def _opaque(
        self, node: Node, layer: Layer, given: list[Any], masks: list[Any]
    ) -> tuple[list[Any], list[Any], list[Any]]:
        results = self.parts[f"part_{node.id}"](*given, *masks)
        specs = layer.call_specs[node.id]
        count = len(specs)
        values = [results[i] for i in range(count)]
        carried = [results[count + i] if spec.has_mask else None for i, spec in enumerate(specs)]
        return values, carried, [results[2 * count]]


def _is_recomputed(layer: Layer, node: Node) -> bool:
    """Whether a layer forgets in training what it computes, so that it must stay one step."""
    shapes = [spec.shape for spec in layer.call_specs.get(node.id, ())]
    return layer.remat_mode is not None and layer.remat_mode.holds_for(layer.name, shapes)


_ONE_TRACE = threading.RLock()
"""torch traces in one thread at a time."""


class _Tracer(fx.Tracer):
    """Inlines layers; what a layer holds of other modules stays a call.

    torch lets a tracer see the calls of all modules in the process: those of other threads are none of its business.
    """

    proxy_buffer_attributes = True

    def __init__(self) -> None:
        super().__init__()
        self._thread = threading.get_ident()

    def call_module(self, m: nn.Module, forward: Any, args: Any, kwargs: Any) -> Any:
        if threading.get_ident() != self._thread:
            return forward(*args, **kwargs)
        return super().call_module(m, forward, args, kwargs)

    def getattr(self, attr: str, attr_val: Any, parameter_proxy_cache: dict[str, Any]) -> Any:
        if threading.get_ident() != self._thread:
            return attr_val
        return super().getattr(attr, attr_val, parameter_proxy_cache)

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return not isinstance(m, (Layer, LayerByLayer))


def compile_program(
    graph: Graph,
    layers: Mapping[str, Layer],
    inputs: Sequence[str],
    *,
    training: bool,
    logits: bool,
    recompute: bool = True,
    fused: bool = False,
) -> Program:
    """The program of a graph.

    Args:
        graph: A graph without problems.
        layers: Its built layers by node id.
        inputs: Ids of its Inputs in the order in which the program takes them.
        training: Whether dropout drops and normalization normalizes by the batch.
        logits: Give outputs that end in a softmax or sigmoid without it.
        recompute: Whether layers that are to be computed again for the gradients are.
        fused: Whether it may be what no layer says by itself; see `lamina.plan.fusing`.
    """
    network = LayerByLayer(graph, layers, inputs, training=training, recompute=recompute)
    network.train(training)
    with _ONE_TRACE, torch.no_grad():
        traced = _Tracer().trace(network)
    heads = [head_of(layers[edge.node], edge.output) if logits else None for edge in graph.outputs]
    stripped = _strip_heads(traced, heads)
    optimize(traced)
    if fused:
        fuse(traced, in_place=not training)
    return Program(network, traced, stripped, len(graph.outputs))


Place = tuple[dict[str, Any], str]
"""Where a module holds a tensor."""


def _without_tensors(network: nn.Module, graph: fx.Graph) -> tuple[fx.Graph, list[Place]]:
    """A graph that is given the tensors it uses behind its inputs, so that it looks for none; and where those are."""
    bare = fx.Graph()
    taken = [node for node in graph.nodes if node.op == "get_attr"]
    others = [node for node in graph.nodes if node.op != "get_attr"]
    copied = {node: bare.placeholder(node.name) for node in (others[0], *taken)}
    for node in others[1:]:
        copied[node] = bare.node_copy(node, copied.__getitem__)
    return bare, [_place_of(network, node.target) for node in taken]


def _place_of(network: nn.Module, path: str) -> Place:
    owner, _, name = path.rpartition(".")
    module = network.get_submodule(owner)
    held = (module._parameters, module._buffers, vars(module))
    return next((tensors, name) for tensors in held if name in tensors)


def head_of(layer: Layer, output: int) -> str | None:
    """The activation that an output of a layer has passed last."""
    if layer.inner_graph is None:
        return layer.output_activation()
    edge = layer.inner_graph.outputs[output]
    return head_of(layer.layers_by_node[edge.node], edge.output)


def _strip_heads(graph: fx.Graph, heads: Sequence[str | None]) -> tuple[bool, ...]:
    """Let outputs skip the softmax or sigmoid they end in; says which ones do."""
    output = graph.output_node()
    values: list[Any] = list(output.args[0])  # type: ignore[arg-type]
    functions = {"softmax": torch.softmax, "sigmoid": torch.sigmoid}
    stripped = [False] * len(heads)
    for position, (value, head) in enumerate(zip(values, heads, strict=False)):
        if isinstance(value, fx.Node) and head in functions and value.target is functions[head]:
            values[position], stripped[position] = value.args[0], True
            output.args = (tuple(values),)
            if not value.users:
                graph.erase_node(value)
    return tuple(stripped)
