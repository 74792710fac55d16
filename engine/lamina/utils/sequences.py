"""Sequences of different lengths as one array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from lamina.errors import ConfigError
from lamina.text import Text

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
        ConfigError: If steps of two sequences have different shapes.

    >>> pad_sequences([[1], [2, 3, 4]], maxlen=2)
    array([[0, 1],
           [3, 4]], dtype=int32)
    """
    for name, end in (("padding", padding), ("truncating", truncating)):
        if end not in ("pre", "post"):
            raise ConfigError(
                Text(
                    f'pad_sequences: {name} must be "pre" or "post", got {end!r}.',
                    f"pad_sequences：{name} 应为“pre”或“post”，实际为 {end!r}。",
                ),
                field=name,
            )
    rows = [np.asarray(sequence) for sequence in sequences]
    if not all(row.ndim for row in rows):
        raise ConfigError(
            Text(
                "pad_sequences takes a list of sequences, each a list or array of steps, but one of them is a single "
                "value. Put it into a list.",
                "pad_sequences 的参数应为序列的列表，每个序列是各步的列表或数组，但其中有单个值。请将其放入列表。",
            ),
            field="sequences",
        )
    shapes = {row.shape[1:] for row in rows if len(row)}
    if len(shapes) > 1:
        raise ConfigError(
            Text(
                f"pad_sequences: steps have different shapes: {sorted(shapes)}.",
                f"pad_sequences：各步的形状不同：{sorted(shapes)}。",
            ),
            field="sequences",
        )
    length = max((len(row) for row in rows), default=0) if maxlen is None else maxlen
    padded = np.full((len(rows), length, *next(iter(shapes), ())), value, dtype=dtype)
    for target, row in zip(padded, rows, strict=True):
        kept = row[max(0, len(row) - length) :] if truncating == "pre" else row[:length]
        if len(kept):
            target[length - len(kept) if padding == "pre" else 0 :][: len(kept)] = kept
    return padded
