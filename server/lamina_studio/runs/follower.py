"""The follower: looks after one attempt from the server's side until it has ended.

It tails the spool into the database, passes a wish to stop on to the supervisor, and, once nobody
holds the run's lock any more, says how the run ended. It makes no difference whether the
supervisor was started by this server or by one that is long gone.
"""

import asyncio
import logging
import os
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from sqlalchemy.orm import Session

from lamina.text import Text
from lamina_studio.database import Database, utc_now
from lamina_studio.runs import endings
from lamina_studio.runs.detached import DetachedProcess
from lamina_studio.runs.endings import Ending
from lamina_studio.runs.errors import RunChanged
from lamina_studio.runs.feed import Feed
from lamina_studio.runs.folders import Exit, ProcessId, RunFolder, read_json
from lamina_studio.runs.intake import Intake
from lamina_studio.runs.journal import Change, NewEvent, record, transition
from lamina_studio.runs.repository import RunLog
from lamina_studio.runs.schemas import as_listed
from lamina_studio.runs.spool import SpoolReader
from lamina_studio.runs.states import ENDED, RunState
from lamina_studio.runs.tables import RunRow

WATCHED_S = 0.25
"""How often a run is taken in while somebody looks on. Each time costs its training 5 to 10 ms, most
of it in the browser, which draws what came; four times a second still looks like movement."""

UNWATCHED_S = 1.0
SUPERVISION_S = 0.5
START_TIMEOUT_S = 120.0
GONE_TIMEOUT_S = 10.0
ANNOUNCE_S = 1.0
POLL_GONE_S = 0.05
MAX_STARTS = 3
BATCH = 2000

T = TypeVar("T")

logger = logging.getLogger(__name__)


class Follower:
    """Follows one attempt of one run.

    Args:
        database: Written by nobody but this server.
        feed: Told of everything that was committed.
        folder: The run's folder.
        run: The run, in a state in which a process exists or may exist.
        supervisor: The process, if this server started it; None after a restart.
    """

    def __init__(
        self,
        database: Database,
        feed: Feed,
        folder: RunFolder,
        run: RunRow,
        supervisor: DetachedProcess | None = None,
    ) -> None:
        self.run_id = run.id
        self._database = database
        self._feed = feed
        self._folder = folder
        self._attempt = run.attempt
        self._files = folder.attempt(run.attempt)
        self._supervisor = supervisor
        self._reader: SpoolReader | None = None
        self._offset = run.spool_offset
        self._state = RunState(run.state)
        self._stop_wanted = self._state is RunState.STOPPING or self._files.stop.exists()
        self._stop_passed_on = False
        self._wake = asyncio.Event()
        self._started_at = time.monotonic()
        self._due_at: float | None = None
        self._silent = False
        self._supervision_at = 0.0
        self._announced_at = 0.0
        self._verdict: Ending | None = None
        # As our last transaction left it; what others changed since, the next one finds out.
        self._run: RunRow | None = None

    def request_stop(self) -> None:
        """Pass the wish to stop on to the supervisor, now and without the database."""
        self._stop_wanted = True
        if not self._stop_passed_on:
            self._files.request_stop()
            self._stop_passed_on = True
        self._wake.set()

    async def follow(self) -> None:
        """Return when the run has ended and its processes are gone."""
        if self._stop_wanted:
            self.request_stop()
        try:
            while self._is_supervised():
                await self._take_in()
                await self._watch()
                await self._pause()
            await self._finish()
        finally:
            if self._reader is not None:
                self._reader.close()
                self._reader = None

    async def _pause(self) -> None:
        seconds = WATCHED_S if self._is_watched() else UNWATCHED_S
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), seconds)
        self._wake.clear()

    def _is_watched(self) -> bool:
        starting = self._state is not RunState.RUNNING
        return starting or self._feed.is_watched(self.run_id)

    def _is_supervised(self) -> bool:
        if self._supervisor is not None and self._supervisor.is_running():
            return True
        now = time.monotonic()
        if now - self._supervision_at < SUPERVISION_S:
            return True
        self._supervision_at = now
        return self._folder.is_supervised()

    # Taking in.

    async def _take_in(self) -> None:
        """Take in what is new in the spool."""
        if self._reader is None:
            try:
                self._reader = SpoolReader(self._files.spool, self._offset)
            except FileNotFoundError:
                return
        while payloads := self._reader.read(BATCH):
            await self._commit(payloads, self._reader.offset)
            self._offset = self._reader.offset

    async def _commit(self, payloads: list[bytes], offset: int) -> None:
        def take(session: Session, run: RunRow) -> int | None:
            intake = Intake(run, utc_now())
            intake.take(payloads)
            for artifact in intake.artifacts:
                RunLog(session).put_artifact(artifact)
            record(session, self._feed, run, intake.change(offset))
            return intake.silence_ms

        self._heard(await self._with_run(take))

    def _heard(self, silence_ms: int | None) -> None:
        if silence_ms is not None:
            self._due_at = time.monotonic() + silence_ms / 1000
            self._silent = False

    def _saw(self, run: RunRow) -> None:
        self._state = RunState(run.state)
        if self._state is RunState.STOPPING and not self._stop_wanted:
            self.request_stop()
        now = time.monotonic()
        if self._feed.runs.is_watched and now - self._announced_at >= ANNOUNCE_S:
            self._announced_at = now
            self._feed.announce(as_listed(run))

    # Watching.

    async def _watch(self) -> None:
        now = time.monotonic()
        if self._due_at is None and now - self._started_at > START_TIMEOUT_S:
            self._verdict = endings.START_TIMEOUT
            self._kill_trainer()
        elif self._due_at is not None and now > self._due_at and not self._silent:
            self._silent = True
            await self._alert("silent", _SILENT)

    async def _alert(self, code: str, message: Text) -> None:
        def tell(session: Session, run: RunRow) -> None:
            body = {"code": code, "message": message.to_json()}
            t_ms = time.time_ns() // 1_000_000
            event = NewEvent("alert", body, run.step, run.epoch, t_ms)
            record(session, self._feed, run, Change({}, [event]))

        await self._with_run(tell)

    # Ending.

    async def _finish(self) -> None:
        await self._take_in()
        if self._state in ENDED:
            return
        end = Exit.read(self._files.exit)
        if end is None:
            await self._end_orphan()
            await self._take_in()
        if self._state in ENDED:
            return
        if self._verdict is not None:
            await self._conclude([self._verdict])
        elif end is not None:
            await self._conclude([endings.ending(end, was_stopping=self._stop_wanted)])
        elif self._stop_wanted:
            await self._conclude([endings.STOPPED_BY_FORCE])
        elif not self._files.processes.exists() and self._attempt < MAX_STARTS:
            await self._conclude([_GONE, (RunState.QUEUED, None, None)])
        else:
            await self._conclude([_GONE, endings.LOST])

    async def _conclude(self, steps: Sequence[Ending]) -> None:
        def conclude(session: Session, run: RunRow) -> None:
            for state, reason, message in steps:
                change = transition(run, state, reason=reason, message=message)
                record(session, self._feed, run, change)

        await self._with_run(conclude)

    async def _with_run(self, act: Callable[[Session, RunRow], T]) -> T | None:
        """Change the run in a transaction of its own, again when somebody else was faster.

        Returns:
            What `act` returned; None if the run is no longer ours to change.
        """
        known, self._run = self._run, None

        def change(session: Session) -> tuple[RunRow, T] | None:
            run = known or RunLog(session).get(self.run_id)
            if run is None or run.attempt != self._attempt or run.state in ENDED:
                return None  # deleted, or a newer attempt has taken over
            return run, act(session, run)

        while True:
            try:
                changed = await self._database.write_in_thread(change)
            except RunChanged:
                known = None
                continue
            if changed is None:
                return None
            self._run, result = changed
            self._saw(self._run)
            return result

    async def _end_orphan(self) -> None:
        """End a trainer that lost its supervisor; it ends by itself unless it hangs."""
        deadline = time.monotonic() + GONE_TIMEOUT_S
        while (trainer := self._trainer()) is not None and time.monotonic() < deadline:
            self._kill_trainer()
            await asyncio.sleep(POLL_GONE_S)
        if trainer is not None:
            logger.error("run %s: process %d cannot be ended", self.run_id, trainer.pid)

    def _trainer(self) -> ProcessId | None:
        processes = read_json(self._files.processes)
        trainer = None if processes is None else ProcessId(**processes["trainer"])
        return trainer if trainer is not None and trainer.is_alive() else None

    def _kill_trainer(self) -> None:
        trainer = self._trainer()
        if trainer is not None:
            with suppress(ProcessLookupError):
                os.killpg(trainer.pid, signal.SIGKILL)


_GONE: Ending = (RunState.LOST, None, None)
_SILENT = Text(
    "The training process has not been heard of for a while. It may be waiting for a slow disk or "
    "an overloaded machine; stop the run if it does not come back.",
    "训练进程已有一段时间没有响应，可能在等待缓慢的磁盘或计算机负载过高；若未恢复，请停止运行。",
)
