"""What is hot in memory: for each run that somebody looks at, the end of its log and its curves.

The database is the truth. A run enters the feed when somebody opens it and is then fed after each
commit; a run that nobody looks at costs nothing.
"""

import asyncio
import secrets
import time
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from lamina_studio.database import Database
from lamina_studio.runs.repository import RunRepository
from lamina_studio.runs.series import Series
from lamina_studio.runs.tail import Entry, Tail

KEPT_UNWATCHED = 8
READ_ROWS = 5000
METRICS = "metrics"


class RunView:
    """The log and the curves of one run.

    Attributes:
        tail: Newest entries; its `head` is the last committed `seq`.
        state: Where the run stands, as `{state, attempt, step}`.
    """

    def __init__(
        self, database: Database, run_id: str, log: str, head: int, state: dict[str, Any]
    ) -> None:
        self.run_id = run_id
        self._database = database
        self.tail = Tail(log, head)
        self.state = state
        self._series: Series | None = None
        self._series_head = 0
        self._loading = asyncio.Lock()

    def extend(self, entries: Sequence[Entry], state: dict[str, Any]) -> None:
        """Take in what was just committed."""
        self.state = state
        new = self.tail.extend(entries)
        if self._series is not None and new and new[0].seq == self._series_head + 1:
            self._add(new)

    async def series(self) -> tuple[Series, int]:
        """The curves, and the `seq` through which they are complete."""
        async with self._loading:
            if self._series is None:
                self._series = Series()
            while self._series_head < self.tail.head:
                entries = self.tail.after(self._series_head, READ_ROWS)
                if entries is None:
                    entries = await self._read(self._series_head)
                # While it was read, `extend` may have added the same entries.
                self._add([entry for entry in entries if entry.seq > self._series_head])
            return self._series, self._series_head

    async def after(self, seq: int, limit: int) -> list[Entry]:
        """At most `limit` entries behind `seq`, from memory or from the database."""
        entries = self.tail.after(seq, limit)
        return await self._read(seq, limit) if entries is None else entries

    async def others(self, after: int, through: int, limit: int) -> list[Entry]:
        """At most `limit` entries of (after, through] that are not metrics."""
        async with self._database.transaction(write=False) as session:
            runs = RunRepository(session)
            return await runs.other_events(self.run_id, after, through, METRICS, limit)

    async def _read(self, seq: int, limit: int = READ_ROWS) -> list[Entry]:
        async with self._database.transaction(write=False) as session:
            return await RunRepository(session).events(self.run_id, seq, limit)

    def _add(self, entries: Sequence[Entry]) -> None:
        assert self._series is not None
        for entry in entries:
            if entry.kind == METRICS:
                self._series.add(entry.seq, entry.step, entry.epoch, entry.t_ms, entry.body)
            self._series_head = entry.seq


class Feed:
    """All hot runs, and the channel that tells of changes to any run.

    Attributes:
        boot: Identity of this server's life.
        runs: Log of changes to runs, kept in memory only.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._views: OrderedDict[str, RunView] = OrderedDict()
        # What is committed while a run is being opened, so that nothing falls between.
        self._opening: dict[str, list[tuple[Sequence[Entry], dict[str, Any]]]] = {}
        self.boot = secrets.token_hex(8)
        self.runs = Tail(self.boot)

    async def open(self, run_id: str) -> RunView | None:
        """The view of a run; None when there is no such run."""
        if run_id not in self._views and not await self._load(run_id):
            return None
        view = self._views[run_id]
        self._views.move_to_end(run_id)
        self._forget_old()
        return view

    async def _load(self, run_id: str) -> bool:
        self._opening.setdefault(run_id, [])
        async with self._database.transaction(write=False) as session:
            run = await RunRepository(session).get(run_id)
        missed = self._opening.pop(run_id, [])
        if run is not None and run_id not in self._views:  # somebody else may have been faster
            state = {"state": run.state, "attempt": run.attempt, "step": run.step}
            view = self._views[run_id] = RunView(self._database, run_id, run.log, run.head, state)
            for entries, newer in missed:
                view.extend(entries, newer)
        return run is not None

    def publish(self, run_id: str, entries: Sequence[Entry], state: dict[str, Any]) -> None:
        """Tell the viewers of a run what was just committed."""
        if run_id in self._opening:
            self._opening[run_id].append((entries, state))
        view = self._views.get(run_id)
        if view is not None:
            view.extend(entries, state)

    def announce(self, run: dict[str, Any]) -> None:
        """Tell everybody who watches the list that a run changed.

        Args:
            run: The run as the list shows it.
        """
        self.runs.extend(
            [
                Entry(
                    seq=self.runs.head + 1,
                    attempt=run["attempt"],
                    kind="state",
                    step=run["step"],
                    epoch=run["epoch"],
                    t_ms=time.time_ns() // 1_000_000,
                    body={"run": run},
                )
            ]
        )

    def is_watched(self, run_id: str) -> bool:
        """Whether anybody follows this run live."""
        view = self._views.get(run_id)
        return view is not None and view.tail.is_watched

    def forget(self, run_id: str) -> None:
        """Drop a run that was deleted."""
        self._views.pop(run_id, None)

    def _forget_old(self) -> None:
        unwatched = [key for key, view in self._views.items() if not view.tail.is_watched]
        for run_id in unwatched[:-KEPT_UNWATCHED]:
            del self._views[run_id]
