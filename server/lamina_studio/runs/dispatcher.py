"""The dispatcher: starts queued runs in their order and keeps a follower for each that lives."""

import asyncio
import logging
import sys
from collections.abc import Callable
from pathlib import Path

import psutil

from lamina_studio.database import Database
from lamina_studio.runs import endings
from lamina_studio.runs.detached import DetachedProcess
from lamina_studio.runs.feed import Feed
from lamina_studio.runs.folders import Order, RunFolder
from lamina_studio.runs.follower import Follower
from lamina_studio.runs.journal import Change, record, transition
from lamina_studio.runs.repository import RunRepository
from lamina_studio.runs.states import RunState
from lamina_studio.runs.tables import RunRow

SUPERVISOR = (sys.executable, "-m", "lamina_studio.runs.supervisor")
TRAINER = (sys.executable, "-m", "lamina_studio.runs.trainer")
TERMINATE_AFTER_S = 10.0
KILL_AFTER_S = 30.0
MEMORY_LEFT_BYTES = 2**30
RETRY_S = 2.0
LONGEST_RETRY_S = 30.0

logger = logging.getLogger(__name__)


class Dispatcher:
    """Owns the queue and the followers of this server.

    Args:
        database: Holds the queue.
        feed: Told of everything that was committed.
        folder: Folder of all runs.
        environment: All the variables of the processes of runs.
        max_parallel: How many runs may have a process at the same time.
        on_end: Called with the id of each run whose processes are gone.
    """

    def __init__(
        self,
        database: Database,
        feed: Feed,
        folder: Path,
        environment: dict[str, str],
        max_parallel: int,
        on_end: Callable[[str], None],
    ) -> None:
        self._database = database
        self._feed = feed
        self._folder = folder
        self._max_parallel = max_parallel
        self._on_end = on_end
        self._environment = environment
        self._followers: dict[str, tuple[Follower, asyncio.Task[None]]] = {}
        self._wake = asyncio.Event()
        self._queue: asyncio.Task[None] | None = None

    def folder_of(self, run_id: str) -> RunFolder:
        return RunFolder(self._folder / run_id)

    async def open(self) -> None:
        """Take up the runs of an earlier server, then start working through the queue."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        async with self._database.transaction(write=False) as session:
            attached = await RunRepository(session).attached()
        for run in attached:
            self._follow(Follower(self._database, self._feed, self.folder_of(run.id), run))
        self._queue = asyncio.create_task(self._work(), name="run queue")
        self.wake()

    async def close(self) -> None:
        """Let go of everything; the trainings go on without this server."""
        tasks = [task for _, task in self._followers.values()]
        if self._queue is not None:
            tasks.append(self._queue)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def wake(self) -> None:
        """Look at the queue: a run was added, or one has ended."""
        self._wake.set()

    def request_stop(self, run_id: str) -> None:
        """Make the processes of a run, which is STOPPING, hear of it."""
        if run_id in self._followers:
            self._followers[run_id][0].request_stop()

    def _follow(self, follower: Follower) -> None:
        task = asyncio.create_task(self._see_through(follower), name=f"run {follower.run_id}")
        self._followers[follower.run_id] = follower, task

    async def _see_through(self, follower: Follower) -> None:
        try:
            retry_s = RETRY_S
            while True:
                if await self._followed(follower, is_first=retry_s == RETRY_S):
                    self._on_end(follower.run_id)
                    return
                await asyncio.sleep(retry_s)
                retry_s = min(2 * retry_s, LONGEST_RETRY_S)
        finally:
            del self._followers[follower.run_id]
            self.wake()

    async def _followed(self, follower: Follower, *, is_first: bool) -> bool:
        try:
            await follower.follow()
        except Exception as error:  # the edge of a task: one run must not hold up the others
            logger.warning(
                "run %s: its follower failed and begins again: %s",
                follower.run_id,
                error,
                exc_info=is_first,
            )
            return False
        return True

    async def _work(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                while run := await self._next():
                    await self._start(run)
            except Exception:  # the edge of a task: the queue must go on
                logger.exception("the queue of runs failed and begins again")
                asyncio.get_running_loop().call_later(RETRY_S, self.wake)

    async def _next(self) -> RunRow | None:
        """Make the first queued run STARTING, if there is a free slot."""
        async with self._database.transaction() as session:
            runs = RunRepository(session)
            if len(self._followers) >= self._max_parallel:
                return None
            queued = await runs.first_queued(1)
            if not queued:
                return None
            run = queued[0]
            change = transition(run, RunState.STARTING)
            fresh = {"attempt": run.attempt + 1, "wseq": 0, "spool_offset": 0}
            await session.run_sync(
                record, self._feed, run, Change(change.values | fresh, change.events)
            )
        return run

    async def _start(self, run: RunRow) -> None:
        folder = self.folder_of(run.id)
        argv = [*TRAINER, str(folder.path)]
        limit = max(psutil.virtual_memory().total - MEMORY_LEFT_BYTES, 0)
        order = Order(
            argv=[*argv, str(run.attempt)],
            terminate_after_s=TERMINATE_AFTER_S,
            kill_after_s=KILL_AFTER_S,
            memory_bytes=limit,
        )
        try:
            folder.prepare(
                run.attempt, spec={"graph": run.graph, "training": run.training}, order=order
            )
            supervisor = self._spawn(folder, run.attempt)
        except OSError:
            logger.exception("run %s: could not be started", run.id)
            await self._give_up(run)
            return
        self._follow(Follower(self._database, self._feed, folder, run, supervisor))

    def _spawn(self, folder: RunFolder, attempt: int) -> DetachedProcess:
        return DetachedProcess.start(
            [*SUPERVISOR, str(folder.path), str(attempt)],
            self._environment,
            folder.attempt(attempt).supervisor_log,
        )

    async def _give_up(self, run: RunRow) -> None:
        state, reason, message = endings.NOT_STARTED
        async with self._database.transaction() as session:
            current = await RunRepository(session).get(run.id)
            assert current is not None, "nobody deletes a run that is STARTING"
            change = transition(current, state, reason=reason, message=message)
            await session.run_sync(record, self._feed, current, change)
