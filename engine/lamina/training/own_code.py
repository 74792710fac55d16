"""Code that users write into a step: their layers, losses, penalties and metrics.

As in Keras it is run to learn what it does with tensors, and that is repeated. What else decides what happens is looked
for here: what a recording changes besides tensors, and what callbacks change between two steps.
"""

from __future__ import annotations

import functools
import inspect
import random
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from torch import nn

from lamina.layer import Layer
from lamina.origin import origin
from lamina.plan.compiler import Opaque, Program
from lamina.plan.recording import CannotCapture
from lamina.training.scores import Scores

_SIMPLE = (bool, int, float, str)
_OF_CALLS = frozenset(
    {*vars(nn.Module()), "training", "built_for", "added_losses", "streams", "known_apart", "known_state"}
)  # fmt: skip
"""Attributes that calls set, or that hold what is looked at by itself."""
_HOOKS = ("_forward_hooks", "_forward_pre_hooks")
_HELD = ("_modules", "_parameters", "_buffers", *_HOOKS)
"""Where a module of torch holds what may be replaced."""
_SMALL = 4096
"""Elements of an array that is looked at; larger ones are taken for data."""


class OwnCode:
    """What users wrote of a step.

    Args:
        layers: Layers with a `call` of their own; what stands in them belongs to them.
        others: Losses, penalties, metrics and functions.
    """

    def __init__(self, layers: Iterable[Layer], others: Iterable[Any]) -> None:
        self._layers, self._others = list(layers), list(others)
        self.look()

    @classmethod
    def of(cls, program: Program, scores: Scores, variables: Iterable[Any]) -> OwnCode:
        """What users wrote of a step with this program, these scores and weights."""
        losses = [getattr(entry.loss, "function", entry.loss) for entry in scores.losses]
        metrics = [getattr(metric, "fn", metric) for metric in scores.metrics]
        penalties = [v.spec.regularizer for v in variables if v.spec.regularizer is not None]
        return cls(_layers_in(program), [*losses, *metrics, *penalties])

    @classmethod
    def in_program(cls, program: Program) -> OwnCode:
        """What users wrote of a forward pass."""
        return cls(_layers_in(program), [])

    def look(self) -> None:
        """Find everything anew, and remember all attributes."""
        self.modules = [module for layer in self._layers for module in layer.modules()]
        """Those layers and all in them."""
        held = [v for module in self.modules for v in vars(module).values() if callable(v)]
        all_ = [*self.modules, *held, *self._others]
        self.is_there = any(not _is_ours(one) for one in all_)
        parts = [part for one in all_ for part in _parts_of(one)]
        self._objects = [one for one in parts if hasattr(one, "__dict__")]
        self._loose = [one for one in parts if not hasattr(one, "__dict__")]
        self._seen = self._now()

    def is_as_seen(self) -> bool:
        """Whether all attributes are what they were when they were looked at."""
        return self._now() == self._seen

    @contextmanager
    def recorded(self) -> Iterator[None]:
        """To be recorded in: what is drawn from Python's and numpy's numbers is put back.

        Raises:
            CannotCapture: If the code fails, draws such numbers, changes an attribute, or has hooks. The plain step
                then does the same for good, and says what is wrong.
        """
        if any(getattr(module, name) for module in self.modules for name in _HOOKS):
            raise CannotCapture("hooks of modules, which want to be called each time")
        self.look()
        attributes = [
            (vars(one), {name: value for name, value in _watched(one) if _is_simple(value)})
            for one in self._objects
            if not isinstance(one, type)
        ]
        before, of_numpy = random.getstate(), np.random.get_state()
        try:
            yield
        except Exception as error:  # users' code, which may raise anything
            raise CannotCapture(str(error)) from error
        finally:
            has_drawn = random.getstate() != before or _differ(np.random.get_state(), of_numpy)
            random.setstate(before)
            np.random.set_state(of_numpy)
        if has_drawn or not self.is_as_seen():
            for now, then in attributes:
                now.update(then)
            self.look()
            raise CannotCapture("a call does more than compute with tensors")

    def _now(self) -> list[Any]:
        found = [_outline(value, 2) for value in self._loose]
        found += [
            [[*map(id, vars(module)[name].values())] for name in _HELD] for module in self.modules
        ]
        for one in self._objects:
            found.append(len(vars(one)))
            found.extend(_outline(value, 2) for _, value in _watched(one))
        return found


def _is_simple(value: Any) -> bool:
    return value is None or isinstance(value, _SIMPLE)


def _layers_in(program: Program) -> list[Layer]:
    return [part.layer for part in program.modules if isinstance(part, Opaque)]


def _differ(one: Any, other: Any) -> bool:
    """Whether two states of numpy's numbers are not the same."""
    return any(not np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def _parts_of(one: Any) -> list[Any]:
    """What may hold values by which a function or an object computes."""
    if isinstance(one, functools.partial):
        return [*_parts_of(one.func), one.args, one.keywords]
    owner = getattr(one, "__self__", None)
    if owner is not None and not inspect.isbuiltin(one):
        return [owner, type(owner)]
    return (
        [one] if _is_ours(one) or (callable(one) and hasattr(one, "__code__")) else [one, type(one)]
    )


def _watched(one: Any) -> Iterator[tuple[str, Any]]:
    """The attributes that may say what is computed; not those that training itself sets."""
    if isinstance(one, type):
        yield from (item for item in vars(one).items() if isinstance(item[1], _SIMPLE))
        return
    ours = [cls for cls in type(one).__mro__ if origin(cls) == "lamina"]
    known = _known_names(tuple(ours)) if isinstance(one, Layer) else frozenset()
    for name, value in vars(one).items():
        if name not in _OF_CALLS and name not in known:
            yield name, value


@functools.cache
def _known_names(classes: tuple[type, ...]) -> frozenset[str]:
    return frozenset(name for cls in classes for name in vars(cls))


def _outline(value: Any, depth: int) -> Any:
    """Something that is equal as long as a value says the same: a simple value itself, for others what they are."""
    if _is_simple(value):
        return value
    if isinstance(value, (list, tuple, dict, set, deque)) and (not depth or len(value) > _SMALL):
        return id(value), len(value)
    if isinstance(value, dict):
        return id(value), [(key, _outline(item, depth - 1)) for key, item in value.items()]
    if isinstance(value, (list, tuple, deque)):
        return id(value), [_outline(item, depth - 1) for item in value]
    if isinstance(value, set):
        return id(value), len(value)
    if isinstance(value, np.ndarray):
        return id(value), value.tobytes() if value.size <= _SMALL else None
    if depth and hasattr(value, "__dict__") and not _is_ours(value) and not callable(value):
        return id(value), _outline(vars(value), depth - 1)
    return id(value)


def _is_ours(what: Any) -> bool:
    """Whether an object or a function is of this library, or a module of torch that one of its layers holds."""
    return origin(what) in ("lamina", "torch")
