"""The rules of runs within one transaction: how one is queued, stopped, described, removed."""

import asyncio
import shutil
from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from lamina_studio.database import after_commit
from lamina_studio.runs import endings
from lamina_studio.runs.dispatcher import Dispatcher
from lamina_studio.runs.errors import (
    ArtifactNotFound,
    KeyReused,
    RunChanged,
    RunIsLive,
    RunNotFound,
)
from lamina_studio.runs.feed import Feed
from lamina_studio.runs.journal import Change, NewEvent, record, transition
from lamina_studio.runs.repository import RunRepository
from lamina_studio.runs.schemas import RunPatch
from lamina_studio.runs.states import ENDED, RunState
from lamina_studio.runs.submission import Submission
from lamina_studio.runs.tables import ArtifactRow, RunRow
from lamina_studio.runs.tail import Entry


class RunService:
    """Runs within one transaction.

    Args:
        session: The request's transaction.
        dispatcher: Starts and stops processes, after the commit.
        feed: Told of what was committed.
    """

    def __init__(self, session: AsyncSession, dispatcher: Dispatcher, feed: Feed) -> None:
        self._session = session
        self._runs = RunRepository(session)
        self._dispatcher = dispatcher
        self._feed = feed

    async def submit(self, submission: Submission, idempotency_key: str | None = None) -> RunRow:
        """Queue a run; the same key and request give the run of the first time.

        Raises:
            KeyReused: If the key was used for another request.
        """
        run = submission.new_run(idempotency_key)
        if idempotency_key is not None:
            earlier = await self._runs.by_key(idempotency_key)
            if earlier is not None:
                return _same(earlier, run)
        try:
            await self._runs.add(run)
        except IntegrityError:  # PostgreSQL only: the same key came twice at the same moment
            earlier = await self._runs.by_key(idempotency_key or "")
            if earlier is None:
                raise
            return _same(earlier, run)
        await self._session.run_sync(record, self._feed, run, Change({}, [_queued(run)]))
        after_commit(self._session.sync_session, self._dispatcher.wake)
        return run

    async def get(self, run_id: str) -> RunRow:
        """A run with its documents.

        Raises:
            RunNotFound: If there is none.
        """
        run = await self._runs.get(run_id, documents=True)
        if run is None:
            raise RunNotFound(run_id)
        return run

    async def newest(
        self,
        limit: int,
        before: tuple[datetime, str] | None = None,
        states: Collection[str] = (),
    ) -> Sequence[RunRow]:
        """Runs, newest first."""
        return await self._runs.newest(limit, before, states)

    async def describe(self, run_id: str, patch: RunPatch) -> RunRow:
        """Change what people wrote on a run."""
        run = await self.get(run_id)
        values = patch.model_dump(exclude_none=True)
        if values:
            await self._session.run_sync(record, self._feed, run, Change(values, []))
        return run

    async def stop(self, run_id: str) -> RunRow:
        """Ask a run to stop after its current step. Stopping twice, or too late, is no error."""
        run = await self.get(run_id)
        state = RunState(run.state)
        if state is RunState.QUEUED:
            stopped, reason, message = endings.STOPPED_BEFORE_START
            change = transition(run, stopped, reason=reason, message=message)
            await self._session.run_sync(record, self._feed, run, change)
        elif state in {RunState.STARTING, RunState.RUNNING}:
            # Not after the commit: a full disk, which refuses it, must not keep a run going.
            self._dispatcher.request_stop(run_id)
            try:
                await self._session.run_sync(
                    record, self._feed, run, transition(run, RunState.STOPPING)
                )
            except RunChanged:  # it may just have ended
                return await self.stop(run_id)
        return run

    async def delete(self, run_id: str) -> None:
        """Remove a run with everything it left.

        Raises:
            RunIsLive: If it has not ended.
        """
        run = await self.get(run_id)
        if run.state not in ENDED:
            raise RunIsLive(run_id)
        folder = self._dispatcher.folder_of(run.id)
        await self._runs.remove(run)

        def forget() -> None:
            self._feed.forget(run_id)
            asyncio.get_running_loop().run_in_executor(
                None, lambda: shutil.rmtree(folder.path, ignore_errors=True)
            )

        after_commit(self._session.sync_session, forget)

    async def events(
        self, run_id: str, after: int, limit: int, kinds: Collection[str]
    ) -> list[Entry]:
        """Entries of a run's log behind `after`."""
        await self.get(run_id)
        return await self._runs.events(run_id, after, limit, kinds)

    async def artifacts(self, run_id: str) -> Sequence[ArtifactRow]:
        """Files that a run left."""
        await self.get(run_id)
        return await self._runs.artifacts(run_id)

    async def artifact_path(self, run_id: str, name: str) -> tuple[RunRow, ArtifactRow, Path]:
        """A file that a run left, and the run.

        Raises:
            ArtifactNotFound: If the run has none of this name, or it is gone from the disk.
        """
        run = await self.get(run_id)
        artifact = await self._runs.artifact(run.id, name)
        if artifact is None:
            raise ArtifactNotFound(run_id, name)
        folder = self._dispatcher.folder_of(run.id).artifacts.resolve()
        path = (folder / artifact.name).resolve()
        if path.parent != folder or not path.is_file():
            raise ArtifactNotFound(run_id, name)
        return run, artifact, path


def _same(earlier: RunRow, run: RunRow) -> RunRow:
    if earlier.request_hash != run.request_hash:
        raise KeyReused
    return earlier


def _queued(run: RunRow) -> NewEvent:
    body = {"state": RunState.QUEUED.value, "reason": None, "message": None}
    return NewEvent("state", body, 0, 0, round(run.created_at.timestamp() * 1000))
