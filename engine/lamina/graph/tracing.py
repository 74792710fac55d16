"""From symbolic tensors to a graph document."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from lamina.calls import encode
from lamina.errors import ConfigError
from lamina.graph.document import BLOCK, Block, Edge, Graph, Node
from lamina.layer import Layer
from lamina.naming import safe_id
from lamina.symbolic import Call, SymbolicTensor
from lamina.text import Text


def trace(
    inputs: Sequence[SymbolicTensor], outputs: Sequence[SymbolicTensor], name: str
) -> tuple[Graph, dict[str, Layer]]:
    """The graph between inputs and outputs, and its layers by node id.

    Raises:
        ConfigError: If an output depends on an Input that is not among the inputs, or two layers have one name.
    """
    calls = [*(x.call for x in inputs), *calls_behind(outputs)]
    given = {x.call for x in inputs}
    layers: dict[str, Layer] = {}
    nodes: list[Node] = []
    for call in dict.fromkeys(calls):
        if not call.inputs and call not in given:
            raise ConfigError(
                Text(
                    f'An output depends on the Input "{call.node_id}", which is not among the model\'s inputs.',
                    f"某个输出依赖 Input“{call.node_id}”，但它不在模型的输入之中。",
                )
            )
        if layers.setdefault(call.node_id, call.layer) is not call.layer:
            raise ConfigError(
                Text(
                    f'Two layers of the model are called "{call.node_id}". Give one another name.',
                    f"模型中有两个层都叫“{call.node_id}”。请给其中一个改名。",
                )
            )
        nodes.append(_node(call, layers))
    edges = [_edge(x) for x in outputs]
    blocks = [
        Block.model_construct(
            id=safe_id(layer.name), graph=layer.inner_graph, sequential=bool(layer.is_sequential)
        )
        for layer in dict.fromkeys(layers.values())
        if layer.inner_graph is not None
    ]
    return Graph.parse(Graph(name=name, nodes=nodes, outputs=edges).to_json()).model_copy(
        update={"blocks": blocks}
    ), layers


def _node(call: Call, layers: dict[str, Layer]) -> Node:
    """The node of a call; later calls of a layer in the model share the node of its first."""
    first = next((key for key, layer in layers.items() if layer is call.layer), call.node_id)
    shares = first if first != call.node_id else None
    return Node.model_construct(
        id=call.node_id,
        type=BLOCK if call.layer.inner_graph is not None else call.layer.type_name,
        config={} if shares else _config(call.layer),
        inputs=[_edge(x) for x in call.inputs],
        shares=shares,
        call=None if call.is_plain else _arguments(call),
    )


def _edge(tensor: SymbolicTensor) -> Edge:
    return Edge(node=tensor.call.node_id, output=tensor.index)


def _config(layer: Layer) -> dict[str, Any]:
    """Parameters of a node; a layer that a user wrote is not made from a document, so it has none."""
    if layer.inner_graph is not None:
        return {"block": safe_id(layer.name)}
    return {} if layer.uses_call else layer.node_config()


def _arguments(call: Call) -> dict[str, Any]:
    args, kwargs = call.structure
    return {
        "args": encode(list(args), call.node_id),
        "kwargs": encode(dict(kwargs), call.node_id),
    }


def calls_behind(
    outputs: Sequence[SymbolicTensor], stops: Collection[int] = frozenset()
) -> list[Call]:
    """The calls that tensors depend on, inputs first, without recursion.

    Args:
        outputs: The tensors.
        stops: Tensors, by `id`, whose calls are not asked for.
    """
    ordered: list[Call] = []
    done: set[Call] = set()
    for output in outputs:
        stack = [] if id(output) in stops else [(output.call, False)]
        while stack:
            call, inputs_done = stack.pop()
            if inputs_done:
                ordered.append(call)
            elif call not in done:
                done.add(call)
                stack.append((call, True))
                stack.extend((x.call, False) for x in reversed(call.inputs) if id(x) not in stops)
    return ordered
