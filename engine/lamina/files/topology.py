"""The layers of a model and how they hang together: Keras' config to and from the graph document.

A Sequential lists its layers in a row. A functional model gives each layer its calls
(`inbound_nodes`); a tensor is named by (layer, call, output). A layer that is called twice becomes,
in the document, a node and a second one that `shares` it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lamina.files.keras_objects import (
    as_list,
    as_mapping,
    as_text,
    is_neutral,
    keras_object,
    layer_class,
    layer_from_keras,
    layer_to_keras,
    refuse,
    short,
)
from lamina.graph.check import check_graph
from lamina.graph.document import BLOCK, DEEPEST, FORMAT, VERSION, Edge, Graph, Node
from lamina.graph.fixes import free_id
from lamina.graph.order import keras_order
from lamina.graph.report import Report
from lamina.layer import Layer
from lamina.naming import safe_id
from lamina.operation import Op
from lamina.problems import GraphError

TENSOR = "__keras_tensor__"
TENSOR_KEYWORDS = ("inputs", "query", "value", "key")
"""Names by which a call may give its tensors, in the order of the ports."""


@dataclass(frozen=True)
class ReadModel:
    """What a model's config says.

    Args:
        graph: The layers and links.
        is_sequential: Whether Keras wrote a Sequential.
        trainable: False when the model was frozen as a whole.
        report: The check of the graph, which has no errors: shapes and layers by node id.
    """

    graph: Graph
    is_sequential: bool
    trainable: bool
    report: Report


# ---------------------------------------------------------------------------------------------
# write


def model_to_keras(graph: Graph, layers: Sequence[Layer], *, is_sequential: bool) -> dict[str, Any]:
    """Keras' form of the model, without its name; a Sequential when it was made as one.

    Args:
        graph: The document of the model.
        layers: Its layers; their names are node ids.
        is_sequential: Whether the model was made as a Sequential.
    """
    by_name = {safe_id(layer.name): layer for layer in layers}
    for layer in layers:
        if layer.uses_call or isinstance(layer, Op):
            raise refuse(
                f'"{layer.name}" ({type(layer).__name__}) is an op or a layer of your own, which a .keras file cannot '
                "hold yet. Save the weights with save_weights.",
                f"“{layer.name}”（{type(layer).__name__}）是运算或自定义层，.keras 文件暂时无法保存。请用 save_weights 保存权重。",
            )
    if is_sequential:
        return keras_object("keras", "Sequential", _sequential_config(graph, by_name))
    return keras_object("keras", "Model", _functional_config(graph, by_name))


def _entry_of(layer: Layer) -> dict[str, Any]:
    """Keras' form of a layer, or of a model inside the model."""
    if layer.inner_graph is None:
        return layer_to_keras(layer)
    entry = model_to_keras(layer.inner_graph, layer.layers, is_sequential=layer.is_sequential)
    entry["config"] |= {"name": layer.name, "trainable": layer.trainable}
    return entry


def _sequential_config(graph: Graph, layers: Mapping[str, Layer]) -> dict[str, Any]:
    entries = [
        input_to_keras(node) if node.type == "Input" else _entry_of(layers[node.id])
        for node in keras_order(graph)
    ]
    return {"dtype": "float32", "layers": entries}


def input_to_keras(node: Node) -> dict[str, Any]:
    """Keras' form of an Input node."""
    config = {
        "batch_shape": [None, *node.config["shape"]],
        "dtype": node.config.get("data_type", "float32"),
        "name": node.id,
    }
    return keras_object("keras.layers", "InputLayer", config)


def _functional_config(graph: Graph, layers: Mapping[str, Layer]) -> dict[str, Any]:
    report = check_graph(graph)
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
        known = report.nodes[edge.node]
        history = [*place[edge.node], edge.output]
        config = {"shape": list(known.output_shape), "dtype": known.dtype, "keras_history": history}
        return {"class_name": TENSOR, "config": config}

    def inbound(node: Node) -> dict[str, Any]:
        tensors = [tensor(edge) for edge in node.inputs]
        takes_list = layers[node.shares or node.id].takes_list
        args = [tensors] if takes_list else tensors
        return {"args": args, "kwargs": _keywords_of(node)}

    entries = []
    for owner in keras_order(graph):
        if owner.type == "Input":
            entry, inbound_nodes = input_to_keras(owner), []
        else:
            entry = _entry_of(layers[owner.id])
            ordered = sorted(calls[owner.id], key=lambda node: place[node.id][1])
            inbound_nodes = [inbound(node) for node in ordered]
        entries.append({**entry, "name": owner.id, "inbound_nodes": inbound_nodes})
    return {
        "layers": entries,
        "input_layers": _single_or_list([[n.id, 0, 0] for n in graph.nodes if n.type == "Input"]),
        "output_layers": _single_or_list([[*place[e.node], e.output] for e in graph.outputs]),
    }


def _keywords_of(node: Node) -> dict[str, Any]:
    """Keywords of a call as Keras writes them: whether it is as in training; nothing else can be in a file."""
    if node.call is None:
        return {}
    given = {key: value for key, value in node.call["kwargs"].items() if value is not None}
    if set(given) - {"training"}:
        raise refuse(
            f'"{node.id}" is called with {", ".join(given)}, which a .keras file cannot hold yet.',
            f"调用“{node.id}”时使用了 {'、'.join(given)}，.keras 文件暂时无法保存。",
        )
    return given


def _single_or_list(tensors: list[list[Any]]) -> list[Any]:
    return tensors[0] if len(tensors) == 1 else tensors


# ----------------------------------------------------------------------------------------------
# read


def model_from_keras(entry: Mapping[str, Any], depth: int = 1) -> ReadModel:
    """The graph of a serialized model.

    Raises:
        FileFormatError: If it is not a Sequential or functional model of layers that exist here, or
            what it says does not fit together.
    """
    class_name = as_text(entry.get("class_name"), "class_name")
    config = as_mapping(entry.get("config"), f"config of {class_name}")
    is_sequential = class_name == "Sequential"
    if depth > DEEPEST:
        raise refuse(
            f"Models stand inside each other more than {DEEPEST} deep.",
            f"模型嵌套超过 {DEEPEST} 层。",
        )
    if not is_sequential and "input_layers" not in config:
        raise refuse(
            f"The model is a {short(class_name)} of its author's own; only Sequential and functional models can be "
            "read.",
            f"该模型为作者自定义的 {short(class_name)}；只能读取 Sequential 和函数式模型。",
        )
    reader = _SequentialReader(config, depth) if is_sequential else _FunctionalReader(config, depth)
    document = {
        "format": FORMAT,
        "version": VERSION,
        "name": as_text(config.get("name") or "model", "name of the model")[:200],
        "nodes": reader.nodes,
        "outputs": reader.outputs,
        "blocks": reader.blocks,
    }
    report = check_graph(document)
    if report.errors:
        said = GraphError(report.errors).text
        raise refuse(
            f"The model in the file does not fit together: {said.en}",
            f"文件中的模型无法成立：{said.zh}",
        )
    trainable = config.get("trainable") is not False
    return ReadModel(Graph.parse(document).normalized(), is_sequential, trainable, report)


def node_id(name: str, taken: set[str]) -> str:
    """A layer's name as a node id: what an id cannot have becomes `_`, and it is made unique."""
    found = free_id(safe_id(name), taken)
    taken.add(found)
    return found


def _input_config(config: Mapping[str, Any], what: str) -> dict[str, Any]:
    """Parameters of an Input node from those of an InputLayer, of this Keras or an older one."""
    for key in ("sparse", "ragged", "optional"):
        if not is_neutral(key, config.get(key)):
            raise refuse(
                f"{what} is {key}, which is not supported.", f"{what} 为 {key}，暂不支持。"
            )
    shape = config.get("batch_shape") or config.get("batch_input_shape")
    # A batch size that is fixed in the file changes no number, so it is let go.
    sample = as_list(shape, f"shape of {what}")[1:]
    return {"shape": sample, "data_type": config.get("dtype") or "float32"}


MODELS = ("Sequential", "Functional", "Model")
"""Classes of models that can stand inside a model."""


def _read_entry(
    entry: Mapping[str, Any], depth: int, blocks: list[dict[str, Any]]
) -> tuple[str, str, dict[str, Any]]:
    """Name, node type and parameters of a layer, or of a model, which becomes a block."""
    if entry.get("class_name") not in MODELS:
        return layer_from_keras(entry)
    inner = model_from_keras(entry, depth + 1)
    name = _name_of(entry)
    id_ = node_id(name, {block["id"] for block in blocks})
    blocks.append({"id": id_, "graph": inner.graph.to_json(), "sequential": inner.is_sequential})
    return name, BLOCK, {"block": id_}


class _SequentialReader:
    """Nodes, blocks and outputs of a Sequential's config."""

    def __init__(self, config: Mapping[str, Any], depth: int) -> None:
        self.blocks: list[dict[str, Any]] = []
        self.nodes: list[dict[str, Any]] = []
        self._taken: set[str] = set()
        entries = as_list(config.get("layers"), "layers")
        for position, raw in enumerate(entries):
            entry = as_mapping(raw, f"layer {position}")
            if entry.get("class_name") == "InputLayer":
                own = as_mapping(entry.get("config"), "config of InputLayer")
                self._add(str(own.get("name") or "input"), "Input", _input_config(own, "The input"))
            else:
                if not self.nodes:
                    self._add_input(config, entry)
                self._add(*_read_entry(entry, depth, self.blocks))
        self.outputs = [{"node": node["id"]} for node in self.nodes[-1:]]

    def _add_input(self, config: Mapping[str, Any], first: Mapping[str, Any]) -> None:
        """The input of a model whose first layer, not an InputLayer, says the shape."""
        own = as_mapping(first.get("config"), "config of the first layer")
        shape = (
            own.get("batch_shape")
            or own.get("batch_input_shape")
            or config.get("build_input_shape")
        )
        if shape is None:
            raise refuse(
                "The model was saved before it knew the shape of its input. Build it before saving.",
                "保存时模型尚不知道输入形状。请先构建（build）再保存。",
            )
        is_tokens = first.get("class_name") == "Embedding"
        given = {"batch_shape": shape, "dtype": "int64" if is_tokens else "float32"}
        self._add("input", "Input", _input_config(given, "The input"))

    def _add(self, name: str, type_: str, config: dict[str, Any]) -> None:
        inputs = [{"node": node["id"]} for node in self.nodes[-1:]]
        id_ = node_id(name, self._taken)
        self.nodes.append({"id": id_, "type": type_, "config": config, "inputs": inputs})


class _FunctionalReader:
    """Nodes, blocks and outputs of a functional model's config."""

    def __init__(self, config: Mapping[str, Any], depth: int) -> None:
        self.blocks: list[dict[str, Any]] = []
        self._depth = depth
        self._ids: dict[tuple[str, int], str] = {}
        entries = [as_mapping(e, "a layer") for e in as_list(config.get("layers"), "layers")]
        self._name_calls(entries)
        read = [node for entry in entries for node in self._nodes_of(entry)]
        order = [self._tensor(t) for t in _tensors_of(config.get("input_layers"), "input_layers")]
        inputs = {edge["node"]: position for position, edge in enumerate(order)}
        # The model takes its inputs in this order; the rest keeps the file's.
        self.nodes = sorted(read, key=lambda node: inputs.get(node["id"], len(inputs)))
        self.outputs = [
            self._tensor(t) for t in _tensors_of(config.get("output_layers"), "output_layers")
        ]

    def _name_calls(self, entries: Sequence[Mapping[str, Any]]) -> None:
        """Give each call of each layer its node id, before any link refers to one."""
        taken: set[str] = set()
        for entry in entries:
            name = _name_of(entry)
            if (name, 0) in self._ids:
                raise refuse(f'Two layers are called "{name}".', f"有两个层都叫“{name}”。")
            self._ids[name, 0] = node_id(name, taken)
        for entry in entries:
            name = _name_of(entry)
            for number in range(1, len(_calls_of(entry))):
                self._ids[name, number] = node_id(f"{self._ids[name, 0]}__{number}", taken)

    def _nodes_of(self, entry: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        name, first = _name_of(entry), self._ids[_name_of(entry), 0]
        class_name = as_text(entry.get("class_name"), "class_name")
        if class_name == "InputLayer":
            layer_class(entry, class_name, name)
            config = _input_config(as_mapping(entry.get("config"), name), f'The input "{name}"')
            yield {"id": first, "type": "Input", "config": config, "inputs": []}
            return
        _, type_, config = _read_entry(entry, self._depth, self.blocks)
        for number, call in enumerate(_calls_of(entry)):
            node: dict[str, Any] = {"id": self._ids[name, number], "type": type_}
            node["config"] = {} if number else config
            node["inputs"] = [self._tensor(history) for history in _inputs_of(call, name)]
            if number:
                node["shares"] = first
            yield node

    def _tensor(self, history: Any) -> dict[str, Any]:
        """The edge of a (layer, call, output)."""
        match history:
            case [str(layer), int(call), int(output), *_] if (layer, call) in self._ids:
                edge: dict[str, Any] = {"node": self._ids[layer, call]}
                return {**edge, "output": output} if output else edge
        raise refuse(
            f"The file refers to {short(history)}, which is no output of a layer in it.",
            f"文件引用了 {short(history)}，但其中没有这样的层输出。",
        )


def _name_of(entry: Mapping[str, Any]) -> str:
    config = entry.get("config")
    inner = config.get("name") if isinstance(config, Mapping) else None
    return as_text(entry.get("name") or inner, "name of a layer")


def _calls_of(entry: Mapping[str, Any]) -> list[Any]:
    return as_list(entry.get("inbound_nodes") or [], f'inbound_nodes of "{_name_of(entry)}"')


def _inputs_of(call: Any, name: str) -> Iterator[Any]:
    """The (layer, call, output) of each tensor of one call, in order."""
    if isinstance(call, list):  # Keras 2: [[layer, call, output, keywords], …]
        for tensor in call:
            match tensor:
                case [_, _, _, dict(keywords)]:
                    _check_keywords(keywords, name)
            yield tensor
        return
    call = as_mapping(call, f'A call of "{name}"')
    keywords = dict(as_mapping(call.get("kwargs") or {}, f'keywords of "{name}"'))
    given = [*as_list(call.get("args"), f'arguments of "{name}"')]
    given.extend(keywords.pop(key) for key in TENSOR_KEYWORDS if key in keywords)
    _check_keywords(keywords, name)
    yield from _histories(given, name)


def _histories(value: Any, name: str) -> Iterator[Any]:
    if isinstance(value, list):
        for item in value:
            yield from _histories(item, name)
    elif isinstance(value, Mapping) and value.get("class_name") == TENSOR:
        yield as_mapping(value.get("config"), TENSOR).get("keras_history")
    else:
        raise refuse(
            f'"{name}" is called with {short(value)}, which is not supported; only tensors are.',
            f"调用“{name}”时使用了 {short(value)}，暂不支持；只支持张量。",
        )


def _check_keywords(keywords: Mapping[str, Any], name: str) -> None:
    for key, value in keywords.items():
        # Keras writes its own default, and lets the model around a layer decide anyway.
        if not (key == "training" and isinstance(value, bool)) and not is_neutral(key, value):
            raise refuse(
                f'"{name}" is called with {key} = {short(value)}, which is not supported.',
                f"调用“{name}”时使用了 {key} = {short(value)}，暂不支持。",
            )


def _tensors_of(value: Any, what: str) -> list[Any]:
    """The tensors of `input_layers` or `output_layers`, in the order of Keras' flattening."""
    match value:
        case [str(), int(), int(), *_]:
            return [value]
        case dict():
            return [tensor for key in sorted(value) for tensor in _tensors_of(value[key], what)]
        case list():
            return [tensor for item in value for tensor in _tensors_of(item, what)]
    raise refuse(
        f"{what} holds {short(value)}, which names no tensor.",
        f"{what} 中的 {short(value)} 不是张量。",
    )
