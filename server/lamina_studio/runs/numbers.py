"""Numbers in JSON: what JSON cannot say travels as one of three strings."""

import math
from typing import Literal

NonFinite = Literal["NaN", "Infinity", "-Infinity"]
WireNumber = float | NonFinite


def to_wire(value: float) -> WireNumber:
    """A number as it travels.

    >>> to_wire(0.5), to_wire(float("nan")), to_wire(float("-inf"))
    (0.5, 'NaN', '-Infinity')
    """
    if math.isfinite(value):
        return value
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def from_wire(value: WireNumber) -> float:
    """The number again; `float` reads all three strings.

    >>> from_wire("-Infinity")
    -inf
    """
    return float(value)
