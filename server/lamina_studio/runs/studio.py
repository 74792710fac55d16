"""The long-lived parts of runs, put together for one server."""

import fcntl
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from lamina_studio.database import Database
from lamina_studio.errors import ConfigurationError
from lamina_studio.runs.child_environment import child_environment
from lamina_studio.runs.dispatcher import Dispatcher
from lamina_studio.runs.errors import RunHasNoModel, RunNotFound
from lamina_studio.runs.feed import Feed
from lamina_studio.runs.inference.caller import Inference
from lamina_studio.runs.repository import RunRepository
from lamina_studio.runs.schemas import Part, RunIn
from lamina_studio.runs.series import Buckets, View
from lamina_studio.runs.service import RunService
from lamina_studio.runs.submission import Submission, prepare
from lamina_studio.runs.verification import Verifier
from lamina_studio.settings import Settings


@dataclass(frozen=True)
class Curves:
    """Curves of a run, complete through `at` of its log."""

    log: str
    at: int
    series: list[Buckets]


class Runs:
    """What all requests share, and everything about runs that must not hold a transaction.

    Attributes:
        feed: What is hot in memory.
    """

    def __init__(
        self, database: Database, feed: Feed, dispatcher: Dispatcher, inference: Inference
    ) -> None:
        self.feed = feed
        self._database = database
        self._dispatcher = dispatcher
        self._inference = inference

    def service(self, session: AsyncSession) -> RunService:
        """The rules of runs within a request's transaction."""
        return RunService(session, self._dispatcher, self.feed)

    async def prepare(self, wanted: RunIn) -> Submission:
        """Check what somebody wants to train, before it is queued."""
        return await prepare(self._database, wanted)

    async def curves(self, run_id: str, view: View) -> Curves:
        """Curves of a run.

        Raises:
            RunNotFound: If there is none.
        """
        hot = await self.feed.open(run_id)
        if hot is None:
            raise RunNotFound(run_id)
        series, at = await hot.series()
        return Curves(hot.tail.log, at, series.buckets(view))

    async def predict(self, run_id: str, inputs: Any) -> dict[str, Any]:
        """Outputs of the run's model for samples.

        Raises:
            RunNotFound: If there is no such run.
            RunHasNoModel: If it has no model.
            InferenceRefused: If the samples do not fit the model.
            InferenceFailed: If the model does not answer.
        """
        model, training = await self._model(run_id)
        return await self._inference.predict(model, training, inputs)

    async def evaluate(self, run_id: str, split: Part) -> dict[str, Any]:
        """Scores of the run's model on a part of its data; raises as `predict` does."""
        model, training = await self._model(run_id)
        return await self._inference.evaluate(model, training, split)

    async def _model(self, run_id: str) -> tuple[Path, dict[str, Any]]:
        async with self._database.transaction(write=False) as session:
            run = await RunRepository(session).get(run_id, documents=True)
        if run is None:
            raise RunNotFound(run_id)
        model = self._dispatcher.folder_of(run.id).model
        if not model.is_file():
            raise RunHasNoModel(run_id)
        return model, run.training


@asynccontextmanager
async def open_runs(settings: Settings, database: Database) -> AsyncIterator[Runs]:
    """Take up the runs of an earlier server and serve; on leaving, trainings go on.

    Raises:
        ConfigurationError: If another server works with the same home folder.
    """
    folder = settings.home / "runs"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    environment = child_environment(settings)
    feed = Feed(database)
    inference = Inference(environment)
    verifier = Verifier(database, feed, inference, folder)
    dispatcher = Dispatcher(
        database, feed, folder, environment, settings.max_parallel, verifier.begin
    )
    with _alone(folder / "server.lock"):
        await dispatcher.open()
        try:
            yield Runs(database, feed, dispatcher, inference)
        finally:
            await dispatcher.close()
            await verifier.close()
            await inference.close()


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the right to write the records of runs: one server per home."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise ConfigurationError(
            f"Another studio is already running with the home folder {path.parent.parent}. "
            "Use that one, or choose another folder with --home or LAMINA_HOME."
        ) from error
    finally:
        os.close(handle)
