"""A model as plain PyTorch source: one `nn.Module` that needs nothing but torch.

The source is derived from the program that the layers themselves make when they are traced, so a new
layer has it without a line here. Tensors go in and out as in the model: batch first, channels last.
Nothing is computed and no weight is allocated on the way.
"""

from __future__ import annotations

import inspect
import operator
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import fx, nn

from lamina.errors import NotSupportedError
from lamina.export.literals import call_source, text_literal, variable_name
from lamina.export.source import TEMPLATES
from lamina.export.torch_functions import INFIX, Helpers, without_defaults
from lamina.export.torch_initial import initial_source
from lamina.graph.check import check_graph
from lamina.graph.document import Graph
from lamina.graph.report import Report
from lamina.initializers import STFT
from lamina.layer import Layer, Shape, Weight
from lamina.plan.compiler import compile_program
from lamina.problems import GraphError
from lamina.text import Text

INDENT = 8
"""Columns before a statement of a method."""

RESERVED = {"torch", "nn", "F", "math", "self", "model"}


@dataclass(frozen=True)
class _Attribute:
    """One weight of the generated module."""

    name: str
    owner: str
    weight: Weight
    layer: Layer

    @property
    def torch_shape(self) -> tuple[int, ...]:
        order = self.weight.to_torch or range(len(self.weight.shape))
        return tuple(self.weight.shape[axis] for axis in order)

    def declaration(self) -> str:
        sizes = ", ".join(map(str, self.torch_shape)) or "()"
        type_ = self.weight.dtype or "float32"
        values = f"torch.empty({sizes}{'' if type_ == 'float32' else f', dtype=torch.{type_}'})"
        if not self.weight.trainable:
            return f"self.register_buffer({text_literal(self.name)}, {values})"
        frozen = "" if self.layer.trainable else ", requires_grad=False"
        return f"self.{self.name} = nn.Parameter({values}{frozen})"


@dataclass
class _Scope:
    """What the statements of a function refer to by name."""

    attributes: Mapping[str, str]
    inputs: Sequence[str]
    helpers: Helpers
    taken: set[str]
    names: dict[fx.Node, str] = field(default_factory=dict)


def pytorch_source(graph: Graph | Mapping[str, Any]) -> str:
    """Python source of the model as an `nn.Module` called `Network`; the last line makes `model`.

    Args:
        graph: A graph document.

    Raises:
        GraphError: With every problem of the graph.
    """
    report = check_graph(graph)
    if report.errors:
        raise GraphError(report.errors)
    graph = Graph.parse(graph)
    attributes = _attributes(graph, report)
    taken = set(RESERVED)
    input_nodes = [node.id for node in graph.nodes if node.type == "Input"]
    inputs = [variable_name(node_id, taken) for node_id in input_nodes]
    programs = [
        compile_program(graph, report.layers, input_nodes, training=training, logits=False).module
        for training in (True, False)
    ]
    for program in programs:
        _leave_outputs(program.graph, len(graph.outputs))
    helpers = Helpers({text for program in programs for text in _texts(program.graph)})
    training, inference = (
        list(_statements(p.graph, _Scope(_places(p, attributes), inputs, helpers, {*taken})))
        for p in programs
    )
    return TEMPLATES.get_template("pytorch.py.jinja").render(
        helpers=helpers.sources,
        uses_math=any(re.search(r"\bmath\.", source) for source in helpers.sources),
        inputs=[(v, _shape_text(report, i)) for v, i in zip(inputs, input_nodes, strict=True)],
        outputs=[_shape_text(report, edge.node) for edge in graph.outputs],
        rules=list(_rules(report, attributes)),
        attributes=[a.declaration() for a in attributes],
        initial=[s for a in attributes for s in initial_source(f"self.{a.name}", a.weight)],
        training=training,
        inference=inference,
    )


def _shape_text(report: Report, node_id: str) -> str:
    sizes = report.nodes[node_id].output_shape[1:]
    return f"({', '.join(['batch', *('any' if s is None else str(s) for s in sizes)])})"


def _rules(report: Report, attributes: Sequence[_Attribute]) -> Iterator[str]:
    """What training does beside the forward pass, for people to read."""
    for a in attributes:
        for rule in (a.weight.regularizer, a.weight.constraint):
            if rule is not None:
                yield f"{a.name}: {_described(rule)}"
    for node_id, layer in report.layers.items():
        if layer.activity_regularizer is not None:
            yield f"output of {node_id}: {_described(layer.activity_regularizer)}"


def _described(rule: Any) -> str:
    config = rule.get_config() if hasattr(rule, "get_config") else {}
    return f"{type(rule).__name__}({', '.join(f'{k}={v!r}' for k, v in config.items())})"


def _leave_outputs(graph: fx.Graph, count: int) -> None:
    """Cut off the masks and losses behind the outputs, with what only they need."""
    end = graph.output_node()
    given = end.args[0]
    assert isinstance(given, (tuple, list))
    end.args = (tuple(given[:count]),)
    waiting = [node for node in given[count:] if isinstance(node, fx.Node)]
    while waiting:
        node = waiting.pop()
        if node in graph.nodes and not node.users and node.op != "placeholder":
            waiting.extend(node.all_input_nodes)
            graph.erase_node(node)


# ------------------------------------------------------------------------------------------ weights


def _attributes(graph: Graph, report: Report) -> list[_Attribute]:
    """The weights of all layers, which get them as shapes without values, ready to be traced."""
    taken: set[str] = set(dir(nn.Module)) | {"reset_parameters"}
    attributes = []
    for node_id in report.order:
        node, layer = graph.node(node_id), report.layers[node_id]
        if node.shares is not None:
            continue
        shapes = [report.nodes[edge.node].output_shape for edge in node.inputs]
        for weight in _give_shapes(layer, shapes):
            name = variable_name(f"{node_id}_{weight.name}", taken)
            attributes.append(_Attribute(name, node_id, weight, layer))
    return attributes


def _give_shapes(layer: Layer, shapes: Sequence[Shape]) -> list[Weight]:
    """Build a layer on the meta device: its weights have shapes and nothing else."""
    weights = list(layer.weights_for(*shapes))
    if layer.policy.name != "float32":
        raise NotSupportedError(
            Text(
                f'"{layer.name}" has the dtype policy {layer.policy.name}, which cannot be written as PyTorch source yet. '
                "Take it out, and run the model inside torch.autocast.",
                f"“{layer.name}”的 dtype 策略为 {layer.policy.name}，暂时无法导出为 PyTorch 源码。请去掉它，改在 torch.autocast 中运行模型。",
            )
        )
    layer.built_for, layer.built = tuple(shapes), True
    is_transform = any(isinstance(weight.initializer, STFT) for weight in weights)
    if layer.group == "preprocessing" and (
        is_transform or [*layer.named_children(), *layer.named_buffers()]
    ):
        raise NotSupportedError(
            Text(
                f'{type(layer).__name__} "{layer.name}" cannot be written as PyTorch source yet. Prepare the data '
                "before the model instead.",
                f"{type(layer).__name__}“{layer.name}”暂时无法导出为 PyTorch 源码。请在模型之前处理数据。",
            )
        )
    # Where noise comes from is not part of the source: torch's own generator is used.
    for name, _ in list(layer.named_children()):
        setattr(layer, name, None)
    for weight in weights:
        values = torch.empty(weight.shape, device="meta")
        values = values if weight.to_torch is None else values.permute(weight.to_torch)
        if weight.trainable:
            layer.register_parameter(f"_{weight.name}", nn.Parameter(values))
        else:
            layer.register_buffer(f"_{weight.name}", values)
    return weights


def _places(module: fx.GraphModule, attributes: Sequence[_Attribute]) -> dict[str, str]:
    """Where the traced program keeps each weight -> its attribute in the source."""
    names = {id(getattr(a.layer, f"_{a.weight.name}")): a.name for a in attributes}
    tensors = [
        *module.named_parameters(remove_duplicate=False),
        *module.named_buffers(remove_duplicate=False),
    ]
    return {path: names[id(tensor)] for path, tensor in tensors}


# --------------------------------------------------------------------------------------- statements


def _statements(graph: fx.Graph, scope: _Scope) -> Iterator[str]:
    for node in graph.nodes:  # before any variable gets its name: none may hide a function
        if node.op == "call_function" and _is_named(node.target):
            scope.taken.add(scope.helpers.name_of(node.target))
    for node in graph.nodes:
        if node.op == "placeholder":
            continue
        if node.op == "output":
            values = [_value(value, scope) for value in node.args[0]]
            yield f"return {', '.join(values)}"
        elif node.op == "get_attr":
            scope.names[node] = f"self.{scope.attributes[str(node.target)]}"
        elif node.target is operator.getitem and _is_inputs(node.args[0]):
            scope.names[node] = scope.inputs[node.args[1]]
        elif node.users:
            variable = variable_name(node.name, scope.taken)
            yield f"{variable} = {_expression(node, scope, before=len(variable) + 3)}"
            scope.names[node] = variable
        else:
            yield _expression(node, scope)


def _texts(graph: fx.Graph) -> Iterator[str]:
    for node in graph.nodes:
        yield from (
            value for value in (*node.args, *node.kwargs.values()) if isinstance(value, str)
        )


def _is_inputs(value: Any) -> bool:
    return isinstance(value, fx.Node) and value.op == "placeholder"


def _is_named(function: Any) -> bool:
    """Whether a call of the function is written with its name, and not as an operator."""
    return function not in INFIX and function not in (operator.getitem, getattr)


def _expression(node: fx.Node, scope: _Scope, before: int = 0) -> str:
    arguments = [_value(argument, scope) for argument in node.args]
    target = node.target
    if node.op == "call_method":
        function, given, keywords = f"{arguments[0]}.{target}", arguments[1:], dict(node.kwargs)
    else:
        assert callable(target), node.format_node()
        if target in INFIX:
            return f"{arguments[0]} {INFIX[target]} {arguments[1]}"
        if target is operator.getitem:
            return f"{arguments[0]}[{_index(node.args[1], scope)}]"
        if target is getattr:
            return f"{arguments[0]}.{node.args[1]}"
        function, given = scope.helpers.name_of(target), arguments
        keywords = without_defaults(target, node.kwargs)
    named = [f"{key}={_value(value, scope)}" for key, value in keywords.items()]
    return call_source(function, [*given, *named], indent=INDENT, before=before)


def _index(value: Any, scope: _Scope) -> str:
    parts = value if isinstance(value, tuple) else (value,)
    return ", ".join(
        _slice(part, scope) if isinstance(part, slice) else _value(part, scope) for part in parts
    )


def _slice(part: slice, scope: _Scope) -> str:
    ends = ["" if end is None else _value(end, scope) for end in (part.start, part.stop)]
    return ":".join(ends) if part.step is None else ":".join([*ends, _value(part.step, scope)])


def _value(value: Any, scope: _Scope) -> str:
    """Source of an argument: a variable, a literal, a function, or a list of such."""
    if isinstance(value, fx.Node):
        return scope.names[value]
    if isinstance(value, str):
        return text_literal(value)
    if isinstance(value, (tuple, list)):
        items = ", ".join(_value(item, scope) for item in value)
        if isinstance(value, list):
            return f"[{items}]"
        return f"({items},)" if len(value) == 1 else f"({items})"
    if inspect.isroutine(value):
        return scope.helpers.name_of(value)
    return repr(value)  # numbers, None, torch.float32
