"""Where weights are put after each update, with Keras' definitions and defaults.

A constraint takes a tensor in Keras' layout and gives one of the same shape.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, NoReturn, Self

from pydantic import BeforeValidator, WithJsonSchema
from torch import Tensor

from lamina.conversion import on_data
from lamina.fields import Declared, Float, Int, choice_of, field
from lamina.named_objects import find, read, shown, write
from lamina.refused import absent
from lamina.registry import Registry
from lamina.text import Text

CONSTRAINTS: Registry[type[Any]] = Registry("constraint", "约束")

EPSILON = 1e-7
"""Keras' `epsilon()`, which keeps a norm of 0 from dividing."""

NormAxes = Annotated[
    Int | list[Int] | None,
    BeforeValidator(lambda value: list(value) if isinstance(value, tuple) else value),
    WithJsonSchema({"x-widget": "json"}),
]
"""One axis, several, or None for all."""

_AXIS = Text(
    "Axes of one norm: 0 for Dense, [0, 1, 2] for Conv2D.",
    "计算一个范数所跨的轴：Dense 用 0，Conv2D 用 [0, 1, 2]。",
)


class Constraint:
    """Base for a user's own: override `__call__`, and `get_config` where it has parameters."""

    def __call__(self, w: Tensor) -> Any:
        return w

    def get_config(self) -> dict[str, Any]:
        return {}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        return cls(**config)


class _Known(Declared, Constraint):
    """A constraint of the library: declared by fields, found by its names."""

    names: ClassVar[tuple[str, ...]]
    """Keras' names of it; a form offers the first."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.__call__ = on_data(cls.__call__)  # type: ignore[method-assign]
        CONSTRAINTS.register(cls, aliases=cls.names)


class MaxNorm(_Known):
    """Norms above `max_value` are scaled down to it (Srivastava et al. 2014)."""

    names = ("max_norm",)

    max_value: Float = field(2.0, doc=Text("Largest norm.", "最大范数。"))
    axis: NormAxes = field(0, doc=_AXIS)

    def __call__(self, w: Tensor) -> Tensor:
        norms = _norms(w, self.axis)
        return w * (norms.clamp(0, self.max_value) / (EPSILON + norms))


class NonNeg(_Known):
    """Negative values become 0."""

    names = ("non_neg",)

    def __call__(self, w: Tensor) -> Tensor:
        return w.clamp(min=0)


class UnitNorm(_Known):
    """Norms become 1."""

    names = ("unit_norm",)

    axis: NormAxes = field(0, doc=_AXIS)

    def __call__(self, w: Tensor) -> Tensor:
        return w / (EPSILON + _norms(w, self.axis))


class MinMaxNorm(_Known):
    """Norms move by the share `rate` of their distance into [min_value, max_value]."""

    names = ("min_max_norm",)

    min_value: Float = field(0.0, doc=Text("Smallest norm.", "最小范数。"))
    max_value: Float = field(1.0, doc=Text("Largest norm.", "最大范数。"))
    rate: Float = field(
        1.0, doc=Text("Share of the distance; 1 is strict.", "移动的比例；1 为严格约束。")
    )
    axis: NormAxes = field(0, doc=_AXIS)

    def __call__(self, w: Tensor) -> Tensor:
        norms = _norms(w, self.axis)
        clipped = norms.clamp(self.min_value, self.max_value)
        return w * ((self.rate * clipped + (1 - self.rate) * norms) / (EPSILON + norms))


max_norm, non_neg, unit_norm, min_max_norm = MaxNorm, NonNeg, UnitNorm, MinMaxNorm


def _norms(w: Tensor, axis: int | list[int] | None) -> Tensor:
    axes = list(range(w.dim())) if axis is None else axis
    return w.square().sum(dim=axes, keepdim=True).sqrt()


def get(identifier: Any) -> Any:
    """The constraint for a name, a configuration, a class, an object or a function; None for none."""
    return find(CONSTRAINTS, identifier)


def serialize(constraint: Any) -> str | dict[str, Any] | None:
    """The name alone when all parameters are the defaults, else `{"type", "config"}`."""
    return write(CONSTRAINTS, constraint, lambda cls: str(cls.names[0]))


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The constraint of a configuration; `custom_objects` are classes of a user's own by name."""
    return read(CONSTRAINTS, config, custom_objects)


def names() -> list[str]:
    """The names that a form offers."""
    return [cls.names[0] for cls in CONSTRAINTS]


def _in_document(constraint: Any) -> str | dict[str, Any] | None:
    return shown(CONSTRAINTS, constraint, lambda cls: str(cls.names[0]))


ConstraintField = Annotated[(Any, *choice_of(get, _in_document, names))]
"""Field type: a constraint by name or object, or None."""


def __getattr__(name: str) -> NoReturn:
    raise absent(__name__, name)
