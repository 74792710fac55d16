"""Helpers of the tests of runs: wait on conditions, never on time."""

import asyncio
import inspect
import json
import os
import signal
import sys
import time
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from lamina_studio.database import Database
from lamina_studio.graphs.service import ParsedGraph
from lamina_studio.migrate import upgrade
from lamina_studio.runs import dispatcher
from lamina_studio.runs.folders import ProcessId, read_json
from lamina_studio.runs.repository import RunRepository
from lamina_studio.runs.states import ENDED
from lamina_studio.runs.studio import open_runs
from lamina_studio.runs.submission import Submission
from lamina_studio.settings import Settings

DEADLINE_S = 20.0
SCRIPTED_TRAINER = Path(__file__).with_name("scripted_trainer.py")


@pytest.fixture(scope="session")
def until():
    """Return the first true value of a condition, or fail when it stays false for too long."""

    def wait(condition, deadline_s=DEADLINE_S, every_s=0.01):
        end = time.monotonic() + deadline_s
        while not (value := condition()):
            assert time.monotonic() < end, f"still waiting for {condition}"
            time.sleep(every_s)
        return value

    return wait


async def wait_until(condition, deadline_s=DEADLINE_S):
    """Return the first true value of a condition, which may be a coroutine function."""
    end = time.monotonic() + deadline_s
    while True:
        value = condition()
        value = await value if inspect.isawaitable(value) else value
        if value:
            return value
        assert time.monotonic() < end, f"still waiting for {condition}"
        await asyncio.sleep(0.01)


@pytest.fixture
def eventually():
    """`wait_until`, for tests that run in the event loop."""
    return wait_until


class Studio:
    """Runs on a real database with real processes, without HTTP."""

    def __init__(self, settings, database, runs):
        self.settings, self.database, self.runs = settings, database, runs

    async def submit(self, key=None, **script):
        """Queue a run whose scripted trainer does as told."""
        name = json.dumps(script)
        submission = Submission(
            name="a run",
            graph=ParsedGraph({"name": name}, name, 1, "f" * 64),
            training={"dataset": {"id": "digits"}, "epochs": 1},
            model_id=None,
            model_version=None,
            request_hash=str(hash(name)),
        )
        async with self.service() as service:
            return (await service.submit(submission, key)).id

    @asynccontextmanager
    async def service(self):
        async with self.database.transaction() as session:
            yield self.runs.service(session)

    async def get(self, run_id):
        async with self.service() as service:
            return await service.get(run_id)

    async def stop(self, run_id):
        async with self.service() as service:
            await service.stop(run_id)

    async def events(self, run_id, kinds=()):
        async with self.database.transaction(write=False) as session:
            return await RunRepository(session).events(run_id, 0, 100_000, kinds)

    async def states(self, run_id):
        return [event.body["state"] for event in await self.events(run_id, ["state"])]

    def folder(self, run_id):
        return self.runs._dispatcher.folder_of(run_id)

    def go(self, run_id):
        """Let a run that holds go on."""
        (self.folder(run_id).path / "go").touch()

    until = staticmethod(wait_until)

    async def ended(self, run_id):
        """The run once it has ended."""

        async def has_ended():
            run = await self.get(run_id)
            return run if run.state in ENDED else None

        return await self.until(has_ended)

    async def at_step(self, run_id, step):
        async def has_come():
            run = await self.get(run_id)
            return run if run.step >= step else None

        return await self.until(has_come)


@pytest.fixture
def scripted(monkeypatch):
    """Runs are trained by the scripted trainer."""
    monkeypatch.setattr(dispatcher, "TRAINER", (sys.executable, str(SCRIPTED_TRAINER)))


@pytest.fixture(autouse=True)
def nothing_left_behind(tmp_path):
    """A training outlives its server; it must not outlive its test, even one that fails."""
    yield
    for path in tmp_path.rglob("processes.json"):
        processes = {who: ProcessId(**known) for who, known in read_json(path).items()}
        for process in processes.values():
            if process.is_alive():
                os.kill(process.pid, signal.SIGKILL)


@pytest.fixture
def open_studio(tmp_path, scripted):
    """Open a studio on this test's home; opening again is a restart."""

    @asynccontextmanager
    async def open_it(**settings):
        home = Settings(_env_file=None, home=tmp_path / "home", **settings)
        home.prepare_home()
        database = Database(home.database_address)
        try:
            await upgrade(database.engine)
            async with open_runs(home, database) as runs:
                yield Studio(home, database, runs)
        finally:
            await database.close()

    return open_it


@pytest.fixture
async def studio(open_studio):
    async with open_studio() as it:
        yield it
