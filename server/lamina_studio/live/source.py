"""What a subscription reads from: the log of one run, or the list of changes to all runs."""

import re
from dataclasses import dataclass
from typing import Any, Protocol

from lamina_studio.ids import ID_PATTERN
from lamina_studio.runs.feed import METRICS, Feed, RunView
from lamina_studio.runs.series import Buckets, Summary, View
from lamina_studio.runs.tail import Entry, Tail

RUN_PREFIX = "run:"
RUNS = "runs"


class Gone(Exception):
    """The log no longer reaches back so far."""


@dataclass(frozen=True)
class Digest:
    """A stretch of a log through `to`, with its curves summarized."""

    to: int
    series: list[Summary]
    others: list[Entry]


class Source(Protocol):
    """A log that grows."""

    @property
    def tail(self) -> Tail: ...

    @property
    def place(self) -> dict[str, Any] | None:
        """Where the run stands, as `{state, attempt, step}`."""
        ...

    async def after(self, seq: int, limit: int) -> list[Entry]:
        """At most `limit` entries behind `seq`.

        Raises:
            Gone: They are no longer kept.
        """
        ...

    async def snapshot(self, view: View) -> tuple[list[Buckets], int]:
        """The curves, and the `seq` through which they are complete."""
        ...

    async def digest(self, seq: int, view: View, limit: int) -> Digest:
        """Everything behind `seq`, with at most `limit` entries that are not metrics."""
        ...


class RunSource:
    """The log of one run."""

    def __init__(self, view: RunView) -> None:
        self._view = view

    @property
    def tail(self) -> Tail:
        return self._view.tail

    @property
    def place(self) -> dict[str, Any]:
        return self._view.state

    async def after(self, seq: int, limit: int) -> list[Entry]:
        return await self._view.after(seq, limit)

    async def snapshot(self, view: View) -> tuple[list[Buckets], int]:
        series, at = await self._view.series()
        return series.buckets(view), at

    async def digest(self, seq: int, view: View, limit: int) -> Digest:
        series, to = await self._view.series()
        others = await self._view.others(seq, to, limit)
        if len(others) == limit:
            to = others[-1].seq
        return Digest(to, series.summaries(seq, to, view), others)


class RunsSource:
    """Changes to runs; kept in memory only, for the list itself is read over HTTP."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self.place = None

    @property
    def tail(self) -> Tail:
        return self._feed.runs

    async def after(self, seq: int, limit: int) -> list[Entry]:
        entries = self.tail.after(seq, limit)
        if entries is None:
            raise Gone
        return entries

    async def snapshot(self, view: View) -> tuple[list[Buckets], int]:
        return [], self.tail.head

    async def digest(self, seq: int, view: View, limit: int) -> Digest:
        entries = await self.after(seq, limit)
        assert all(entry.kind != METRICS for entry in entries)
        return Digest(entries[-1].seq, [], entries)


async def find_source(feed: Feed, channel: str) -> Source | None:
    """The source of a channel; None when there is no such run.

    Raises:
        ValueError: If it is no channel.
    """
    if channel == RUNS:
        return RunsSource(feed)
    if not channel.startswith(RUN_PREFIX):
        raise ValueError(f"{channel!r} is no channel: use run:<id> or runs")
    run_id = channel.removeprefix(RUN_PREFIX)
    view = await feed.open(run_id) if re.match(ID_PATTERN, run_id) else None
    return None if view is None else RunSource(view)
