"""From what was timed to what is said: rates, and ratios of turns that stood beside each other."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

QUIET = 0.10
"""A turn counts as undisturbed when others had at most this share of the machine."""
ENOUGH = 3
"""So many undisturbed turns must be there for the others to be left out."""


@dataclass(frozen=True)
class Turn:
    """One turn of one contender.

    Args:
        seconds: Wall time.
        cpu_s: Time of all its threads.
        disturbed: Share of the machine that others had meanwhile; None where it cannot be told.
        device_s: Time by the device's own clock, on CUDA.
        scores: Losses and accuracies at its end.
    """

    seconds: float
    cpu_s: float = 0.0
    disturbed: float | None = None
    device_s: float | None = None
    scores: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_clean(self) -> bool:
        return self.disturbed is None or self.disturbed <= QUIET


@dataclass(frozen=True)
class Spread:
    """A median with the quarters around it.

    Args:
        low: A quarter of the values is below.
        high: A quarter is above.
        count: How many values there were.
    """

    median: float
    low: float
    high: float
    count: int

    def to_json(self) -> dict[str, Any]:
        return {
            "median": rounded(self.median),
            "low": rounded(self.low),
            "high": rounded(self.high),
            "count": self.count,
        }


def rounded(value: float) -> float:
    """Four digits, which is more than is known."""
    return float(f"{value:.4g}")


def spread(values: Sequence[float]) -> Spread:
    """Of at least one value.

    >>> spread([4.0, 1.0, 2.0, 3.0])
    Spread(median=2.5, low=1.75, high=3.25, count=4)
    """
    if len(values) == 1:
        return Spread(values[0], values[0], values[0], 1)
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(median, low, high, len(values))


def undisturbed(turns: Sequence[Turn]) -> list[Turn]:
    """The turns that count: those that nobody disturbed, or all where there are too few of them."""
    clean = [turn for turn in turns if turn.is_clean]
    return clean if len(clean) >= ENOUGH else list(turns)


def rate(turns: Sequence[Turn], samples: int) -> Spread:
    """Samples per second of turns that handle so many samples each."""
    return spread([samples / turn.seconds for turn in undisturbed(turns)])


def ratio(turns: Sequence[Turn], reference: Sequence[Turn]) -> Spread | None:
    """How many times as fast as the reference: the ratio is taken within each round, so that what the machine does
    from round to round cancels. None where there is no round in which both had a turn.

    >>> ratio([Turn(1.0), Turn(4.0)], [Turn(2.0), Turn(8.0)])
    Spread(median=2.0, low=2.0, high=2.0, count=2)
    """
    pairs = list(zip(turns, reference, strict=False))
    clean = [pair for pair in pairs if pair[0].is_clean and pair[1].is_clean]
    used = clean if len(clean) >= ENOUGH else pairs
    return spread([theirs.seconds / mine.seconds for mine, theirs in used]) if used else None


def growth(small: Sequence[float], large: Sequence[float], factor: float) -> Spread:
    """Time per unit of work when there is `factor` times as much of it; 1 is linear, less is better.

    >>> growth([1.0], [20.0], 10).median
    2.0
    """
    return spread([b / (a * factor) for a, b in zip(small, large, strict=True)])


def by_rounds(
    contenders: Sequence[str], rounds: int, take_turn: Callable[[str], Turn | None]
) -> dict[str, list[Turn]]:
    """Let contenders take turns, A B C, then C B A, …; one that gives None is out from then on."""
    turns: dict[str, list[Turn]] = {name: [] for name in contenders}
    out: set[str] = set()
    for number in range(rounds):
        for name in contenders[:: -1 if number % 2 else 1]:
            if name in out:
                continue
            turn = take_turn(name)
            if turn is None:
                out.add(name)
            else:
                turns[name].append(turn)
    return turns
