"""How strong a change of images may be: a pair of bounds, for which one number may stand."""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from lamina.errors import ConfigError
from lamina.layers.preprocessing.numbers_field import read_numbers
from lamina.text import Text

_SCHEMA = WithJsonSchema(
    {
        "anyOf": [{"type": "number"}, {"type": "array", "items": {"type": "number"}}],
        "x-widget": "text",
    }
)


Pair = tuple[float, float]


def pair_of(value: Any, least: float, most: float, *, mirrored: bool = True) -> tuple[float, float]:
    """The bounds in order; a number stands for those from its negative on, or from 0.

    Raises:
        ConfigError: If they are not within `least` and `most`.
    """
    numbers = read_numbers(value)
    if isinstance(numbers, float):
        if not least <= numbers <= most:
            raise _outside(value, least, most)
        size = abs(numbers)
        return (max(-size, least) if mirrored else 0.0, size)
    if not isinstance(numbers, list) or len(numbers) != 2:
        raise _outside(value, least, most)
    lower, upper = numbers
    if lower > most or upper < least:
        raise _outside(value, least, most)
    return (min(lower, upper), max(lower, upper))


def _outside(value: Any, least: float, most: float) -> ConfigError:
    limits = f"[{least:g}, {most:g}]" if math.isfinite(most) else f"from {least:g}"
    return ConfigError(
        Text(
            f"should be a number (or a list of two numbers) in the range {limits}, got {value!r}.",
            f"应为 {limits} 范围内的一个数值或两个数值，实际为 {value!r}。",
        )
    )


def factor(least: float, most: float) -> tuple[Any, ...]:
    """Annotations of a field that is such a pair: `Annotated[(Pair, *factor(-1, 1))]`."""
    return (BeforeValidator(lambda value: pair_of(value, least, most)), _SCHEMA)


def upward_factor(least: float, most: float) -> tuple[Any, ...]:
    """The same, where a number stands for those from 0 on."""
    return (BeforeValidator(lambda value: pair_of(value, least, most, mirrored=False)), _SCHEMA)


def _shortened(value: Pair) -> Any:
    """As Keras takes it back: a number for a pair that lies around 0."""
    return value[1] if value[0] == -value[1] and value[1] else list(value)


def shear_factor(value: Any) -> Pair:
    """A pair from 0 to 1; a number, or a pair around 0, for both ways."""
    numbers = read_numbers(value)
    if isinstance(numbers, list) and len(numbers) == 2 and numbers[0] == -numbers[1]:
        numbers = numbers[1]
    lower, upper = pair_of(numbers, 0.0, 1.0)
    return (-upper, upper) if isinstance(numbers, float) and upper else (lower, upper)


ShearFactor = Annotated[
    tuple[float, float], BeforeValidator(shear_factor), PlainSerializer(_shortened), _SCHEMA
]
"""Field type: such a pair."""


def given_factor(least: float, most: float, *, without_least: bool = False) -> tuple[Any, ...]:
    """The same, where the parameter stays the number or pair that was given."""

    def check(value: Any) -> Any:
        if value is None:
            return None
        numbers = read_numbers(value)
        listed = numbers if isinstance(numbers, list) else [numbers]
        for number in listed:
            if not least <= number <= most or (without_least and number == least):
                raise _outside(value, least, most)
        pair_of(value, least, most)
        return numbers

    return (BeforeValidator(check), _SCHEMA)


def bounds(value: Any) -> tuple[float, float]:
    """The pair for a parameter of `given_factor`."""
    if isinstance(value, list):
        return (min(value), max(value))
    return (-abs(value), abs(value))


def _range(value: Any) -> Any:
    numbers = read_numbers(value)
    if not isinstance(numbers, list) or len(numbers) != 2:
        raise ConfigError(
            Text(
                f"should be a list of two numbers, got {value!r}.",
                f"应为两个数值组成的列表，实际为 {value!r}。",
            )
        )
    return tuple(sorted(numbers))


ValueRange = Annotated[Pair, BeforeValidator(_range), _SCHEMA]
"""Field type: the least and the largest value that images have."""
VALUE_RANGE = Text("Least and largest value of the images.", "图像数值的最小值和最大值。")
FRACTIONS = (0, 1)
"""The range that forms begin with, because images of the studio's data sets lie in it; Keras' default is another."""
SEED = Text("Seed of its own; the run's when empty.", "单独的随机种子；留空则用本次训练的种子。")
DATA_FORMAT = Text("Order of the axes.", "轴的顺序。")
