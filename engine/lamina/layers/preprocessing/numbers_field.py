"""Numbers as a parameter: one, or a nested list of them, from a script, a file or a form."""

from __future__ import annotations

import re
from typing import Annotated, Any

import numpy as np
from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema
from torch import Tensor

from lamina.errors import ConfigError
from lamina.text import Text

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_BETWEEN = re.compile(r"[\s,;()\[\]]*")
"""What may stand between the numbers of a text."""


def read_numbers(value: Any) -> Any:
    """A float, or nested lists of floats; text holds numbers with commas, spaces or brackets between them."""
    if value is None:
        return None
    if isinstance(value, str):
        if not _BETWEEN.fullmatch(_NUMBER.sub(" ", value)):
            raise _no_numbers(value)
        found = [float(number) for number in _NUMBER.findall(value)]
        if not found:
            return None
        value = found[0] if len(found) == 1 else found
    try:
        array = np.asarray(value.cpu() if hasattr(value, "cpu") else value, dtype="float64")
    except (TypeError, ValueError) as error:
        raise _no_numbers(value) from error
    if array.size == 0 or not np.isfinite(array).all():
        raise ConfigError(
            Text(
                f"must be one or more finite numbers, got {value!r}.",
                f"必须是一个或多个有限数值，实际为 {value!r}。",
            )
        )
    return array.tolist()


def _no_numbers(value: Any) -> ConfigError:
    return ConfigError(
        Text(
            f"must be a number or a list of numbers, got {value!r}.",
            f"必须是数值或数值列表，实际为 {value!r}。",
        )
    )


Numbers = Annotated[
    Any,
    BeforeValidator(read_numbers),
    PlainSerializer(lambda value: None if isinstance(value, Tensor) else value),
    WithJsonSchema(
        {"anyOf": [{"type": "number"}, {"type": "array"}, {"type": "null"}], "x-widget": "text"}
    ),
]
"""Field type: a number or a nested list of numbers; None for none. A tensor is one that was found, not given."""
