"""Gradients: of what was computed under a tape, and of functions.

`GradientTape` follows TensorFlow's tape, `grad` and its like follow JAX. Both give gradients of variables in Keras'
layout, and keep nested lists and dicts of sources. They may be put into one another for higher derivatives.

>>> import torch
>>> x = torch.tensor([1.0, 2.0])
>>> with GradientTape() as tape:
...     tape.watch(x)
...     y = x**2
>>> tape.gradient(y, x).tolist()
[2.0, 4.0]
>>> hessian(lambda x: (x**3).sum())(x).tolist()
[[6.0, 0.0], [0.0, 12.0]]
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor

from lamina import tree
from lamina.errors import ConfigError, ShapeError
from lamina.gradient_tape import GradientTape, tapes_recording
from lamina.ops.convert import convert
from lamina.text import Text
from lamina.variable import Variable

__all__ = ["GradientTape", "grad", "hessian", "jacobian", "value_and_grad"]

Argnums = int | Sequence[int]


def value_and_grad(
    f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False
) -> Callable[..., tuple[Any, Any]]:
    """The function that gives `f(*args)` and its gradients.

    Args:
        f: Gives one number. Its arguments are tensors, arrays, numbers and variables, alone or nested.
        argnums: Which arguments to differentiate by: a number, or several.
        has_aux: Whether `f` gives the number and something else, which is passed on: `((value, aux), gradients)`.

    Raises:
        ShapeError: When called, if `f` gives more than one number.
        ConfigError: When called, if one of the arguments holds integers.

    >>> import torch
    >>> value, gradient = value_and_grad(lambda w, x: (w * x).sum())(
    ...     torch.ones(2), torch.tensor([3.0, 4.0])
    ... )
    >>> float(value), gradient.tolist()
    (7.0, [3.0, 4.0])
    """

    @functools.wraps(f, assigned=("__name__", "__doc__"))
    def apply(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        nested = _is_followed(args)
        with GradientTape(persistent=nested) as tape:
            args, sources = _as_sources(tape, args, argnums)
            result = f(*args, **kwargs)
            value, aux = result if has_aux else (result, None)
            _check_one_number(value)
            gradients = tape.gradient(value, sources, unconnected_gradients="zero")
        if not nested:
            value = value.detach()
        return ((value, aux) if has_aux else value), gradients

    return apply


def grad(f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The function that gives the gradients of `f`; see `value_and_grad`.

    With `has_aux` it gives `(gradients, aux)`.

    >>> grad(grad(lambda x: x**3))(2.0).item()
    12.0
    """
    both = value_and_grad(f, argnums, has_aux)

    @functools.wraps(f, assigned=("__name__", "__doc__"))
    def apply(*args: Any, **kwargs: Any) -> Any:
        value, gradients = both(*args, **kwargs)
        return (gradients, value[1]) if has_aux else gradients

    return apply


def jacobian(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """The function that gives the gradient of each element of what `f` gives.

    For each tensor that `f` gives, nested as it gives them, there is one for each argument, nested likewise, of the
    shape of the one followed by that of the other.

    >>> import torch
    >>> jacobian(lambda x: x**2)(torch.tensor([1.0, 2.0])).tolist()
    [[2.0, 0.0], [0.0, 4.0]]
    """

    def rows_of(tape: GradientTape, result: Any, sources: Any) -> Any:
        return tree.map_structure(lambda target: tape.jacobian(target, sources, "zero"), result)

    @functools.wraps(f, assigned=("__name__", "__doc__"))
    def apply(*args: Any, **kwargs: Any) -> Any:
        nested = _is_followed(args)
        with GradientTape(persistent=True) as tape:
            args, sources = _as_sources(tape, args, argnums)
            result = f(*args, **kwargs)
            if nested:
                return rows_of(tape, result, sources)
        return rows_of(tape, result, sources)

    return apply


def hessian(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """The function that gives the second derivatives of `f`, which gives one number.

    >>> hessian(lambda x, y: x * y**2, argnums=(0, 1))(2.0, 3.0)
    ((tensor(0.), tensor(6.)), (tensor(6.), tensor(4.)))
    """
    return jacobian(grad(f, argnums), argnums)


def _is_followed(args: Any) -> bool:
    """Whether somebody outside asks for gradients: a tape around, or tensors that require them."""
    return bool(tapes_recording()) or any(
        isinstance(leaf, Tensor) and leaf.requires_grad for leaf in tree.flatten(args)
    )


def _as_sources(
    tape: GradientTape, args: tuple[Any, ...], argnums: Argnums
) -> tuple[tuple[Any, ...], Any]:
    """The arguments with a tensor of its own for each leaf to differentiate by, and those leaves, nested."""
    numbers = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    fresh = list(args)
    for number in numbers:
        if not -len(args) <= number < len(args):
            raise ConfigError(
                Text(
                    f"argnums names argument {number}, but the function is called with {len(args)}.",
                    f"argnums 指定了第 {number} 个参数，但函数只收到 {len(args)} 个。",
                ),
                field="argnums",
            )
        fresh[number] = tree.map_structure(_source, args[number])
        tape.watch(fresh[number])
    if isinstance(argnums, int):
        return tuple(fresh), fresh[argnums]
    return tuple(fresh), tuple(fresh[number] for number in numbers)


def _source(value: Any) -> Any:
    if isinstance(value, Variable):
        return value
    tensor = convert(value)
    # a view of what is followed already is a step on its way; anything else starts one
    return tensor.view_as(tensor) if tensor.requires_grad else tensor.detach()


def _check_one_number(value: Any) -> None:
    if not isinstance(value, Tensor) or value.numel() != 1:
        got = f"shape {tuple(value.shape)}" if isinstance(value, Tensor) else type(value).__name__
        raise ShapeError(
            Text(
                f"The function has to give one number, got {got}. Take its sum or mean, or ask for the jacobian.",
                f"函数应给出一个数，实际为 {got}。请取其和或均值，或使用 jacobian。",
            )
        )
