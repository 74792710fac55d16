"""`clone_model`: a model of the same layers with fresh weights, whose layers and calls can be exchanged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lamina.calls import in_slots, is_deep, put_together, take_apart
from lamina.errors import ConfigError, NotSupportedError
from lamina.graph.document import call_structure
from lamina.graph.order import topological
from lamina.layer import Layer
from lamina.layer.stored import is_own
from lamina.layers.core.input import Input, InputLayer
from lamina.model import Model, Sequential
from lamina.operation import Op
from lamina.symbolic import SymbolicTensor, is_optional
from lamina.text import Text

CloneFunction = Callable[[Any], Any]


def clone_model(
    model: Model,
    input_tensors: Any = None,
    clone_function: CloneFunction | None = None,
    call_function: Callable[..., Any] | None = None,
    recursive: bool = False,
    **kwargs: Any,
) -> Model:
    """A model of the same layers with fresh weights.

    Args:
        model: A Sequential or functional model, or one of a user's class with a get_config; it is not changed.
        input_tensors: Symbolic tensors to build it on; new Inputs when left out.
        clone_function: Gives the layer to stand in the place of a layer; one made from its configuration when left out.
        call_function: Called as (layer, *args, **kwargs) for each call of a layer in a functional model; gives its outputs.
        recursive: Whether models inside the model are cloned in the same way, instead of by `clone_function`.

    Raises:
        ConfigError: If an argument does not go with that kind of model.

    >>> from lamina.layers import Dense
    >>> model = Sequential([Input((4,)), Dense(3), Dense(1)])
    >>> clone_model(model).count_params()
    19
    """
    if kwargs:
        raise TypeError(f"clone_model has no argument {next(iter(kwargs))!r}.")
    if model.uses_call or is_own(type(model)):
        if clone_function or call_function or input_tensors is not None:
            raise _not_for(
                f'"{model.name}" ({type(model).__name__})',
                "input_tensors, clone_function or call_function",
            )
        copied = type(model).from_config(model.get_config())
        assert isinstance(copied, Model)
        return copied
    clone = _cloning(clone_function or _copy, call_function, recursive=recursive)
    if isinstance(model, Sequential):
        if call_function is not None:
            raise _not_for(f'"{model.name}" (Sequential)', "call_function")
        copied = _sequential(model, input_tensors, clone)
    else:
        copied = _functional(model, input_tensors, clone, call_function or _call)
    if model.compiled and (config := model.get_compile_config()) is not None:
        copied.compile_from_config(config)
    return copied


def _not_for(what: str, arguments: str) -> ConfigError:
    return ConfigError(
        Text(
            f"clone_model cannot take {arguments} for {what}.",
            f"clone_model 不能对 {what} 使用 {arguments}。",
        )
    )


def _copy(layer: Layer) -> Layer:
    return type(layer).from_config(layer.get_config())


def _call(layer: Layer, *args: Any, **kwargs: Any) -> Any:
    return layer(*args, **kwargs)


def _cloning(function: CloneFunction, call: Any, *, recursive: bool) -> CloneFunction:
    """`function`, once for each layer; models inside the model by themselves where that is wished."""
    made: dict[int, Any] = {}

    def clone(layer: Any) -> Any:
        if id(layer) not in made:
            if isinstance(layer, Op):
                copied: Any = Op(layer.function, layer.op, name=layer.name)
            elif recursive and isinstance(layer, Model) and not layer.uses_call:
                within = None if isinstance(layer, Sequential) else call
                copied = clone_model(
                    layer, clone_function=function, call_function=within, recursive=True
                )
            else:
                copied = function(layer)
            if not isinstance(copied, Layer):
                raise ConfigError(
                    Text(
                        f'clone_function has to give a layer for "{layer.name}", got {type(copied).__name__}.',
                        f"clone_function 必须为“{layer.name}”返回一个层，实际为 {type(copied).__name__}。",
                    ),
                    field="clone_function",
                )
            made[id(layer)] = copied
        return made[id(layer)]

    return clone


def _sequential(model: Sequential, input_tensors: Any, clone: CloneFunction) -> Model:
    start: list[Any] = []
    if input_tensors is not None:
        (x,) = _starts(model, input_tensors, 1)
        start = [x]
    elif model.built:
        start = [_again(model.inputs[0])]
    copied = Sequential([*start, *map(clone, model.layers)], name=model.name)
    if not model.trainable:
        copied.trainable = False
    return copied


def _functional(
    model: Model, input_tensors: Any, clone: CloneFunction, call: Callable[..., Any]
) -> Model:
    if not model.built:
        raise ConfigError(
            Text(
                f'"{model.name}" does not know the shape of its input yet. Add an Input or call build.',
                f"“{model.name}”尚不知道输入形状。请添加 Input 或调用 build。",
            )
        )
    starts = (
        [_again(x) for x in model.inputs]
        if input_tensors is None
        else _starts(model, input_tensors, len(model.inputs))
    )
    known: dict[tuple[str, int], Any] = {
        (x.call.node_id, 0): start for x, start in zip(model.inputs, starts, strict=True)
    }
    graph = model.graph
    order, _ = topological({node.id: [e.node for e in node.inputs] for node in graph.nodes})
    for node_id in order:
        if (node_id, 0) in known:
            continue
        node = graph.node(node_id)
        given = [known[edge.node, edge.output] for edge in node.inputs]
        args, kwargs = put_together(call_structure(node), given)
        leaves: list[Any] = []
        outputs = call(clone(model.layers_by_node[node_id]), *args, **kwargs)
        take_apart(outputs, leaves, lambda x: isinstance(x, SymbolicTensor))
        known.update(((node_id, index), x) for index, x in enumerate(leaves))
    ends = [known[edge.node, edge.output] for edge in graph.outputs]
    inputs = put_together(model.__dict__["input_nest"], starts)
    copied = Model(inputs, put_together(model.__dict__["output_nest"], ends), name=model.name)
    if not model.trainable:
        copied.trainable = False
    return copied


def _again(x: SymbolicTensor) -> SymbolicTensor:
    """A new Input like another one."""
    layer = x.call.layer
    return Input(batch_shape=x.shape, dtype=x.dtype, name=layer.name, optional=is_optional(x))


def _starts(model: Model, given: Any, count: int) -> list[SymbolicTensor]:
    nest = model.__dict__["input_nest"]
    if isinstance(nest, dict) or is_deep(nest):
        given = in_slots(nest, given, Text("input_tensors", "input_tensors "))
    tensors = [given] if isinstance(given, SymbolicTensor) else given
    if not isinstance(tensors, Sequence) or len(tensors) != count:
        raise ConfigError(
            Text(
                f'"{model.name}" has {count} inputs; give as many symbolic tensors as input_tensors.',
                f"“{model.name}”有 {count} 个输入；input_tensors 应包含同样多的符号张量。",
            ),
            field="input_tensors",
        )
    for x in tensors:
        if not isinstance(x, SymbolicTensor) or not isinstance(x.call.layer, InputLayer):
            raise NotSupportedError(
                Text(
                    "clone_model builds on Inputs; to build on other tensors, clone the model and call it on them.",
                    "clone_model 只能以 Input 为输入；若要用于其他张量，请先克隆模型再调用它。",
                )
            )
    return list(tensors)
