import asyncio
import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from alembic import command
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from sqlalchemy.orm import Mapped, mapped_column

from lamina_studio.database import Base, Database, UtcDateTime, after_commit
from lamina_studio.migrate import alembic_config, upgrade
from lamina_studio.settings import Settings


@pytest.fixture
async def database(settings_on_each_database):
    settings_on_each_database.prepare_home()
    database = Database(settings_on_each_database.database_address)
    yield database
    await database.close()


async def test_migrations_lead_to_the_tables_of_the_code(database):
    await upgrade(database.engine)
    async with database.engine.begin() as connection:
        await connection.run_sync(lambda it: command.check(alembic_config(it)))


async def test_migrating_twice_changes_nothing(database):
    await upgrade(database.engine)
    await upgrade(database.engine)
    async with database.engine.begin() as connection:
        tables = await connection.run_sync(lambda it: set(inspect(it).get_table_names()))
    assert tables == set(Base.metadata.tables) | {"alembic_version"}


@pytest.mark.slow
async def test_replicas_that_start_together_migrate_once(fresh_postgres):
    """Only on PostgreSQL: a folder with SQLite belongs to one server, see `home_lock`."""
    databases = [Database(Settings(database_url=fresh_postgres).database_address) for _ in range(3)]
    await asyncio.gather(*(upgrade(database.engine) for database in databases))
    for database in databases:
        await database.close()


async def test_migrations_can_be_taken_back(database):
    await upgrade(database.engine)
    async with database.engine.begin() as connection:
        await connection.run_sync(lambda it: command.downgrade(alembic_config(it), "base"))
        tables = await connection.run_sync(lambda it: inspect(it).get_table_names())
    assert tables == ["alembic_version"]


async def test_there_is_one_head(database):
    async with database.engine.begin() as connection:
        heads = await connection.run_sync(
            lambda it: ScriptDirectory.from_config(alembic_config(it)).get_heads()
        )
    assert len(heads) == 1


async def test_a_migration_that_fails_leaves_nothing_behind(database, monkeypatch):
    def fail(*_):
        raise RuntimeError("in the middle")

    monkeypatch.setattr(MigrationContext, "_ensure_version_table", fail)
    with pytest.raises(RuntimeError, match="in the middle"):
        await upgrade(database.engine)
    async with database.engine.begin() as connection:
        assert await connection.run_sync(lambda it: inspect(it).get_table_names()) == []


async def test_what_is_raised_takes_the_transaction_back(database):
    async with database.transaction() as session:
        await session.execute(text("CREATE TABLE t (n INTEGER)"))

    async def write_and_fail():
        async with database.transaction() as session:
            await session.execute(text("INSERT INTO t VALUES (1)"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await write_and_fail()
    async with database.transaction(write=False) as session:
        assert await session.scalar(text("SELECT count(*) FROM t")) == 0


async def test_writers_wait_for_each_other_and_lose_nothing(settings):
    """Read, then write: on SQLite a late lock would fail at once or lose an update."""
    settings.prepare_home()
    database = Database(settings.database_address)
    async with database.transaction() as session:
        await session.execute(text("CREATE TABLE t (n INTEGER)"))
        await session.execute(text("INSERT INTO t VALUES (0)"))

    async def add_one():
        async with database.transaction() as session:
            n = await session.scalar(text("SELECT n FROM t"))
            await asyncio.sleep(0.001)
            await session.execute(text("UPDATE t SET n = :n"), {"n": n + 1})

    await asyncio.gather(*(add_one() for _ in range(20)))
    async with database.transaction(write=False) as session:
        assert await session.scalar(text("SELECT n FROM t")) == 20
    await database.close()


async def test_a_threads_transaction_is_written_whole_or_not_at_all(database):
    """And what follows its commit happens on the loop; what follows a commit that never comes, does not."""
    async with database.transaction() as session:
        await session.execute(text("CREATE TABLE t (n INTEGER)"))
    here, told = threading.get_ident(), []

    def write(session, fails=False):
        session.execute(text("INSERT INTO t VALUES (1)"))
        after_commit(session, lambda: told.append(threading.get_ident()))
        if fails:
            raise RuntimeError("in the middle")
        return threading.get_ident()

    with pytest.raises(RuntimeError, match="in the middle"):
        await database.write_in_thread(lambda session: write(session, fails=True))
    assert await database.write_in_thread(write) != here
    async with database.transaction(write=False) as session:
        assert await session.scalar(text("SELECT count(*) FROM t")) == 1
    assert told == [here]


async def test_threads_and_requests_write_in_turn(database):
    async with database.transaction() as session:
        await session.execute(text("CREATE TABLE t (n INTEGER)"))
        await session.execute(text("INSERT INTO t VALUES (0)"))

    async def add_one():
        async with database.transaction() as session:
            await session.execute(text("UPDATE t SET n = n + 1"))

    def add_one_there(session):
        session.execute(text("UPDATE t SET n = n + 1"))

    await asyncio.gather(
        *(add_one() for _ in range(10)),
        *(database.write_in_thread(add_one_there) for _ in range(10)),
    )
    async with database.transaction(write=False) as session:
        assert await session.scalar(text("SELECT n FROM t")) == 20


async def test_a_reader_does_not_wait_for_a_writer(settings):
    settings.prepare_home()
    database = Database(settings.database_address)
    async with database.transaction() as session:
        await session.execute(text("CREATE TABLE t (n INTEGER)"))
    async with database.transaction() as writer:
        await writer.execute(text("INSERT INTO t VALUES (1)"))
        async with asyncio.timeout(2), database.transaction(write=False) as reader:
            assert await reader.scalar(text("SELECT count(*) FROM t")) == 0
    await database.close()


async def test_sqlite_keeps_a_write_ahead_log_and_its_foreign_keys(settings):
    settings.prepare_home()
    database = Database(settings.database_address)
    async with database.transaction(write=False) as session:
        assert await session.scalar(text("PRAGMA journal_mode")) == "wal"
        assert await session.scalar(text("PRAGMA foreign_keys")) == 1
        assert await session.scalar(text("PRAGMA busy_timeout")) >= 5000
    await database.close()


async def test_moments_come_back_in_utc(database):
    class Moment(Base):
        __tablename__ = "test_moment"
        id: Mapped[int] = mapped_column(primary_key=True)
        at: Mapped[datetime] = mapped_column(UtcDateTime)

    try:
        async with database.engine.begin() as connection:
            await connection.run_sync(Moment.__table__.create)
        noon = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=8)))
        async with database.transaction() as session:
            session.add(Moment(id=1, at=noon))
        async with database.transaction(write=False) as session:
            kept = (await session.get(Moment, 1)).at
        assert kept == noon
        assert kept.tzinfo == UTC
    finally:
        Base.metadata.remove(Moment.__table__)
        Base.registry._dispose_cls(Moment)


async def test_an_unreachable_database_is_noticed():
    database = Database("postgresql+psycopg://127.0.0.1:1/nothing")
    assert not await database.is_reachable()
    await database.close()
