"""Passes over a traced program that leave its results as they are and take work out of it.

Layers state their arithmetic in Keras' layout, channels last, and turn images for torch's kernels by `permute`. In a
chain of layers those turns meet: they are moved through element-wise operations until they cancel, and what is left
is torch's channels_last format without a copy. relu before a max pooling moves behind it, where there is less of it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import fx

ELEMENTWISE: frozenset[Callable[..., Any]] = frozenset(
    {
        F.relu, F.relu6, F.leaky_relu, F.elu, F.selu, F.gelu, F.silu, F.mish, F.hardsigmoid, F.hardswish, F.hardtanh,
        F.softplus, F.softsign, F.threshold, F.dropout, torch.sigmoid, torch.tanh, torch.exp, torch.clamp,
    }
)  # fmt: skip
"""Functions of one tensor that treat each element alike."""

Order = tuple[int, ...]


def optimize(graph: fx.Graph) -> None:
    """Run all passes on a program's graph, in place."""
    sink_permutes(graph)
    pool_before_relu(graph)
    pass_through_outputs(graph)
    graph.lint()


def sink_permutes(graph: fx.Graph) -> None:
    """Move permutes behind element-wise operations and join those that meet; those that turn nothing are left out."""
    for node in list(graph.nodes):
        if (inner := _permute(node)) is not None:
            if inner == tuple(range(len(inner))):
                node.replace_all_uses_with(node.args[0])
                graph.erase_node(node)
            else:
                _join(graph, node, inner)
        elif node.op == "call_function" and node.target in ELEMENTWISE:
            _sink(graph, node, node.args[:1])
        elif node.op == "call_function" and node.target is operator.add:
            _sink(graph, node, node.args)


def _permute(node: Any) -> Order | None:
    """The order of axes when the node is a permute by a constant order."""
    if isinstance(node, fx.Node) and node.op == "call_method" and node.target == "permute":
        order: Any = node.args[1]
        return tuple(order) if isinstance(order, (tuple, list)) else None
    return None


def _join(graph: fx.Graph, node: fx.Node, order: Order) -> None:
    """permute(permute(x)) -> permute(x), or x."""
    source = node.args[0]
    first = _permute(source)
    if first is None:
        return
    assert isinstance(source, fx.Node)
    joined = tuple(first[axis] for axis in order)
    x = source.args[0]
    if joined == tuple(range(len(joined))):
        assert isinstance(x, fx.Node)
        node.replace_all_uses_with(x)
        graph.erase_node(node)
    else:
        node.args = (x, joined)
    _erase_if_unused(graph, source)


def _sink(graph: fx.Graph, node: fx.Node, operands: tuple[Any, ...]) -> None:
    """f(permute(x), …) -> permute(f(x, …)) when all operands are turned alike."""
    orders = {_permute(operand) for operand in operands}
    if len(orders) != 1 or (order := orders.pop()) is None:
        return
    if len(operands) > 1 and len({_rank(operand) for operand in operands}) > 1:
        return
    bare = tuple(operand.args[0] for operand in operands)
    node.args = (*bare, *node.args[len(operands) :])
    with graph.inserting_after(node):
        turned = graph.call_method("permute", (node, order))
    node.replace_all_uses_with(turned, delete_user_cb=lambda user: user is not turned)
    for operand in operands:
        _erase_if_unused(graph, operand)


def _rank(permute: fx.Node) -> int:
    order = permute.args[1]
    assert isinstance(order, (tuple, list))
    return len(order)


def pool_before_relu(graph: fx.Graph) -> None:
    """max(relu(x)) -> relu(max(x)) for pools and whole axes: the same values, with fewer of them to rectify.

    So are the gradients: none reaches x where its largest value is not above zero, in either order.
    """
    for node in list(graph.nodes):
        if not _takes_largest(node) or (relu := _rectified(node.args[0])) is None:
            continue
        rectified = relu.args[0]
        assert isinstance(rectified, fx.Node)
        relu.replace_all_uses_with(rectified)
        graph.erase_node(relu)
        with graph.inserting_after(node):
            after = graph.call_function(F.relu, (node,))
        node.replace_all_uses_with(
            after, delete_user_cb=lambda user, after=after: user is not after
        )


def pass_through_outputs(graph: fx.Graph) -> None:
    """Let what is computed from an output begin at that very tensor, not at the one of which it is a turn.

    So a later output can be differentiated by an earlier one, as saliency maps of a layer are made.
    """
    for value in graph.output_node().all_input_nodes:
        order = _permute(value)
        if order is None or len(value.args[0].users) == 1:  # type: ignore[union-attr]
            continue
        source = value.args[0]
        assert isinstance(source, fx.Node)
        others = [user for user in source.users if user is not value]
        with graph.inserting_after(source):
            turned = graph.call_method("permute", (source, order))
        with graph.inserting_after(turned):
            back = graph.call_method("permute", (turned, _inverse(order)))
        value.replace_all_uses_with(turned)
        graph.erase_node(value)
        for user in others:
            user.replace_input_with(source, back)


def _inverse(order: Order) -> Order:
    axes = [axis % len(order) for axis in order]
    return tuple(axes.index(axis) for axis in range(len(order)))


def _takes_largest(node: fx.Node) -> bool:
    if node.op == "call_method":
        return node.target == "amax"
    return node.op == "call_function" and node.target in _MAX_POOLS


_MAX_POOLS = frozenset({F.max_pool1d, F.max_pool2d, F.max_pool3d})


def _rectified(node: Any) -> fx.Node | None:
    """The relu that a node is, or of which it is a turn, if nothing else uses either."""
    while _permute(node) is not None and len(node.users) == 1:
        node = node.args[0]
    is_relu = isinstance(node, fx.Node) and node.target is F.relu and len(node.users) == 1
    return node if is_relu else None


def _erase_if_unused(graph: fx.Graph, node: Any) -> None:
    if isinstance(node, fx.Node) and not node.users and node.op != "placeholder":
        graph.erase_node(node)
