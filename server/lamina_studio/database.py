"""The database: SQLite with a write-ahead log by default, PostgreSQL by address.

One set of tables and migrations serves both. A request is one transaction, committed by the
session dependency before the response leaves; services never commit. What has to be written several
times a second is a transaction in a thread of its own (`Database.write_in_thread`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any, TypeVar

import orjson
from fastapi import Depends, Request
from sqlalchemy import JSON, DateTime, Dialect, Engine, MetaData, create_engine, event, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import DeclarativeBase, sessionmaker
from sqlalchemy.orm import Session as SyncSession
from sqlalchemy.types import TypeDecorator

SQLITE_PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": "normal",
    "foreign_keys": "on",
    "busy_timeout": "10000",
}
READ_ONLY = {"lamina_read_only": True}
WRITING_THREADS = 4
_LOOP = "lamina_loop"

T = TypeVar("T")

Json = JSON()
"""A column of JSON. Not JSONB: it refuses texts that JSON allows, and nothing queries inside."""


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC: always aware in Python, whatever the database keeps."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        assert value.tzinfo is not None, "moments are stored with their time zone"
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """The root of every table."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UtcDateTime}


def utc_now() -> datetime:
    """The present moment, aware of its time zone."""
    return datetime.now(UTC)


class Database:
    """The engine and its transactions."""

    def __init__(self, address: str) -> None:
        self.engine: AsyncEngine = _create_engine(address)
        self.sessionmaker = create_sessionmaker(self.engine)
        self._thread_engine = _create_sync_engine(address)
        self._thread_sessionmaker = sessionmaker(self._thread_engine, expire_on_commit=False)
        self._threads = ThreadPoolExecutor(WRITING_THREADS, thread_name_prefix="database")

    @asynccontextmanager
    async def transaction(self, *, write: bool = True) -> AsyncIterator[AsyncSession]:
        """A session that commits at the end, or rolls back when anything is raised.

        Args:
            write: Whether anything will be written. On SQLite such a transaction takes the write
                lock at its start, so that what it reads stays true until its commit; one that only
                reads never waits.
        """
        async with self.sessionmaker.begin() as session:
            if not write:
                await session.connection(execution_options=READ_ONLY)
            yield session

    async def write_in_thread(self, work: Callable[[SyncSession], T]) -> T:
        """A writing transaction that runs as a whole in a thread; commits at its end.

        For what is written many times while a training goes on. The asynchronous driver of SQLite
        passes every statement to a thread and back, some fifteen times in a small transaction, and
        every one of these wakes takes a core from the training; here there is one.

        Args:
            work: Called in the thread with a session. What it raises rolls back and is raised here.

        Returns:
            What `work` returned.
        """
        loop = asyncio.get_running_loop()

        def transact() -> T:
            with self._thread_sessionmaker.begin() as session:
                session.info[_LOOP] = loop
                return work(session)

        return await loop.run_in_executor(self._threads, transact)

    async def is_reachable(self) -> bool:
        """Whether a query gets an answer."""
        try:
            async with self.transaction(write=False) as session:
                await session.execute(text("SELECT 1"))
        except (SQLAlchemyError, OSError):
            return False
        return True

    async def close(self) -> None:
        await asyncio.to_thread(self._threads.shutdown)
        self._thread_engine.dispose()
        await self.engine.dispose()


def after_commit(session: SyncSession, action: Callable[[], None]) -> None:
    """Do something on the event loop once the transaction is committed; not if it is rolled back."""
    loop: asyncio.AbstractEventLoop | None = session.info.get(_LOOP)
    act = action if loop is None else partial(loop.call_soon_threadsafe, action)
    event.listen(session, "after_commit", lambda _: act(), once=True)


def create_sessionmaker(engine: AsyncEngine) -> async_sessionmaker[AsyncSession]:
    """Sessions whose rows stay readable after the commit."""
    return async_sessionmaker(engine, expire_on_commit=False)


def _create_engine(address: str) -> AsyncEngine:
    engine = create_async_engine(address, **_options(address))
    _prepare(engine.sync_engine)
    return engine


def _create_sync_engine(address: str) -> Engine:
    engine = create_engine(address.replace("+aiosqlite", "", 1), **_options(address))
    _prepare(engine)
    return engine


def _options(address: str) -> dict[str, Any]:
    return {
        "pool_pre_ping": not address.startswith("sqlite"),
        "json_serializer": lambda value: orjson.dumps(value).decode(),
        "json_deserializer": orjson.loads,
    }


def _prepare(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we begin transactions ourselves, see _begin_sqlite
    cursor = connection.cursor()
    for name, value in SQLITE_PRAGMAS.items():
        cursor.execute(f"PRAGMA {name}={value}")
    cursor.close()


def _begin_sqlite(connection: Any) -> None:
    # sqlite3 would begin late and deferred: a read followed by a write then fails at once when
    # another connection wrote in between. Taking the lock first waits for it instead.
    reads = connection.get_execution_options().get("lamina_read_only", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


async def _session(request: Request) -> AsyncIterator[AsyncSession]:
    database: Database = request.app.state.database
    async with database.transaction(write=request.method not in {"GET", "HEAD"}) as session:
        yield session


Session = Annotated[AsyncSession, Depends(_session, scope="function")]
"""The transaction of this request; it is committed before the response is sent."""
