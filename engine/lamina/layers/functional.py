"""Merging layers as functions: `concatenate([a, b])` for `Concatenate()([a, b])`, as in Keras."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lamina.layer import LAYERS

MERGES = {
    "add": "Add",
    "average": "Average",
    "concatenate": "Concatenate",
    "dot": "Dot",
    "maximum": "Maximum",
    "minimum": "Minimum",
    "multiply": "Multiply",
    "subtract": "Subtract",
}
"""Function -> layer."""


def merge(name: str) -> Callable[..., Any]:
    """The function of that name; options by position or keyword go to the layer, the inputs come first."""

    def apply(inputs: Any, *args: Any, **kwargs: Any) -> Any:
        return LAYERS.get(MERGES[name])(*args, **kwargs)(inputs)

    apply.__name__ = apply.__qualname__ = name
    apply.__doc__ = f"`{MERGES[name]}` of a list of inputs."
    return apply
