"""What somebody wants to train, read and checked before any transaction is begun."""

import asyncio
import hashlib
from dataclasses import dataclass
from typing import Any

import orjson

from lamina_studio.database import Database, utc_now
from lamina_studio.errors import InvalidDocument
from lamina_studio.graphs.service import ParsedGraph, parse_graph, parse_training
from lamina_studio.ids import new_id
from lamina_studio.models.service import UNTITLED, ModelService
from lamina_studio.runs.schemas import RunIn
from lamina_studio.runs.states import RunState
from lamina_studio.runs.tables import RunRow


@dataclass(frozen=True)
class Submission:
    """Documents without errors, in their normal form.

    Attributes:
        request_hash: Of the request as it came, to tell a repeated one from another.
    """

    name: str
    graph: ParsedGraph
    training: dict[str, Any]
    model_id: str | None
    model_version: int | None
    request_hash: str

    def new_run(self, idempotency_key: str | None) -> RunRow:
        """A run of these documents, not yet stored."""
        now = utc_now()
        return RunRow(
            id=new_id("r"),
            name=self.name,
            note="",
            tags=[],
            state=RunState.QUEUED.value,
            attempt=0,
            version=0,
            log=new_id("log"),
            head=0,
            wseq=0,
            spool_offset=0,
            model_id=self.model_id,
            model_version=self.model_version,
            graph_name=self.graph.name[:200],
            fingerprint=self.graph.fingerprint,
            dataset=self.training["dataset"]["id"],
            graph=self.graph.document,
            training=self.training,
            epochs=self.training["epochs"],
            epoch=0,
            step=0,
            last={},
            environment={},
            created_at=now,
            queued_at=now,
            idempotency_key=idempotency_key,
            request_hash=self.request_hash,
        )


async def prepare(database: Database, wanted: RunIn) -> Submission:
    """Read and check what is wanted; takes as long as the check takes, outside the event loop.

    Raises:
        InvalidDocument: If the documents have errors.
        ModelNotFound: If the model or its version does not exist.
    """
    graph, version = wanted.graph, None
    if wanted.model is not None:
        async with database.transaction(write=False) as session:
            saved = await ModelService(session).get(wanted.model, wanted.version)
        graph, version = saved.graph, saved.version
    assert graph is not None, "RunIn has a graph or a model"
    parsed, training = await asyncio.to_thread(_checked, graph, wanted.training)
    document = orjson.dumps(wanted.model_dump(), option=orjson.OPT_SORT_KEYS)
    return Submission(
        name=(wanted.name or parsed.name).strip()[:200] or str(UNTITLED),
        graph=parsed,
        training=training,
        model_id=wanted.model,
        model_version=version,
        request_hash=hashlib.sha256(document).hexdigest(),
    )


def _checked(graph: dict[str, Any], training: dict[str, Any]) -> tuple[ParsedGraph, dict[str, Any]]:
    from lamina.checking import check  # the engine takes seconds to load: not at start-up

    problems = check(graph, training).problems
    if any(problem.severity == "error" for problem in problems):
        raise InvalidDocument(problems=problems)
    return parse_graph(graph), parse_training(training)
