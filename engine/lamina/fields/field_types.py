"""The types of fields: numbers in ranges, sizes of axes, paddings, shapes, and entries of registries."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pydantic
from annotated_types import Ge, Gt, Le, Lt
from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

from lamina.errors import ConfigError
from lamina.text import Text


def _index(value: Any) -> Any:
    """Integers of any library as `int`; never a bool."""
    if isinstance(value, bool):
        raise ConfigError(
            Text("must be a whole number, got a boolean.", "必须是整数，实际为布尔值。")
        )
    if isinstance(value, str):
        raise PydanticCustomError("int_parsing", "text is no number")
    if hasattr(value, "__index__"):
        return value.__index__()
    return value


def _real(value: Any) -> Any:
    """Numbers of any library as `float`; never a bool."""
    if isinstance(value, bool):
        raise ConfigError(Text("must be a number, got a boolean.", "必须是数值，实际为布尔值。"))
    return float(value) if hasattr(value, "__float__") and not isinstance(value, str) else value


Int = Annotated[int, BeforeValidator(_index)]
PositiveInt = Annotated[int, Ge(1), BeforeValidator(_index)]
NonNegativeInt = Annotated[int, Ge(0), BeforeValidator(_index)]
Float = Annotated[float, pydantic.AllowInfNan(False), BeforeValidator(_real)]
PositiveFloat = Annotated[float, Gt(0), pydantic.AllowInfNan(False), BeforeValidator(_real)]
NonNegativeFloat = Annotated[float, Ge(0), pydantic.AllowInfNan(False), BeforeValidator(_real)]
Fraction = Annotated[float, Ge(0), Le(1), BeforeValidator(_real)]
"""A share in [0, 1]."""
PositiveFraction = Annotated[float, Gt(0), Le(1), BeforeValidator(_real)]
"""A share in (0, 1]."""
ProperFraction = Annotated[float, Ge(0), Lt(1), BeforeValidator(_real)]
"""A share in [0, 1)."""


def _repeated(rank: int) -> Callable[[Any], Any]:
    """Lets one number stand for as many as there are axes."""

    def repeat(value: Any) -> Any:
        if isinstance(value, bool) or not hasattr(value, "__index__"):
            return tuple(value) if isinstance(value, (list, tuple)) else value
        return (value.__index__(),) * rank

    return repeat


def _sizes_schema(rank: int, least: int) -> WithJsonSchema:
    return WithJsonSchema(
        {
            "type": "array",
            "items": {"type": "integer", "minimum": least},
            "minItems": rank,
            "maxItems": rank,
            "x-widget": "size",
        }
    )


Size1D = Annotated[tuple[PositiveInt], BeforeValidator(_repeated(1)), _sizes_schema(1, 1)]
"""One size, for time."""
Size2D = Annotated[
    tuple[PositiveInt, PositiveInt], BeforeValidator(_repeated(2)), _sizes_schema(2, 1)
]
"""Two sizes, for height and width; one number stands for both."""
Size3D = Annotated[
    tuple[PositiveInt, PositiveInt, PositiveInt],
    BeforeValidator(_repeated(3)),
    _sizes_schema(3, 1),
]
"""Three sizes, for depth, height and width; one number stands for all."""

Offset1D = Annotated[tuple[NonNegativeInt], BeforeValidator(_repeated(1)), _sizes_schema(1, 0)]
Offset2D = Annotated[
    tuple[NonNegativeInt, NonNegativeInt], BeforeValidator(_repeated(2)), _sizes_schema(2, 0)
]
Offset3D = Annotated[
    tuple[NonNegativeInt, NonNegativeInt, NonNegativeInt],
    BeforeValidator(_repeated(3)),
    _sizes_schema(3, 0),
]
"""Like the sizes of that rank, but from 0 on."""


def _sides(rank: int) -> Callable[[Any], Any]:
    """Lets one number stand for all sides, and one number for an axis stand for both its sides."""

    def both(value: Any) -> Any:
        return (value, value) if hasattr(value, "__index__") else value

    def spread(value: Any) -> Any:
        if isinstance(value, str):  # of a form: the numbers in their order
            numbers = [int(number) for number in re.findall(r"-?\d+", value)]
            if len(numbers) == 2 * rank:
                return tuple(zip(numbers[::2], numbers[1::2], strict=True))
            value = numbers[0] if len(numbers) == 1 else numbers
        if isinstance(value, bool):
            return value
        if hasattr(value, "__index__"):
            return (both(value),) * rank
        return tuple(map(both, value)) if isinstance(value, (list, tuple)) else value

    return spread


def _sides_schema(rank: int) -> WithJsonSchema:
    side = {"type": "array", "items": {"type": "integer", "minimum": 0}}
    pair = {**side, "minItems": 2, "maxItems": 2}
    return WithJsonSchema(
        {"type": "array", "items": pair, "minItems": rank, "maxItems": rank, "x-widget": "sides"}
    )


_Side = tuple[NonNegativeInt, NonNegativeInt]
Sides2D = Annotated[tuple[_Side, _Side], BeforeValidator(_sides(2)), _sides_schema(2)]
Sides3D = Annotated[tuple[_Side, _Side, _Side], BeforeValidator(_sides(3)), _sides_schema(3)]
"""Amounts before and after each axis; one number stands for both sides of an axis, or for all."""


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


LowerCase = BeforeValidator(_lower)
"""Marks a choice that may also be spelled in capitals: "SAME"."""
Padding = Annotated[Literal["valid", "same"], LowerCase]
CausalPadding = Annotated[Literal["valid", "same", "causal"], LowerCase]


def _channels_last(value: Any) -> Any:
    if value == "channels_first":
        raise ConfigError(
            Text(
                "channels_first is not supported; put the channels last: (batch, height, width, channels).",
                "不支持 channels_first；请把通道放在最后：(batch, height, width, channels)。",
            )
        )
    return "channels_last" if value is None else value


DataFormat = Annotated[
    Literal["channels_last"],
    BeforeValidator(_channels_last),
    WithJsonSchema({"enum": ["channels_last"], "x-widget": "choice"}),
]
"""Order of the axes of images; always (batch, height, width, channels)."""


def _sequence(value: Any) -> Any:
    if hasattr(value, "__index__") and not isinstance(value, bool):
        return (value.__index__(),)
    return (
        tuple(value) if isinstance(value, (list, tuple)) or hasattr(value, "__array__") else value
    )


InputShape = Annotated[
    tuple[PositiveInt | None, ...],
    BeforeValidator(_sequence),
    WithJsonSchema(
        {
            "type": "array",
            "items": {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}]},
            "x-widget": "shape",
        }
    ),
]
"""Sizes of the axes of one sample; None for an axis of any size."""

Axes = Annotated[
    tuple[PositiveInt, ...],
    BeforeValidator(_sequence),
    WithJsonSchema(
        {"type": "array", "items": {"type": "integer", "minimum": 1}, "x-widget": "shape"}
    ),
]
"""Axes of one sample, counted from 1, because 0 is the batch."""

AnyAxes = Annotated[
    Int | tuple[Int, ...],
    BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value),
]
"""One axis or several, counted from the batch, which is 0, or from the end."""

TargetShape = Annotated[
    tuple[Annotated[int, Ge(-1), BeforeValidator(_index)], ...],
    BeforeValidator(_sequence),
    WithJsonSchema(
        {"type": "array", "items": {"type": "integer", "minimum": -1}, "x-widget": "shape"}
    ),
]
"""Sizes of the axes to reshape one sample to; -1 once for whatever is left."""


def choice_of(
    parse: Callable[[Any], Any],
    to_json: Callable[[Any], Any],
    names: Callable[[], list[str]],
) -> tuple[Any, ...]:
    """Annotations of a field whose value is one of a registry's entries, given by name or as an object.

    Use as `Annotated[(Initializer, *choice_of(...))]`.

    Args:
        parse: What a user may write -> the value; raises `ConfigError`.
        to_json: The value -> its JSON form.
        names: The names to choose from in a form.
    """
    return (
        pydantic.PlainValidator(parse),
        PlainSerializer(to_json),
        _LazyJsonSchema(lambda: {"enum": names(), "x-widget": "choice"}),
    )


@dataclass(frozen=True)
class _LazyJsonSchema:
    """A JSON Schema that is made when it is asked for: registries fill up after the fields are declared."""

    make: Callable[[], dict[str, Any]]

    def __get_pydantic_json_schema__(self, _core: Any, _handler: Any) -> dict[str, Any]:
        return self.make()
