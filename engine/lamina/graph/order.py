"""Orders of a graph's nodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lamina.graph.document import Graph, Node


def topological(inputs: Mapping[str, Sequence[str]]) -> tuple[list[str], list[str]]:
    """Ids with every node after its inputs, keeping the given order where it is free; and the ids on or behind a cycle.

    Args:
        inputs: For each node the ids it reads from; ids that are no keys are ignored.
    """
    waiting = {key: len({i for i in sources if i in inputs}) for key, sources in inputs.items()}
    consumers: dict[str, list[str]] = {key: [] for key in inputs}
    for key, sources in inputs.items():
        for source in dict.fromkeys(sources):
            if source in inputs:
                consumers[source].append(key)
    ready = [key for key, count in waiting.items() if count == 0]
    ordered: list[str] = []
    for key in ready:  # grows while it is walked
        ordered.append(key)
        for consumer in consumers[key]:
            waiting[consumer] -= 1
            if waiting[consumer] == 0:
                ready.append(consumer)
    done = set(ordered)
    return ordered, [key for key in inputs if key not in done]


def reachable(start: Sequence[str], neighbours: Mapping[str, Sequence[str]]) -> set[str]:
    """Ids that can be reached from `start`, itself included."""
    found: set[str] = set()
    open_ = [key for key in start if key in neighbours]
    while open_:
        key = open_.pop()
        if key not in found:
            found.add(key)
            open_.extend(k for k in neighbours[key] if k in neighbours)
    return found


def keras_order(graph: Graph) -> list[Node]:
    """The nodes that own a layer, in the order in which Keras lists a functional model's layers.

    That is by depth (the longest way to an output, largest first), and by first visit of a depth-first walk from
    the outputs where depths are equal. Weights are numbered in files in this order. A layer used twice has the
    depth of its deepest use.
    """
    visited: dict[str, int] = {}
    post_order: list[Node] = []

    def owner(node: Node) -> str:
        return node.shares or node.id

    finished: set[str] = set()
    for output in graph.outputs:
        stack: list[tuple[Node, int]] = [(graph.node(output.node), 0)]
        while stack:
            node, position = stack.pop()
            if position == 0:
                if node.id in finished:
                    continue
                visited.setdefault(owner(node), len(visited))
            if position < len(node.inputs):
                stack.append((node, position + 1))
                source = graph.node(node.inputs[position].node)
                if source.id not in finished:
                    stack.append((source, 0))
            else:
                finished.add(node.id)
                post_order.append(node)

    node_depth: dict[str, int] = {}
    layer_depth: dict[str, int] = {}
    for node in reversed(post_order):
        depth = max(node_depth.get(node.id, 0), layer_depth.get(owner(node), 0))
        layer_depth[owner(node)] = node_depth[node.id] = depth
        for edge in node.inputs:
            node_depth[edge.node] = max(depth + 1, node_depth.get(edge.node, 0))
    for node in graph.nodes:  # inputs that no output depends on still belong to the model
        if not node.inputs and owner(node) not in layer_depth and node.type == "Input":
            layer_depth[node.id], visited[node.id] = 0, -1
    owners = sorted(layer_depth, key=lambda key: (-layer_depth[key], visited[key]))
    return [graph.node(key) for key in owners]
