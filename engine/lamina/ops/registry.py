"""How an op is made: one decorator that computes on values, records on symbolic tensors and stays whole for torch.fx.

`@op` registers a function under its public name. Called on tensors, arrays and numbers it computes at once. Called on
a symbolic tensor, alone or inside a list, it asks that tensor to record a node; called on a torch.fx proxy it becomes
one `call_function`, so that an op may branch on what only real tensors know.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

import torch

from lamina import refused
from lamina.errors import NotSupportedError
from lamina.registry import Registry
from lamina.text import Text

OPS: Registry[Callable[..., Any]] = Registry("op", "运算")
"""Every op by its public name, as documents find it."""

FUNCTIONS: dict[str, Callable[..., Any]] = {}
"""What `keras.ops` offers beside its ops, by name: these become no nodes."""


def by_name(name: str, module: str) -> Callable[..., Any]:
    """An op or function as an attribute of a module.

    Raises:
        NotSupportedError: If Keras has it and this library has not.
        AttributeError: If nobody has it; the message offers names that look like it.
    """
    if name in FUNCTIONS:
        return FUNCTIONS[name]
    if name in OPS:
        return OPS.get(name)
    raise refused.absent(module, name, OPS.close_to(name))


F = TypeVar("F", bound=Callable[..., Any])


def leaves(value: Any) -> Iterator[Any]:
    """What stands in nested lists, tuples, dicts and slices, in order."""
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from leaves(item)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from leaves(item)
    elif isinstance(value, slice):
        yield from (value.start, value.stop, value.step)
    else:
        yield value


def is_symbolic(value: Any) -> bool:
    """Whether a value stands for a tensor of a graph that has no values yet."""
    # a proxy has every attribute one asks it for
    return hasattr(value, "graph_call") and not isinstance(value, torch.fx.Proxy)


def op(*aliases: str) -> Callable[[F], F]:
    """Register a function as an op under its own name and aliases."""

    def add(function: F) -> F:
        return define(function.__name__, function, aliases)

    return add


def define(name: str, function: F, aliases: Iterable[str] = ()) -> F:
    """Register `function` as the op `name`.

    Args:
        name: Public name.
        function: Computes on tensors, also on torch's meta device.
        aliases: Other public names.
    """

    @functools.wraps(function)
    def apply(*args: Any, **kwargs: Any) -> Any:
        for leaf in leaves((args, kwargs)):
            if is_symbolic(leaf):
                return _record(leaf, name, apply, args, kwargs)
            if isinstance(leaf, torch.fx.Proxy):
                return leaf.tracer.create_proxy("call_function", apply, args, kwargs)
        return function(*args, **kwargs)

    apply.__name__ = apply.__qualname__ = name
    apply.__dict__["compute"] = function
    OPS.register(apply, name=name, aliases=aliases)
    return apply  # type: ignore[return-value]


def _record(
    leaf: Any, name: str, function: Callable[..., Any], args: Any, kwargs: Mapping[str, Any]
) -> Any:
    record = getattr(leaf, "record_op", None)
    if record is None:
        raise NotSupportedError(
            Text(
                f'The op "{name}" cannot be recorded on {type(leaf).__name__}. Use a layer.',
                f"运算“{name}”无法记录在 {type(leaf).__name__} 上。请使用层。",
            )
        )
    return record(name, function, args, kwargs)


def refuse(name: str, en: str, zh: str) -> NotSupportedError:
    """The error for an option of an op that Keras has and this library has not."""
    return refused.refuse(f"ops.{name}", Text(en, zh))
