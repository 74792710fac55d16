"""Curves of a run in memory: columns of numbers, and buckets of them that never move.

A bucket is `[k * width, (k + 1) * width)` on the x axis, where the width is a power of two. As a
run grows the width doubles, and each new bucket is exactly two old ones: boundaries never move
under a viewer, and a spike of a single step is always in some bucket's minimum or maximum.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lamina_studio.runs.numbers import WireNumber, from_wire, to_wire

Axis = Literal["step", "epoch", "time"]


@dataclass(frozen=True)
class View:
    """Which part of the curves somebody looks at, and in how much detail.

    Attributes:
        keys: The curves; None for all.
        low: First x that is shown; None for the start.
        high: Last x that is shown; None for the end.
        max_points: Largest number of buckets per curve.
    """

    keys: frozenset[str] | None = None
    x: Axis = "step"
    low: float | None = None
    high: float | None = None
    max_points: int = 1000


@dataclass(frozen=True, slots=True)
class Buckets:
    """One curve, summarized: columns of equal length.

    A bucket of width 1 on the axis of steps holds one point, so min, max and last are the point.
    """

    key: str
    bucket: int
    n: list[int]
    x: list[int]
    last: list[WireNumber]
    min: list[WireNumber]
    max: list[WireNumber]


@dataclass(frozen=True, slots=True)
class Summary:
    """All points of one curve in a stretch of the log, as one entry."""

    key: str
    n: int
    first: WireNumber
    last: WireNumber
    min: WireNumber
    max: WireNumber
    x_last: int


@dataclass(slots=True)
class _Column:
    rows: array[int] = field(default_factory=lambda: array("l"))
    values: array[float] = field(default_factory=lambda: array("d"))


class Series:
    """Every point of a run's curves, in the order of its log."""

    def __init__(self) -> None:
        self._seq = array("q")
        self._axes: dict[Axis, array[int]] = {
            "step": array("q"),
            "epoch": array("q"),
            "time": array("q"),
        }
        self._columns: dict[str, _Column] = {}

    def add(
        self, seq: int, step: int, epoch: int, t_ms: int, values: Mapping[str, WireNumber]
    ) -> None:
        """Append the points of one metrics event."""
        row = len(self._seq)
        self._seq.append(seq)
        self._axes["step"].append(step)
        self._axes["epoch"].append(epoch)
        self._axes["time"].append(t_ms)
        for key, value in values.items():
            column = self._columns.get(key)
            if column is None:
                column = self._columns[key] = _Column()
            column.rows.append(row)
            column.values.append(from_wire(value))

    def buckets(self, view: View) -> list[Buckets]:
        """The curves of a view, each in at most `max_points` buckets."""
        axis = np.array(self._axes[view.x])
        return [
            _bucketed(key, *_within(axis, column, view), view.max_points)
            for key, column in self._chosen(view.keys)
        ]

    def summaries(self, after: int, through: int, view: View) -> list[Summary]:
        """The curves of a view between two places of the log, one entry per curve."""
        seq = np.array(self._seq)
        low, high = np.searchsorted(seq, [after, through], side="right")
        axis = self._axes[view.x]
        found = []
        for key, column in self._chosen(view.keys):
            start, end = np.searchsorted(np.array(column.rows), [low, high])
            if start == end:
                continue
            values = np.array(column.values[start:end])
            smallest, largest = _extremes(values)
            found.append(
                Summary(
                    key=key,
                    n=int(end - start),
                    first=to_wire(float(values[0])),
                    last=to_wire(float(values[-1])),
                    min=to_wire(smallest),
                    max=to_wire(largest),
                    x_last=axis[column.rows[end - 1]],
                )
            )
        return found

    def _chosen(self, keys: frozenset[str] | None) -> Iterable[tuple[str, _Column]]:
        return [
            (key, column) for key, column in self._columns.items() if keys is None or key in keys
        ]


def _within(
    axis: NDArray[np.int64], column: _Column, view: View
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    x, values = axis[np.array(column.rows)], np.array(column.values)
    if view.low is None and view.high is None:
        return x, values
    shown = np.ones(len(x), bool)
    if view.low is not None:
        shown &= x >= view.low
    if view.high is not None:
        shown &= x <= view.high
    return x[shown], values[shown]


def _bucketed(
    key: str, x: NDArray[np.int64], values: NDArray[np.float64], max_points: int
) -> Buckets:
    if len(x) == 0:
        return Buckets(key, 1, [], [], [], [], [])
    # x grows along the log within an attempt; a stable sort keeps the last value of a bucket last.
    order = np.argsort(x, kind="stable")
    x, values = x[order], values[order]
    width, starts = _narrowest(x, max_points)
    ends = np.append(starts[1:], len(x))
    return Buckets(
        key=key,
        bucket=width,
        n=(ends - starts).tolist(),
        x=(x[starts] // width * width).tolist(),
        last=_column(values[ends - 1]),
        min=_column(np.fmin.reduceat(values, starts)),
        max=_column(np.fmax.reduceat(values, starts)),
    )


def _narrowest(x: NDArray[np.int64], max_points: int) -> tuple[int, NDArray[np.int64]]:
    """The smallest width that needs at most `max_points` buckets, and where each one starts."""
    width = 1
    while True:
        bucket = x // width
        starts = np.flatnonzero(np.diff(bucket, prepend=bucket[0] - 1))
        if len(starts) <= max_points:
            return width, starts
        width *= 2


def _extremes(values: NDArray[np.float64]) -> tuple[float, float]:
    return float(np.fmin.reduce(values)), float(np.fmax.reduce(values))


def _column(values: NDArray[np.float64]) -> list[WireNumber]:
    numbers: list[float] = values.tolist()
    if np.isfinite(values).all():
        return list(numbers)
    return [to_wire(number) for number in numbers]
