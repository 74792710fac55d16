"""Code that users write into a step: their layers, losses, penalties and metrics.

As in Keras it is run to learn what it does with tensors, and that is repeated. What else decides what happens shows in
two ways: two recordings of it differ, or an attribute of one of its objects has changed since.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from torch import nn

from lamina.layer import Layer
from lamina.plan.compiler import Opaque, Program
from lamina.training.scores import Scores

Attributes = list[tuple[dict[str, Any], int, list[tuple[str, Any]]]]

_SIMPLE = (bool, int, float, str, tuple)
_OF_MODULES = frozenset({*vars(nn.Module()), "training"})


class OwnCode:
    """What users wrote of a step.

    Args:
        layers: Layers with a `call` of their own; what stands in them belongs to them.
        others: Losses, penalties, metrics and functions.
    """

    def __init__(self, layers: Iterable[Layer], others: Iterable[Any]) -> None:
        self.modules = [module for layer in layers for module in layer.modules()]
        """Those layers and all in them."""
        held = [v for module in self.modules for v in vars(module).values() if callable(v)]
        found = [one for one in (*self.modules, *held, *others) if not _is_ours(one)]
        self.is_there = bool(found)
        self._objects = [one for one in found if hasattr(one, "__dict__")]
        self.look()

    @classmethod
    def of(cls, program: Program, scores: Scores, variables: Iterable[Any]) -> OwnCode:
        """What users wrote of a step with this program, these scores and weights."""
        parts = [part for part in program.modules if isinstance(part, Opaque)]
        losses = [getattr(entry.loss, "function", entry.loss) for entry in scores.losses]
        metrics = [getattr(metric, "fn", metric) for metric in scores.metrics]
        penalties = [v.spec.regularizer for v in variables if v.spec.regularizer is not None]
        return cls([part.layer for part in parts], [*losses, *metrics, *penalties])

    def look(self) -> None:
        """Remember all attributes."""
        self._seen: Attributes = [
            (vars(one), len(vars(one)), list(_watched(one))) for one in self._objects
        ]

    def is_as_seen(self) -> bool:
        """Whether all attributes are what they were when they were looked at."""
        return all(
            len(attributes) == count
            and all(_is_same(attributes.get(name), value) for name, value in values)
            for attributes, count, values in self._seen
        )

    def sizes(self) -> list[int]:
        """Lengths of all lists, dicts and sets among the attributes."""
        values = (value for _, _, watched in self._seen for _, value in watched)
        return [len(value) for value in values if isinstance(value, (list, dict, set))]


def _watched(one: Any) -> Iterator[tuple[str, Any]]:
    """The attributes that may say what is computed; not those that training itself sets."""
    ours = [cls for cls in type(one).__mro__ if cls.__module__.startswith("lamina.")]
    for name, value in vars(one).items():
        if name not in _OF_MODULES and not any(name in vars(cls) for cls in ours):
            yield name, value


def _is_same(value: Any, before: Any) -> bool:
    return value is before or (
        isinstance(before, _SIMPLE) and type(value) is type(before) and value == before
    )


def _is_ours(what: Any) -> bool:
    """Whether an object or a function is of this library, or a module of torch that one of its layers holds."""
    return str(getattr(what, "__module__", "")).split(".")[0] in ("lamina", "torch")
