"""Functions around tensors that are no nodes of a graph: conversion, loops and branches in Python, custom gradients."""

from __future__ import annotations

import builtins
import functools
import math
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from lamina import tree
from lamina.errors import ConfigError, NotSupportedError
from lamina.ops.convert import convert, convert_all, dtype_name
from lamina.ops.registry import FUNCTIONS, is_symbolic, leaves, op, refuse
from lamina.text import Text

F = TypeVar("F", bound=Callable[..., Any])


def function(run: F) -> F:
    """Offer a function in `lamina.ops` that works on values alone."""

    @functools.wraps(run)
    def apply(*args: Any, **kwargs: Any) -> Any:
        if any(is_symbolic(leaf) for leaf in leaves((args, kwargs))):
            name = run.__name__
            raise NotSupportedError(
                Text(
                    f"ops.{name} needs values and cannot become a node of a graph. Write a layer that calls it.",
                    f"ops.{name} 需要具体的值，无法成为图中的节点。请编写一个调用它的层。",
                )
            )
        return run(*args, **kwargs)

    FUNCTIONS[run.__name__] = apply
    return apply  # type: ignore[return-value]


def about(run: F) -> F:
    """Offer a function that asks about tensors, symbolic ones too."""
    FUNCTIONS[run.__name__] = run
    return run


# --- what a tensor is ---------------------------------------------------------------------------------------------


@about
def shape(x: Any) -> tuple[int | None, ...]:
    """The sizes of the axes; None where a symbolic tensor does not know.

    >>> shape(torch.ones(2, 3))
    (2, 3)
    """
    return tuple(x.shape if hasattr(x, "shape") else convert(x).shape)


@about
def dtype(x: Any) -> str:
    """The name of the type of the elements.

    >>> dtype(torch.ones(2))
    'float32'
    """
    return dtype_name(x.dtype if hasattr(x, "dtype") else convert(x).dtype)


@about
def is_tensor(x: Any) -> bool:
    """Whether a value is a tensor; weights, arrays and symbolic tensors are none."""
    return isinstance(x, Tensor)


@about
def convert_to_tensor(x: Any, dtype: Any = None, sparse: Any = None, ragged: Any = None) -> Any:
    """A tensor of an array, a number, nested lists or a weight; a symbolic tensor stays.

    >>> convert_to_tensor([1, 2.5])
    tensor([1.0000, 2.5000])
    """
    if sparse or ragged:
        raise refuse(
            "convert_to_tensor",
            "sparse and ragged tensors are not supported.",
            "不支持稀疏和不规则张量。",
        )
    if is_symbolic(x):
        if dtype is not None and dtype_name(dtype) != x.dtype:
            raise refuse(
                "convert_to_tensor",
                "use ops.cast on a symbolic tensor.",
                "请对符号张量使用 ops.cast。",
            )
        return x
    return convert(x, dtype)


@function
def convert_to_numpy(x: Any) -> np.ndarray[Any, Any]:
    """An array of the values; bfloat16, which NumPy lacks, as float32.

    >>> convert_to_numpy(torch.ones(2)).tolist()
    [1.0, 1.0]
    """
    if isinstance(x, (list, tuple)):
        return np.array([convert_to_numpy(item) for item in x])
    if not isinstance(x, Tensor) and not hasattr(x, "to_keras"):
        return np.array(x)
    tensor = convert(x).detach().cpu().resolve_conj()
    return np.array((tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy())


# --- branches and loops -------------------------------------------------------------------------------------------


@function
def cond(pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    """What one of two functions gives.

    >>> cond(torch.tensor(True), lambda: 1, lambda: 2)
    1
    """
    return true_fn() if pred else false_fn()


@function
def switch(index: Any, branches: Any, *operands: Any) -> Any:
    """What the function at a place gives; the first or last one for places outside."""
    return branches[min(max(int(index), 0), len(branches) - 1)](*operands)


@function
def while_loop(
    cond: Callable[..., Any],
    body: Callable[..., Any],
    loop_vars: Any,
    maximum_iterations: int | None = None,
) -> Any:
    """`body` of the values again and again, as long as `cond` of them holds.

    >>> while_loop(lambda i: i < 3, lambda i: i + 1, (torch.tensor(0),))
    (tensor(3),)
    """
    several = isinstance(loop_vars, (list, tuple))
    now = tuple(loop_vars) if several else (loop_vars,)
    now = tree.map_structure(convert, now)
    rounds = 0
    while cond(*now) and (maximum_iterations is None or rounds < maximum_iterations):
        given = body(*now)
        now = tuple(given) if isinstance(given, (list, tuple)) else (given,)
        now = tree.map_structure(convert, now)
        rounds += 1
    return now if several else now[0]


@function
def fori_loop(lower: Any, upper: Any, body_fun: Callable[[int, Any], Any], init_val: Any) -> Any:
    """`body_fun(i, value)` for each number from `lower` to below `upper`.

    >>> fori_loop(0, 4, lambda i, total: total + i, 0)
    6
    """
    value = init_val
    for i in range(int(lower), int(upper)):
        value = body_fun(i, value)
    return value


@function
def scan(
    f: Callable[[Any, Any], tuple[Any, Any]],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    unroll: int | bool = 1,  # noqa: ARG001 - Python runs each round anyway
) -> Any:
    """`f(carry, x)` for each slice of the first axis, which gives the next carry and an output.

    Returns:
        The last carry, and all outputs, stacked.

    >>> scan(lambda total, x: (total + x, total), torch.tensor(0), torch.tensor([1, 2, 3]))
    (tensor(6), tensor([0, 1, 3]))
    """
    _check_callable("scan", f)
    if xs is None and length is None:
        raise ConfigError(Text("scan: give xs or a length.", "scan：请给出 xs 或 length。"))
    xs = tree.map_structure(convert, xs) if xs is not None else None
    count = int(length) if length is not None else len(tree.flatten(xs)[0])
    carry = tree.map_structure(convert, init)
    nothing = tree.map_structure(torch.zeros_like, carry)
    outputs: list[Any] = []
    for i in range(count)[:: -1 if reverse else 1]:
        x = None if xs is None else tree.map_structure(lambda t, i=i: t[i], xs)
        carry, output = f(carry, x)
        outputs.append(nothing if output is None else output)
    if reverse:
        outputs.reverse()
    return carry, tree.map_structure(lambda *ys: torch.stack(convert_all(*ys)), *outputs)


@function
def associative_scan(
    f: Callable[[Any, Any], Any], elems: Any, reverse: bool = False, axis: int = 0
) -> Any:
    """All slices up to each one put together by an associative function, in log₂ n rounds (Hillis and Steele 1986).

    >>> associative_scan(lambda a, b: a + b, torch.tensor([1, 2, 3, 4]))
    tensor([ 1,  3,  6, 10])
    """
    _check_callable("associative_scan", f)
    now = tree.map_structure(lambda t: torch.movedim(convert(t), axis, 0), elems)
    if reverse:
        now = tree.map_structure(lambda t: torch.flip(t, (0,)), now)
    count = len(tree.flatten(now)[0])
    for round_ in range(math.ceil(math.log2(count)) if count > 1 else 0):
        step = 2**round_
        before, after = (
            tree.map_structure(lambda t, s=places: torch.movedim(t[s], 0, axis), now)
            for places in (builtins.slice(None, -step), builtins.slice(step, None))
        )
        joined = tree.map_structure(lambda t: torch.movedim(t, axis, 0), f(before, after))
        now = tree.map_structure(lambda t, j, n=step: torch.cat([t[:n], j]), now, joined)
    if reverse:
        now = tree.map_structure(lambda t: torch.flip(t, (0,)), now)
    return tree.map_structure(lambda t: torch.movedim(t, 0, axis), now)


@function
def map(f: Callable[[Any], Any], xs: Any) -> Any:  # noqa: A001 - Keras' name
    """`f` of each slice of the first axis, one after the other, stacked."""
    return scan(lambda _, x: ((), f(x)), (), xs)[1]


@function
def vectorized_map(function: Callable[[Any], Any], elements: Any) -> Any:
    """`function` of each slice of the first axis, all at once, stacked."""
    return torch.vmap(function)(tree.map_structure(convert, elements))


@function
def vectorize(
    pyfunc: Callable[..., Any], *, excluded: Any = None, signature: str | None = None
) -> Callable[..., Any]:
    """A function on numbers as one on tensors, with broadcasting."""
    if excluded or signature:
        raise refuse(
            "vectorize",
            "excluded and signature are not supported.",
            "不支持 excluded 和 signature。",
        )

    def apply(*args: Any) -> Any:
        tensors: Any = torch.broadcast_tensors(*convert_all(*args))  # type: ignore[no-untyped-call]
        flat = [t.reshape(-1) for t in tensors]
        sizes = tensors[0].shape
        return tree.map_structure(
            lambda t: t.reshape((*sizes, *t.shape[1:])), torch.vmap(pyfunc)(*flat)
        )

    return apply


def _check_callable(name: str, f: Any) -> None:
    if not callable(f):
        raise TypeError(f"{name}: f has to be a function, got {type(f).__name__}.")


# --- gradients ----------------------------------------------------------------------------------------------------


@function
def custom_gradient(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function with a gradient of its own.

    Args:
        f: Gives its value and a function `grad(*args, upstream=…)` that gives the gradients of the arguments.

    >>> @custom_gradient
    ... def half(x):
    ...     return x, lambda x, upstream: upstream / 2
    >>> x = torch.tensor(3.0, requires_grad=True)
    >>> half(x).backward()
    >>> x.grad
    tensor(0.5000)
    """

    @functools.wraps(f)
    def apply(*args: Any, **kwargs: Any) -> Any:
        tensors = convert_all(*args)
        return _CustomGradient.apply(f, kwargs, *tensors)  # type: ignore[no-untyped-call]

    return apply


class _CustomGradient(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, f: Callable[..., Any], kwargs: Any, *args: Tensor) -> Any:
        value, ctx.gradient = f(*args, **kwargs)
        ctx.save_for_backward(*args)
        return value

    @staticmethod
    def backward(ctx: Any, *upstream: Any) -> Any:
        given = ctx.gradient(
            *ctx.saved_tensors, upstream=upstream[0] if len(upstream) == 1 else upstream
        )
        given = given if isinstance(given, tuple) else (given,)
        return (None, None, *given)


# --- parts of tensors, as ops -------------------------------------------------------------------------------------


@op()
def scatter(indices: Any, values: Any, shape: Any) -> Any:
    """Values put at places of a tensor of 0; those at the same place are added up.

    Args:
        indices: Shape (…, axes): places on the first axes.
        values: Shape (…, *rest): what to put there.
        shape: The shape of the result.
    """
    places, given = convert_all(indices, values)
    axes = places.shape[-1]
    rest = tuple(shape)[axes:]
    result = torch.zeros(tuple(shape), dtype=given.dtype, device=given.device)
    where = tuple(places.reshape((-1, axes)).long().to(given.device).unbind(-1))
    return result.index_put(where, given.reshape((-1, *rest)), accumulate=True)


@op()
def scatter_update(inputs: Any, indices: Any, updates: Any, reduction: str | None = None) -> Any:
    """A tensor with other values at some places: (n, axes) `indices`, (n, …) `updates`.

    Args:
        inputs: The tensor.
        indices: Places.
        updates: What to put there.
        reduction: None to replace, or "add", "max", "min", "mul".
    """
    tensor = convert(inputs)
    where = tuple(convert(indices).long().to(tensor.device).unbind(-1))
    given = convert(updates).to(tensor)
    if reduction in (None, "add"):
        return tensor.index_put(where, given, accumulate=reduction == "add")
    joins: dict[Any, Any] = {"max": "amax", "min": "amin", "mul": "prod"}
    if reduction not in joins:
        raise refuse(
            "scatter_update",
            f"reduction is None, add, max, min or mul, got {reduction!r}.",
            f"reduction 应为 None、add、max、min 或 mul，实际为 {reduction!r}。",
        )
    sizes = tensor.shape[: len(where)]
    rows = tensor.reshape((math.prod(sizes), -1))
    place = torch.zeros_like(where[0])
    for axis, size in zip(where, sizes, strict=True):
        place = place * size + torch.where(axis < 0, axis + size, axis)
    given = given.expand((len(place), *tensor.shape[len(where) :])).reshape((len(place), -1))
    joined = rows.scatter_reduce(0, place[:, None].expand(given.shape), given, joins[reduction])
    return joined.reshape(tensor.shape)


@op()
def slice(inputs: Any, start_indices: Any, shape: Any) -> Any:  # noqa: A001 - Keras' name
    """The part of a given shape that begins at a place."""
    result = convert(inputs)
    for axis, (start, length) in enumerate(zip(start_indices, shape, strict=True)):
        result = result.narrow(axis, int(start), int(length))
    return result


@op()
def slice_update(inputs: Any, start_indices: Any, updates: Any) -> Any:
    """A tensor with another part from a place on."""
    tensor = convert(inputs).clone()
    part, given = tensor, convert(updates).to(tensor)
    for axis, (start, length) in enumerate(zip(start_indices, given.shape, strict=True)):
        part = part.narrow(axis, int(start), length)
    part.copy_(given)
    return tensor
