"""Sequences of different lengths as one array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

End = Literal["pre", "post"]


def pad_sequences(
    sequences: Sequence[npt.ArrayLike],
    maxlen: int | None = None,
    dtype: npt.DTypeLike = "int32",
    padding: End = "pre",
    truncating: End = "pre",
    value: float = 0.0,
) -> np.ndarray[Any, Any]:
    """The sequences as rows of one array, filled up or cut to one length.

    Args:
        sequences: Each a list or array of steps; all with the same shape per step.
        maxlen: Length of a row; that of the longest sequence when left out.
        dtype: Type of the elements.
        padding: The end at which short sequences are filled up.
        truncating: The end at which long sequences are cut.
        value: What they are filled up with.

    Raises:
        ValueError: If steps of two sequences have different shapes.

    >>> pad_sequences([[1], [2, 3, 4]], maxlen=2)
    array([[0, 1],
           [3, 4]], dtype=int32)
    """
    for name, end in (("padding", padding), ("truncating", truncating)):
        if end not in ("pre", "post"):
            raise ValueError(f'pad_sequences: {name} must be "pre" or "post", got {end!r}.')
    rows = [np.asarray(sequence) for sequence in sequences]
    shapes = {row.shape[1:] for row in rows if len(row)}
    if len(shapes) > 1:
        raise ValueError(f"pad_sequences: steps have different shapes: {sorted(shapes)}.")
    length = max((len(row) for row in rows), default=0) if maxlen is None else maxlen
    padded = np.full((len(rows), length, *next(iter(shapes), ())), value, dtype=dtype)
    for target, row in zip(padded, rows, strict=True):
        kept = row[max(0, len(row) - length) :] if truncating == "pre" else row[:length]
        if len(kept):
            target[length - len(kept) if padding == "pre" else 0 :][: len(kept)] = kept
    return padded
