"""The green tick on a model file.

It is given once a clean process has loaded the file and predicts what the training process
predicted for the same samples. Keras is not at hand to be asked as well, but where a layer says that
Keras cannot use it, there is no tick: whoever downloads a `.keras` file counts on that.
"""

import asyncio
import logging
from pathlib import Path
from typing import Any

import numpy as np

from lamina_studio.database import Database
from lamina_studio.errors import StudioError
from lamina_studio.graphs.service import opens_in_keras
from lamina_studio.runs.errors import InferenceFailed
from lamina_studio.runs.feed import Feed
from lamina_studio.runs.folders import RunFolder, read_json
from lamina_studio.runs.inference.caller import Inference
from lamina_studio.runs.repository import RunRepository
from lamina_studio.runs.schemas import as_listed

TOLERANCE = 1e-5
WAITS_S = (30.0, 120.0, 600.0)
"""When a process that did not answer is asked again: a busy machine says nothing about a model."""

logger = logging.getLogger(__name__)


class Verifier:
    """Verifies the models of runs that have ended, one after the other, in the background."""

    def __init__(self, database: Database, feed: Feed, inference: Inference, folder: Path) -> None:
        self._database = database
        self._feed = feed
        self._inference = inference
        self._folder = folder
        self._turn = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, run_id: str) -> None:
        """Verify the model of a run that has ended, if it left one."""
        task = asyncio.create_task(self._verify(run_id), name=f"verify {run_id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Give up what is not finished."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _verify(self, run_id: str) -> None:
        folder = RunFolder(self._folder / run_id)
        proof = read_json(folder.proof)
        async with self._database.transaction(write=False) as session:
            run = await RunRepository(session).get(run_id, documents=True)
        if proof is None or run is None:
            return
        try:
            found = await self._predict(folder.model, run.training, proof["inputs"])
        except StudioError as error:
            logger.error("run %s: its model cannot be used: %s", run_id, error)
            return
        if not _is_same(found["outputs"], proof["outputs"]):
            logger.error("run %s: its model predicts something else once it is loaded", run_id)
            return
        if not await asyncio.to_thread(opens_in_keras, run.graph):
            logger.warning("run %s: its model works in Lamina, but Keras cannot use it", run_id)
            return
        async with self._database.transaction() as session:
            await RunRepository(session).mark_verified(run_id, folder.model.name)
        self._feed.announce(as_listed(run))

    async def _predict(self, model: Path, training: Any, inputs: Any) -> dict[str, Any]:
        """What a clean process predicts.

        Raises:
            StudioError: If it cannot use the model, or never answers.
        """
        waits = iter(WAITS_S)
        while True:
            try:
                async with self._turn:
                    return await self._inference.predict(model, training, inputs)
            except InferenceFailed as error:
                if (wait_s := next(waits, None)) is None:
                    raise
                logger.warning("%s: not verified yet, again in %.0f s: %s", model, wait_s, error)
            await asyncio.sleep(wait_s)


def _is_same(found: dict[str, Any], wanted: dict[str, Any]) -> bool:
    return found.keys() == wanted.keys() and all(
        # The words for numbers that JSON does not know become numbers here, and NaN equals nothing.
        np.allclose(np.array(found[name], float), wanted[name], rtol=0, atol=TOLERANCE)
        for name in wanted
    )
