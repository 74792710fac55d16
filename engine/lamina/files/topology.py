"""The graph document of a model from Keras' config; `graph_to_keras` says what that looks like.

A layer that is called twice becomes, in the document, a node and a second one that `shares` it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lamina.calls import Slot, encode, is_deep, take_apart
from lamina.errors import LaminaError
from lamina.files.call_forms import FIXED, from_form, without_neutral
from lamina.files.keras_objects import (
    ReadLayer,
    as_list,
    as_mapping,
    as_text,
    layer_class,
    layer_from_keras,
    refuse,
    short,
)
from lamina.files.operations import call_of_op, is_operation, op_from_keras
from lamina.graph.check import GivenLayers, check_graph
from lamina.graph.document import BLOCK, DEEPEST, FORMAT, VERSION, Graph
from lamina.graph.fixes import free_id
from lamina.graph.report import Report
from lamina.layer import LAYERS, Layer
from lamina.layer.calling import parameters_of
from lamina.naming import safe_id
from lamina.nests import nest_of, plainly
from lamina.neutral import is_neutral
from lamina.problems import GraphError
from lamina.saving_registry import own_object

TENSOR_KEYWORDS = ("inputs", "sequences", "query", "value", "key")
"""Names by which a call may give its tensors, in the order of the ports."""


@dataclass(frozen=True)
class ReadModel:
    """What a model's config says.

    Args:
        graph: The layers and links.
        is_sequential: Whether Keras wrote a Sequential.
        trainable: False when the model was frozen as a whole.
        report: The check of the graph, which has no errors: shapes and layers by node id.
        given: Layers that the graph cannot describe, by node id.
        input_nest: Nest in which the model takes its inputs, with slots, where it is more than a list.
        output_nest: Nest of the outputs, likewise.
    """

    graph: Graph
    is_sequential: bool
    trainable: bool
    report: Report
    given: GivenLayers = field(default_factory=dict)
    input_nest: Any = None
    output_nest: Any = None


def is_graph(entry: Mapping[str, Any]) -> bool:
    """Whether a serialized model is a Sequential or a functional one, and not one of a user's class."""
    module = str(entry.get("module") or "keras").split(".")[0]
    is_keras = module in ("keras", "tensorflow", "tf_keras") and own_object(entry) is None
    config = entry.get("config")
    return is_keras or (
        own_object(entry) is None and isinstance(config, Mapping) and "input_layers" in config
    )


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
    report = _checked(document, reader.given)
    if report.errors:
        said = GraphError(report.errors).text
        raise refuse(
            f"The model in the file does not fit together: {said.en}",
            f"文件中的模型无法成立：{said.zh}",
        )
    graph = Graph.parse(document)
    return ReadModel(
        graph if reader.given else graph.normalized(),
        is_sequential,
        config.get("trainable") is not False,
        report,
        reader.given,
        reader.input_nest,
        reader.output_nest,
    )


def _checked(document: Mapping[str, Any], given: GivenLayers) -> Report:
    try:
        return check_graph(document, given)
    except LaminaError:
        raise
    except (TypeError, ValueError, RuntimeError, IndexError, KeyError, AttributeError) as error:
        raise refuse(
            f"A layer of the model cannot be run as the file says: {type(error).__name__}: {error}",
            f"模型中的某个层无法按文件所述运行：{type(error).__name__}：{error}",
        ) from error


def node_id(name: str, taken: set[str]) -> str:
    """A layer's name as a node id: what an id cannot have becomes `_`, and it is made unique."""
    found = free_id(safe_id(name), taken)
    taken.add(found)
    return found


def _input_config(config: Mapping[str, Any], what: str) -> dict[str, Any]:
    """Parameters of an Input node from those of an InputLayer, of this Keras or an older one."""
    for key in ("sparse", "ragged"):
        if not is_neutral(key, config.get(key)):
            raise refuse(
                f"{what} is {key}, which is not supported.", f"{what} 为 {key}，暂不支持。"
            )
    shape = config.get("batch_shape") or config.get("batch_input_shape")
    batch, *sample = as_list(shape, f"shape of {what}") or [None]
    read = {"shape": sample, "data_type": config.get("dtype") or "float32"}
    if batch is not None:
        read["batch_size"] = batch
    return {**read, "optional": True} if config.get("optional") else read


MODELS = ("Sequential", "Functional", "Model")
"""Classes of models that can stand inside a model."""


class _Reader:
    """What readers of both kinds of models collect."""

    def __init__(self, depth: int) -> None:
        self.nodes: list[dict[str, Any]] = []
        self.outputs: list[dict[str, Any]] = []
        self.blocks: list[dict[str, Any]] = []
        self.given: dict[str, Any] = {}
        self.input_nest: Any = None
        self.output_nest: Any = None
        self._depth = depth

    def read_layer(self, entry: Mapping[str, Any]) -> tuple[ReadLayer, GivenLayers | Layer | None]:
        """A layer, or a model, which becomes a block; and what the document cannot say of it."""
        if is_operation(entry):
            name, op, _ = op_from_keras(entry)
            raise refuse(
                f'"{name}" is the operation {op.op} on tensors, which only a functional model can hold.',
                f"“{name}”是对张量的运算 {op.op}，只有函数式模型可以包含。",
            )
        if entry.get("class_name") not in MODELS or own_object(entry) is not None:
            read = layer_from_keras(entry)
            return read, read.layer
        inner = model_from_keras(entry, self._depth + 1)
        name = _name_of(entry)
        id_ = node_id(name, {block["id"] for block in self.blocks})
        self.blocks.append(
            {"id": id_, "graph": inner.graph.to_json(), "sequential": inner.is_sequential}
        )
        return ReadLayer(name, BLOCK, {"block": id_}), inner.given or None


class _SequentialReader(_Reader):
    """Nodes, blocks and outputs of a Sequential's config."""

    def __init__(self, config: Mapping[str, Any], depth: int) -> None:
        super().__init__(depth)
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
                read, given = self.read_layer(entry)
                id_ = self._add(read.name, read.type, read.config)
                if given is not None:
                    self.given[id_] = given
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

    def _add(self, name: str, type_: str, config: dict[str, Any]) -> str:
        inputs = [{"node": node["id"]} for node in self.nodes[-1:]]
        id_ = node_id(name, self._taken)
        self.nodes.append({"id": id_, "type": type_, "config": config, "inputs": inputs})
        return id_


class _FunctionalReader(_Reader):
    """Nodes, blocks and outputs of a functional model's config."""

    def __init__(self, config: Mapping[str, Any], depth: int) -> None:
        super().__init__(depth)
        self._ids: dict[tuple[str, int], str] = {}
        self._functional: set[str] = set()
        entries = [as_mapping(e, "a layer") for e in as_list(config.get("layers"), "layers")]
        self._name_calls(entries)
        read = [node for entry in entries for node in self._nodes_of(entry)]
        starts = config.get("input_layers")
        order = [self._tensor(t) for t in _tensors_of(starts, "input_layers")]
        self.input_nest = _nest_of(starts)
        inputs = {edge["node"]: position for position, edge in enumerate(order)}
        # The model takes its inputs in this order; the rest keeps the file's.
        self.nodes = sorted(read, key=lambda node: inputs.get(node["id"], len(inputs)))
        ends = config.get("output_layers")
        self.outputs = [
            self._tensor(self._as_called(t)) for t in _tensors_of(ends, "output_layers")
        ]
        self.output_nest = _nest_of(ends)

    def _as_called(self, history: Any) -> Any:
        """An output; the calls of a functional model inside the model are counted from 1 there."""
        match history:
            case [str(layer), int(call), int(output), *_] if layer in self._functional:
                return [layer, call - 1, output]
        return history

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
        if is_operation(entry):
            yield from self._op_nodes(entry, first)
            return
        read, given = self.read_layer(entry)
        if _is_functional(read, class_name):
            self._functional.add(name)
        if given is not None:
            self.given[first] = given
        for number, call in enumerate(_calls_of(entry)):
            node: dict[str, Any] = {"id": self._ids[name, number], "type": read.type}
            node["config"] = {} if number else read.config
            edges: list[dict[str, Any]] = []
            args, kwargs, fixed = self._arguments(call, name, edges)
            if read.layer is None or not read.layer.uses_call:
                args, kwargs = _of_library(args, kwargs, _class_of(read), name)
            else:
                kwargs = without_neutral(kwargs)
            if fixed is not None:
                kwargs["training"] = fixed
            yield self._linked(node, first if number else None, args, kwargs, edges)

    def _op_nodes(self, entry: Mapping[str, Any], first: str) -> Iterator[dict[str, Any]]:
        name, op, settings = op_from_keras(entry)
        self.given[first] = op
        for number, call in enumerate(_calls_of(entry)):
            edges: list[dict[str, Any]] = []
            args, kwargs, _ = self._arguments(call, name, edges)
            if op.op == "get_item" and len(args) == 2 and isinstance(args[1], list):
                args = [
                    args[0],
                    tuple(args[1]),
                ]  # JSON knows no tuples, and x[[0, 1]] is no x[0, 1]
            structure = call_of_op(op.op, args, kwargs, settings, f'"{name}"')
            node = {"id": self._ids[_name_of(entry), number], "type": op.type_name, "config": {}}
            yield self._linked(node, first if number else None, *structure, edges)

    def _arguments(
        self, call: Any, name: str, edges: list[dict[str, Any]]
    ) -> tuple[list[Any], dict[str, Any], bool | None]:
        """Arguments and keywords of a call with slots for the edges, and `training` where it was given."""

        def tensor(history: Any) -> Slot:
            edges.append(self._tensor(history))
            return Slot(len(edges) - 1)

        kwargs: dict[str, Any] = {}
        if isinstance(call, list):  # Keras 2: [[layer, call, output, keywords], …]
            for one in call:
                match one:
                    case [_, _, _, dict(old)]:
                        kwargs |= old
            return [tensor(one) for one in call], kwargs, None
        form = as_mapping(call, f'A call of "{name}"')
        given = as_list(form.get("args"), f'arguments of "{name}"')
        keywords = as_mapping(form.get("kwargs") or {}, f'keywords of "{name}"')
        args = from_form(given, tensor, f'"{name}"')
        kwargs = {key: from_form(v, tensor, f'"{name}"') for key, v in keywords.items()}
        fixed = form.get(FIXED)
        return args, kwargs, fixed if isinstance(fixed, bool) else None

    def _linked(
        self,
        node: dict[str, Any],
        shares: str | None,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        edges: Sequence[Mapping[str, Any]],
    ) -> dict[str, Any]:
        """The node with its inputs in the order of its arguments, and the arguments where they are more than those."""
        ordered: list[Any] = []
        structure = take_apart((list(args), dict(kwargs)), ordered, lambda x: isinstance(x, Slot))
        node["inputs"] = [edges[slot.index] for slot in ordered]
        plain = [Slot(index) for index in range(len(ordered))]
        if structure != (plain, {}):
            node["call"] = {
                "args": encode(structure[0], node["id"]),
                "kwargs": encode(structure[1], node["id"]),
            }
        if shares is not None:
            node["shares"] = shares
        return node

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


def _is_functional(read: ReadLayer, class_name: str) -> bool:
    """Whether a layer is what Keras calls Functional."""
    layer: Any = read.layer
    if layer is None:
        return read.type == BLOCK and class_name != "Sequential"
    return layer.inner_graph is not None and not layer.is_sequential


def _class_of(read: ReadLayer) -> type[Layer]:
    if read.layer is not None:
        return type(read.layer)
    return Layer if read.type == BLOCK else LAYERS.get(read.type)


def _of_library(
    args: Sequence[Any], kwargs: Mapping[str, Any], cls: type[Layer], name: str
) -> tuple[list[Any], dict[str, Any]]:
    """The arguments of a call of a layer of the library: its ports in order, and keywords that it knows."""
    keywords = dict(kwargs)
    names = dict.fromkeys((*TENSOR_KEYWORDS, *cls.call_arguments))
    given = [*args, *(keywords.pop(name) for name in names if name in keywords)]
    ports: list[Any] = []
    for value in _flat(given):
        if not isinstance(value, Slot):
            if value is None:
                continue
            raise refuse(
                f'"{name}" is called with {short(value)}, which is not supported; only tensors are.',
                f"调用“{name}”时使用了 {short(value)}，暂不支持；只支持张量。",
            )
        ports.append(value)
    known: dict[str, Any] = {}
    for key, value in keywords.items():
        if key == "training" and isinstance(value, bool):
            continue  # Keras writes its own default, and lets the model around a layer decide anyway
        if isinstance(value, list) and all(item is None for item in value):
            continue
        if key in parameters_of(cls) and value is not None and value is not False:
            is_one = key == "initial_state" and isinstance(value, Slot)
            known[key] = [value] if is_one else value
        elif not is_neutral(key, value):
            raise refuse(
                f'"{name}" is called with {key} = {short(value)}, which is not supported.',
                f"调用“{name}”时使用了 {key} = {short(value)}，暂不支持。",
            )
    return ports, known


def _flat(value: Any) -> Iterator[Any]:
    for item in value:
        if isinstance(item, (list, tuple)):
            yield from _flat(item)
        elif isinstance(item, Mapping):
            yield from _flat([item[key] for key in sorted(item)])
        else:
            yield item


def _nest_of(value: Any) -> Any:
    """The nest of `input_layers` or `output_layers` with slots; None for one tensor or a list.

    A file knows no tuples; a configuration that was never in one does.
    """
    nest = plainly(nest_of(value, [], _is_tensor))
    return nest if is_deep(nest) or isinstance(nest, (dict, tuple)) else None


def _is_tensor(value: Any) -> bool:
    match value:
        case [str(), int(), int(), *_]:
            return True
    return False


def _tensors_of(value: Any, what: str) -> list[Any]:
    """The tensors of `input_layers` or `output_layers`, in the order of Keras' flattening."""
    match value:
        case [str(), int(), int(), *_]:
            return [value]
        case dict():
            return [tensor for key in sorted(value) for tensor in _tensors_of(value[key], what)]
        case [*items]:
            return [tensor for item in items for tensor in _tensors_of(item, what)]
    raise refuse(
        f"{what} holds {short(value)}, which names no tensor.",
        f"{what} 中的 {short(value)} 不是张量。",
    )
