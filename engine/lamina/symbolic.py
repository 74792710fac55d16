"""Symbolic tensors: calling a layer on one records a node instead of computing.

A symbolic tensor knows its shape and which call of which layer made it; `lamina.graph` turns what hangs together
into a graph document.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lamina.errors import ConfigError, ShapeError
from lamina.layer import Layer, Shape, shape_text
from lamina.text import Text


@dataclass(frozen=True, eq=False)
class Call:
    """One call of a layer: a node of a graph to be.

    Args:
        layer: The layer called.
        inputs: What it was called on.
        number: 0 for the layer's first call; later ones share its weights.
        node_id: Id of the node in a graph.
    """

    layer: Layer
    inputs: tuple[SymbolicTensor, ...]
    number: int
    node_id: str


class SymbolicTensor:
    """A tensor that stands for what a layer will give.

    Args:
        shape: Sizes of the axes, the batch (None) first.
        dtype: Type of the elements.
        call: The call that makes it.
    """

    def __init__(self, shape: Shape, dtype: str, call: Call) -> None:
        self.shape = shape
        self.dtype = dtype
        self.call = call

    @property
    def name(self) -> str:
        return self.call.node_id

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def graph_call(self, layer: Layer, inputs: Sequence[Any]) -> SymbolicTensor:
        """Record a call of `layer`; see `Layer.__call__`."""
        return call_layer(layer, inputs)

    def __repr__(self) -> str:
        return f"<SymbolicTensor shape={self.shape}, dtype={self.dtype}, name={self.name}>"

    def __array__(self, *_args: Any, **_kwargs: Any) -> Any:
        raise TypeError(
            f'"{self.name}" is symbolic: it has a shape, {shape_text(self.shape)}, but no values yet. '
            "Build a Model and call predict."
        )


def call_layer(layer: Layer, inputs: Sequence[Any], node_id: str | None = None) -> SymbolicTensor:
    """Record one call: check the inputs, create the weights, give the symbolic output.

    Args:
        layer: The layer.
        inputs: Symbolic tensors, one for each of its ports.
        node_id: Id of the node; the layer's name, with a number for later calls, when left out.

    Raises:
        ConfigError: If the number or kind of inputs is wrong.
        ShapeError: If the shapes do not fit.
    """
    tensors = tuple(inputs)
    for x in tensors:
        if not isinstance(x, SymbolicTensor):
            raise ConfigError(
                Text(
                    f'"{layer.name}" is called on symbolic tensors and on {type(x).__name__} at once; use one kind.',
                    f"“{layer.name}”同时收到符号张量和 {type(x).__name__}；请只用一种。",
                )
            )
    check_arity(layer, len(tensors))
    shapes = [x.shape for x in tensors]
    shape = layer.output_shape(*shapes)
    if layer.built:
        _check_shared(layer, shapes)
    layer.build(*shapes)
    number = layer.__dict__.setdefault("calls", 0)
    layer.__dict__["calls"] = number + 1
    dtype = layer.output_dtype(*(x.dtype for x in tensors))
    node_id = node_id or (f"{layer.name}__{number}" if number else layer.name)
    output = SymbolicTensor(shape, dtype, Call(layer, tensors, number, node_id))
    if number == 0:
        layer.__dict__["output"] = output
        layer.__dict__["input"] = tensors[0] if len(tensors) == 1 else (list(tensors) or output)
    return output


def check_arity(layer: Layer, count: int) -> None:
    """Raise a `ConfigError` when a layer cannot take so many inputs."""
    least, most = layer.ports.least_inputs, layer.ports.most_inputs
    if count < least or (most is not None and count > most):
        needs = str(least) if least == most else f"{least} or more"
        noun = "input" if needs == "1" else "inputs"
        needs_zh = str(least) if least == most else f"至少 {least}"
        raise ConfigError(
            Text(
                f'{layer.type_name} "{layer.name}" takes {needs} {noun}, got {count}.',
                f"{layer.type_name}“{layer.name}”需要 {needs_zh} 个输入，实际为 {count} 个。",
            )
        )


def _check_shared(layer: Layer, shapes: Sequence[Shape]) -> None:
    """A layer used again must fit the weights it has."""
    needed = {weight.name: weight.shape for weight in layer.weights_for(*shapes)}
    for variable in layer.variables:
        if variable.name in needed and needed[variable.name] != variable.shape:
            raise ShapeError(
                Text(
                    f'"{layer.name}" was built for {shape_text(layer.built_for[0])} and cannot also take '
                    f"{shape_text(shapes[0])}: its {variable.name} would need another shape. Use a second layer.",
                    f"“{layer.name}”已按 {shape_text(layer.built_for[0])} 构建，无法再用于 {shape_text(shapes[0])}："
                    f"其 {variable.name} 需要不同的形状。请使用另一个层。",
                )
            )
