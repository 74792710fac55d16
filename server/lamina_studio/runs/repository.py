"""Every query on the tables of runs."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session, undefer
from sqlalchemy.orm.attributes import set_committed_value

from lamina_studio.runs.states import ATTACHED, RunState
from lamina_studio.runs.tables import ArtifactRow, RunEventRow, RunRow
from lamina_studio.runs.tail import Entry

WITH_DOCUMENTS = (undefer(RunRow.graph), undefer(RunRow.training))


class RunRepository:
    """Runs, their events and their artifacts within one transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, run: RunRow) -> None:
        """Insert a run.

        Raises:
            IntegrityError: Its idempotency key is taken; the transaction goes on without it.
        """
        async with self._session.begin_nested():
            self._session.add(run)

    async def get(self, run_id: str, *, documents: bool = False) -> RunRow | None:
        options = WITH_DOCUMENTS if documents else ()
        return await self._session.get(RunRow, run_id, options=options, populate_existing=True)

    async def by_key(self, idempotency_key: str) -> RunRow | None:
        query = (
            select(RunRow).where(RunRow.idempotency_key == idempotency_key).options(*WITH_DOCUMENTS)
        )
        return (await self._session.scalars(query)).one_or_none()

    async def newest(
        self,
        limit: int,
        before: tuple[datetime, str] | None = None,
        states: Collection[str] = (),
    ) -> Sequence[RunRow]:
        query = select(RunRow).order_by(RunRow.created_at.desc(), RunRow.id.desc()).limit(limit)
        if before is not None:
            query = query.where(tuple_(RunRow.created_at, RunRow.id) < before)
        if states:
            query = query.where(RunRow.state.in_(states))
        return (await self._session.scalars(query)).all()

    async def attached(self) -> Sequence[RunRow]:
        query = select(RunRow).where(RunRow.state.in_(ATTACHED)).order_by(RunRow.queued_at)
        return (await self._session.scalars(query)).all()

    async def first_queued(self, limit: int) -> Sequence[RunRow]:
        query = (
            select(RunRow)
            .where(RunRow.state == RunState.QUEUED)
            .order_by(RunRow.queued_at, RunRow.id)
            .limit(limit)
            .options(*WITH_DOCUMENTS)
        )
        return (await self._session.scalars(query)).all()

    async def remove(self, run: RunRow) -> None:
        for table in (RunEventRow, ArtifactRow):
            await self._session.execute(delete(table).where(table.run_id == run.id))
        await self._session.execute(delete(RunRow).where(RunRow.id == run.id))

    async def events(
        self, run_id: str, after: int, limit: int, kinds: Collection[str] = ()
    ) -> list[Entry]:
        table = RunEventRow.__table__.c
        query = (
            select(
                table.seq,
                table.attempt,
                table.kind,
                table.step,
                table.epoch,
                table.t_ms,
                table.body,
            )
            .where(table.run_id == run_id, table.seq > after)
            .order_by(table.seq)
            .limit(limit)
        )
        if kinds:
            query = query.where(table.kind.in_(kinds))
        return [Entry(*row) for row in await self._session.execute(query)]

    async def other_events(
        self, run_id: str, after: int, through: int, kind: str, limit: int
    ) -> list[Entry]:
        """Events of a stretch of the log that are not of a kind."""
        table = RunEventRow.__table__.c
        query = (
            select(
                table.seq,
                table.attempt,
                table.kind,
                table.step,
                table.epoch,
                table.t_ms,
                table.body,
            )
            .where(table.run_id == run_id, table.seq > after, table.seq <= through)
            .where(table.kind != kind)
            .order_by(table.seq)
            .limit(limit)
        )
        return [Entry(*row) for row in await self._session.execute(query)]

    async def mark_verified(self, run_id: str, name: str) -> None:
        await self._session.execute(
            update(ArtifactRow)
            .where(ArtifactRow.run_id == run_id, ArtifactRow.name == name)
            .values(verified=True)
        )

    async def artifacts(self, run_id: str) -> Sequence[ArtifactRow]:
        query = (
            select(ArtifactRow).where(ArtifactRow.run_id == run_id).order_by(ArtifactRow.created_at)
        )
        return (await self._session.scalars(query)).all()

    async def artifact(self, run_id: str, name: str) -> ArtifactRow | None:
        return await self._session.get(ArtifactRow, (run_id, name))


class RunLog:
    """What a change of a run writes, within one synchronous transaction.

    Called in a thread while a run is followed, and through `AsyncSession.run_sync` by requests.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, run_id: str) -> RunRow | None:
        return self._session.get(RunRow, run_id, populate_existing=True)

    def swap(self, run: RunRow, changes: dict[str, Any]) -> bool:
        """Change a run if it is still as `run` says; false when somebody else was faster."""
        values = {**changes, "version": run.version + 1}
        result = self._session.execute(
            update(RunRow)
            .where(
                RunRow.id == run.id,
                RunRow.state == run.state,
                RunRow.version == run.version,
                RunRow.attempt == run.attempt,
            )
            .values(values)
            .execution_options(synchronize_session=False)
        )
        if result.rowcount != 1:  # type: ignore[attr-defined]
            return False
        for name, value in values.items():
            set_committed_value(run, name, value)
        return True

    def add_events(self, run_id: str, rows: Sequence[dict[str, Any]]) -> None:
        self._session.execute(insert(RunEventRow), [{"run_id": run_id, **row} for row in rows])

    def put_artifact(self, artifact: ArtifactRow) -> None:
        self._session.merge(artifact)
