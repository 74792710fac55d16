"""Passes over the program of an inference, or of a frozen part of a training: fewer passes over what layers give.

The results are the same up to rounding, and so are gradients.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, fx

CONVOLUTIONS: frozenset[Callable[..., Any]] = frozenset(
    {torch.conv1d, torch.conv2d, torch.conv3d, F.linear}
)
"""What can scale and shift its outputs for nothing; the kernel's first axis is that of the outputs."""

FRESH: frozenset[Callable[..., Any]] = CONVOLUTIONS | {
    F.batch_norm, F.group_norm, F.layer_norm, F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d,
    F.max_pool1d, F.max_pool2d, F.max_pool3d, F.avg_pool1d, F.avg_pool2d, F.avg_pool3d, operator.add,
}  # fmt: skip
"""What gives memory of its own and needs it for no gradient; others say so by an attribute `gives_fresh`."""

IN_PLACE = frozenset(
    {F.relu, F.relu6, F.hardtanh, F.leaky_relu, F.elu, F.selu, F.silu, F.mish, F.hardsigmoid, F.hardswish, F.threshold}
)  # fmt: skip
"""Functions that can be told to write over what they are given."""
IN_PLACE_AS: dict[Callable[..., Any], Callable[..., Any]] = {
    torch.sigmoid: torch.sigmoid_,
    torch.tanh: torch.tanh_,
}
"""Functions, and others that do the same in place."""


WORTH_FOLDING = 16
"""Samples from which the pass that is saved costs more than the arithmetic on the kernel."""


def fuse(graph: fx.Graph, *, in_place: bool) -> None:
    """Run all passes on a program's graph, in place.

    Args:
        in_place: Whether activations may write over what they are given. A recorded training decides that itself.
    """
    fold_normalizations(graph)
    if in_place:
        bag_embeddings(graph)
        overwrite(graph)
    graph.lint()


def fold_normalizations(graph: fx.Graph) -> None:
    """Put a normalization by kept statistics into the kernel and the bias of what is before it."""
    for node in list(graph.nodes):
        if node.target is not F.batch_norm or node.kwargs.get("training") is not False:
            continue
        source = node.args[0]
        if source.target not in CONVOLUTIONS or len(source.users) > 1 or source.kwargs:
            continue
        statistics = (*node.args[1:3], node.kwargs.get("weight"), node.kwargs.get("bias"))
        with graph.inserting_before(node):
            joined = graph.call_function(
                NORMALIZED[source.target],
                (*statistics, node.kwargs.get("eps", 1e-5), *source.args),
            )
        node.replace_all_uses_with(joined)
        graph.erase_node(node)
        graph.erase_node(source)


def _normalized(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def normalized(
        mean: Tensor,
        variance: Tensor,
        gamma: Tensor | None,
        beta: Tensor | None,
        epsilon: float,
        x: Tensor,
        kernel: Tensor,
        bias: Tensor | None,
        *options: Any,
    ) -> Tensor:
        # of a product with more axes the outputs stand last, and what is normalized is the second axis
        is_apart = function is F.linear and x.dim() != 2
        if is_apart or x.shape[0] < WORTH_FOLDING:
            y = function(x, kernel, bias, *options)
            return F.batch_norm(y, mean, variance, gamma, beta, eps=epsilon)
        scale = torch.rsqrt(variance + epsilon)
        if gamma is not None:
            scale = scale * gamma
        shift = (-mean if bias is None else bias - mean) * scale
        if beta is not None:
            shift = shift + beta
        by_output = scale.view(-1, *[1] * (kernel.dim() - 1))
        return function(x, (kernel * by_output).to(kernel.dtype), shift.to(kernel.dtype), *options)

    normalized.gives_fresh = True  # type: ignore[attr-defined]
    return normalized


NORMALIZED = {function: _normalized(function) for function in CONVOLUTIONS}
"""Functions that normalize by kept statistics what the convolution or product gives.

They take mean, variance, gamma, beta, each (outputs), and epsilon, then what that takes.
"""


def bag_embeddings(graph: fx.Graph) -> None:
    """The mean over a sequence of embeddings without the sequence."""
    for node in list(graph.nodes):
        if (node.target, node.args[1:], dict(node.kwargs)) != ("mean", ((1,),), {"keepdim": False}):
            continue
        looked_up = node.args[0]
        if looked_up.target is not F.embedding or len(looked_up.users) > 1:
            continue
        with graph.inserting_before(node):
            mean = graph.call_function(mean_of_rows, looked_up.args[:2])
        node.replace_all_uses_with(mean)
        graph.erase_node(node)
        graph.erase_node(looked_up)


def mean_of_rows(indices: Tensor, rows: Tensor) -> Tensor:
    """The mean of the rows that each line of indices (batch, length) names: (batch, features)."""
    if indices.dim() == 2 and rows.is_floating_point():
        try:
            return F.embedding_bag(indices, rows, mode="mean")
        except RuntimeError:
            pass  # an index that is no row: what follows says so in the same words as everywhere
    return F.embedding(indices, rows).mean(1)


def overwrite(graph: fx.Graph) -> None:
    """Let activations write over what they are given, where nothing else sees that."""
    for node in graph.nodes:
        if not node.args or not _is_fresh(node.args[0]):
            continue
        if node.target in IN_PLACE:
            node.kwargs = {**node.kwargs, "inplace": True}
        elif node.target in IN_PLACE_AS and node.op == "call_function":
            node.target = IN_PLACE_AS[node.target]


def _is_fresh(node: Any) -> bool:
    """Whether one call alone sees the memory of a value."""
    while isinstance(node, fx.Node) and len(node.users) == 1:
        if node.op == "call_function":
            target: Any = node.target
            return target in FRESH or getattr(target, "gives_fresh", False)
        if node.op != "call_method" or node.target != "permute":
            return False
        node = node.args[0]
    return False
