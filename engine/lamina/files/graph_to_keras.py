"""The layers of a model and how they hang together, as Keras' config.

A Sequential lists its layers in a row. A functional model gives each layer its calls (`inbound_nodes`); a tensor is
named by (layer, call, output).
"""

from __future__ import annotations

from typing import Any, Protocol

from lamina.calls import is_deep, put_together
from lamina.files.call_forms import FIXED, TENSOR, to_form
from lamina.files.keras_objects import keras_object, layer_to_keras
from lamina.files.operations import op_to_keras, split_call
from lamina.graph.document import Edge, Graph, Node, call_structure
from lamina.graph.order import keras_order
from lamina.layer import Layer
from lamina.layer.stored import is_own
from lamina.operation import Op


class WrittenModel(Protocol):
    """A model as the writer sees it."""

    name: str
    trainable: bool
    is_sequential: bool

    @property
    def inner_graph(self) -> Any: ...
    @property
    def layers_by_node(self) -> dict[str, Layer]: ...


def model_to_keras(model: WrittenModel) -> dict[str, Any]:
    """Keras' form of a model that is a graph; a Sequential when it was made as one."""
    if model.is_sequential:
        class_name, config = "Sequential", _sequential_config(model)
    else:
        class_name, config = "Model", _functional_config(model)
    return keras_object(
        "keras", class_name, {**config, "name": model.name, "trainable": model.trainable}
    )


def _entry_of(layer: Layer) -> dict[str, Any]:
    """Keras' form of a layer, an op, or a model inside the model."""
    if isinstance(layer, Op):
        return op_to_keras(layer)
    if layer.inner_graph is None or is_own(type(layer)):
        return layer_to_keras(layer)
    model: Any = layer
    return model_to_keras(model)


def _sequential_config(model: WrittenModel) -> dict[str, Any]:
    entries = [
        input_to_keras(node) if node.type == "Input" else _entry_of(model.layers_by_node[node.id])
        for node in keras_order(model.inner_graph)
    ]
    return {"dtype": "float32", "layers": entries}


def input_to_keras(node: Node) -> dict[str, Any]:
    """Keras' form of an Input node."""
    config = {
        "batch_shape": [node.config.get("batch_size"), *node.config["shape"]],
        "dtype": node.config.get("data_type", "float32"),
        "name": node.id,
    }
    if node.config.get("optional"):
        config["optional"] = True
    return keras_object("keras.layers", "InputLayer", config)


def _functional_config(model: WrittenModel) -> dict[str, Any]:
    graph: Graph = model.inner_graph
    layers = model.layers_by_node
    calls: dict[str, list[Node]] = {}
    for node in graph.nodes:
        calls.setdefault(node.shares or node.id, []).append(node)
    # The call that owns the layer comes first, as the numbering of Keras' own files does.
    place = {
        node.id: (owner, number)
        for owner, nodes in calls.items()
        for number, node in enumerate(sorted(nodes, key=lambda n: n.shares is not None))
    }

    def tensor(edge: Edge) -> dict[str, Any]:
        spec = layers[edge.node].call_specs[edge.node][edge.output]
        history = [*place[edge.node], edge.output]
        config = {"shape": list(spec.shape), "dtype": spec.dtype, "keras_history": history}
        return {"class_name": TENSOR, "config": config}

    def output(edge: Edge) -> list[Any]:
        owner, number = place[edge.node]
        # Keras counts a functional model's first call from 1 where its output is one of the whole.
        kind = layers[edge.node]
        is_functional = kind.inner_graph is not None and not getattr(kind, "is_sequential", False)
        return [owner, number + (1 if is_functional else 0), edge.output]

    entries = []
    for owner in keras_order(graph):
        if owner.type == "Input":
            entry, inbound_nodes = input_to_keras(owner), []
        else:
            entry = _entry_of(layers[owner.id])
            ordered = sorted(calls[owner.id], key=lambda node: place[node.id][1])
            forms = [
                _call_to_keras(node, layers[owner.id], lambda i, n=node: tensor(n.inputs[i]))
                for node in ordered
            ]
            inbound_nodes = [call for call, _ in forms]
            entry["config"] = {**entry["config"], **forms[0][1]}
        entries.append({**entry, "name": owner.id, "inbound_nodes": inbound_nodes})
    starts = [[n.id, 0, 0] for n in graph.nodes if n.type == "Input"]
    taken, nest = (getattr(model, name, None) for name in ("input_nest", "output_nest"))
    ends = [output(edge) for edge in graph.outputs]
    return {
        "layers": entries,
        "input_layers": _nested(taken, starts),
        "output_layers": _nested(nest, ends),
    }


def _call_to_keras(node: Node, layer: Layer, tensor: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Keras' form of one call, and what of it an op was made with."""
    args, kwargs = call_structure(node)
    made_with: dict[str, Any] = {}
    if isinstance(layer, Op):
        args, made_with = split_call(layer.op, (args, kwargs))
        kwargs = {}
    elif layer.names_further_tensors:
        kwargs = {**dict(zip(layer.call_arguments[1:], args[1:], strict=False)), **kwargs}
        args = args[:1]
    elif layer.takes_list or (layer.inner_graph is not None and len(args) > 1):
        args = [args]
    given = {key: value for key, value in kwargs.items() if value is not None}
    form: dict[str, Any] = {"args": to_form(args, tensor), "kwargs": to_form(given, tensor)}
    if given.get("training") is not None:
        form[FIXED] = bool(given["training"])
    return form, to_form(made_with, tensor)


def _nested(nest: Any, tensors: list[list[Any]]) -> Any:
    """The tensors by name or in their lists and dicts, where a model has them so; else one, or a list."""
    if isinstance(nest, (dict, tuple)) or is_deep(nest):
        return put_together(nest, tensors)
    return tensors[0] if len(tensors) == 1 else tensors
