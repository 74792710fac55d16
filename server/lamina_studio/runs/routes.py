"""`/runs`: start trainings, follow them, stop them, and use what they leave."""

import re
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from fastapi.responses import FileResponse
from pydantic import StringConstraints

from lamina_studio.database import Session
from lamina_studio.errors import InvalidDocument
from lamina_studio.ids import IdPath
from lamina_studio.models.errors import ModelNotFound
from lamina_studio.paging import After, BadCursor, Limit, decode_cursor, encode_cursor
from lamina_studio.problem_details import problems
from lamina_studio.runs.errors import (
    ArtifactNotFound,
    InferenceFailed,
    InferenceRefused,
    KeyReused,
    RunHasNoModel,
    RunIsLive,
    RunNotFound,
    UnknownName,
)
from lamina_studio.runs.events import KINDS, Scores
from lamina_studio.runs.folders import MODEL_FILE
from lamina_studio.runs.schemas import (
    Artifact,
    ArtifactPage,
    EvaluateIn,
    PredictIn,
    Prediction,
    Run,
    RunDetail,
    RunEventPage,
    RunIn,
    RunPage,
    RunPatch,
    RunSeries,
)
from lamina_studio.runs.series import Axis, View
from lamina_studio.runs.service import RunService
from lamina_studio.runs.states import RunState
from lamina_studio.runs.studio import Runs

router = APIRouter(prefix="/runs", tags=["runs"])

LARGEST_SEQ = 2**63 - 1


def _studio(request: Request) -> Runs:
    runs: Runs = request.app.state.runs
    return runs


RunsDep = Annotated[Runs, Depends(_studio)]


def _service(session: Session, runs: RunsDep) -> RunService:
    return runs.service(session)


RunServiceDep = Annotated[RunService, Depends(_service)]
IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=200,
        description="The same key and body give the same run, however often they are sent.",
    ),
]
Names = Annotated[
    str | None,
    StringConstraints(max_length=2000),
    Query(description="Names separated by commas; all if unset."),
]
ArtifactName = Annotated[str, Path(max_length=200, pattern=r"^[^\x00-\x1f/\\]+$")]
Seq = Annotated[int, Query(ge=0, le=LARGEST_SEQ)]


@router.post("", status_code=201, responses=problems(InvalidDocument, ModelNotFound, KeyReused))
async def create_run(
    wanted: RunIn, runs: RunsDep, session: Session, idempotency_key: IdempotencyKey = None
) -> RunDetail:
    """Queue a training. Documents with errors are refused with the list of their problems."""
    submission = await runs.prepare(wanted)
    run = await runs.service(session).submit(submission, idempotency_key)
    return RunDetail.model_validate(run)


@router.get("", responses=problems(BadCursor, UnknownName))
async def list_runs(
    service: RunServiceDep, limit: Limit = 100, after: After = None, states: Names = None
) -> RunPage:
    """Runs, newest first."""
    rows = await service.newest(limit + 1, _place(after), _known(states, frozenset(RunState)))
    last = rows[limit - 1] if len(rows) > limit else None
    return RunPage(
        items=[Run.model_validate(row) for row in rows[:limit]],
        next=encode_cursor(last.created_at.isoformat(), last.id) if last else None,
    )


@router.get("/{run_id}", responses=problems(RunNotFound))
async def get_run(run_id: IdPath, service: RunServiceDep) -> RunDetail:
    """A run with its frozen documents."""
    return RunDetail.model_validate(await service.get(run_id))


@router.patch("/{run_id}", responses=problems(RunNotFound))
async def describe_run(run_id: IdPath, patch: RunPatch, service: RunServiceDep) -> RunDetail:
    """Change the name, note or tags of a run."""
    return RunDetail.model_validate(await service.describe(run_id, patch))


@router.delete("/{run_id}", status_code=204, responses=problems(RunNotFound, RunIsLive))
async def delete_run(run_id: IdPath, service: RunServiceDep) -> None:
    """Remove a run that has ended, with everything it left."""
    await service.delete(run_id)


@router.post("/{run_id}/stop", status_code=202, responses=problems(RunNotFound))
async def stop_run(run_id: IdPath, service: RunServiceDep) -> RunDetail:
    """Ask a run to stop after its current step; what it learned is kept."""
    return RunDetail.model_validate(await service.stop(run_id))


@router.get(
    "/{run_id}/series",
    response_model=RunSeries,
    responses=problems(RunNotFound) | {304: {"description": "Nothing is new"}},
)
async def get_run_series(
    run_id: IdPath,
    runs: RunsDep,
    keys: Names = None,
    x: Axis = "step",
    low: Annotated[float | None, Query(alias="from", allow_inf_nan=False)] = None,
    high: Annotated[float | None, Query(alias="to", allow_inf_nan=False)] = None,
    max_points: Annotated[int, Query(ge=1, le=20_000)] = 1000,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Curves in buckets whose boundaries do not move; raw points when they fit."""
    view = View(frozenset(_names(keys)) or None, x, low, high, max_points)
    curves = await runs.curves(run_id, view)
    tag = {"ETag": f'"{curves.log}:{curves.at}"'}
    if if_none_match == tag["ETag"]:
        return Response(status_code=304, headers=tag)
    return Response(orjson.dumps(curves), media_type="application/json", headers=tag)


@router.get(
    "/{run_id}/events", response_model=RunEventPage, responses=problems(RunNotFound, UnknownName)
)
async def list_run_events(
    run_id: IdPath,
    service: RunServiceDep,
    after: Seq = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 500,
    kinds: Names = None,
) -> Response:
    """The run's log behind `after`, for clients without a websocket."""
    entries = await service.events(run_id, after, limit + 1, _known(kinds, KINDS))
    shown, more = entries[:limit], len(entries) > limit
    page = {"items": [entry.fields() for entry in shown], "next": shown[-1].seq if more else None}
    return Response(orjson.dumps(page), media_type="application/json")


@router.get("/{run_id}/artifacts", responses=problems(RunNotFound))
async def list_run_artifacts(run_id: IdPath, service: RunServiceDep) -> ArtifactPage:
    """The files that a run left."""
    rows = await service.artifacts(run_id)
    return ArtifactPage(items=[Artifact.model_validate(row) for row in rows], next=None)


def _download_name(artifact: str, graph_name: str) -> str:
    """What a browser calls the file: several models in one folder are told apart by their names."""
    if artifact != MODEL_FILE:
        return artifact
    named = re.sub(r'[\x00-\x1f\x7f/\\:*?"<>|\s]+', "-", graph_name)[:80].strip("-. ")
    return f"{named}{PurePath(MODEL_FILE).suffix}" if named else MODEL_FILE


@router.get(
    "/{run_id}/artifacts/{name}",
    responses=problems(RunNotFound, ArtifactNotFound)
    | {200: {"content": {"application/octet-stream": {}}, "description": "The file"}},
    response_class=FileResponse,
)
async def download_run_artifact(
    run_id: IdPath, name: ArtifactName, service: RunServiceDep
) -> FileResponse:
    """One file of a run, to be saved and never shown in the browser."""
    run, artifact, path = await service.artifact_path(run_id, name)
    return FileResponse(
        path,
        media_type="application/octet-stream",
        filename=_download_name(artifact.name, run.graph_name),
        content_disposition_type="attachment",
        headers={"X-Content-Type-Options": "nosniff", "ETag": f'"{artifact.sha256}"'},
    )


@router.post(
    "/{run_id}/predict",
    responses=problems(RunNotFound, RunHasNoModel, InferenceRefused, InferenceFailed),
)
async def predict_with_run(run_id: IdPath, samples: PredictIn, runs: RunsDep) -> Prediction:
    """Outputs of the run's model for samples, from a process of its own."""
    return Prediction.model_validate(await runs.predict(run_id, samples.inputs))


@router.post(
    "/{run_id}/evaluate",
    responses=problems(RunNotFound, RunHasNoModel, InferenceRefused, InferenceFailed),
)
async def evaluate_run(run_id: IdPath, wanted: EvaluateIn, runs: RunsDep) -> Scores:
    """Scores of the run's model on a part of its data."""
    return Scores.model_validate(await runs.evaluate(run_id, wanted.split))


def _names(text: str | None) -> list[str]:
    return [name for name in (text or "").split(",") if name]


def _known(text: str | None, names: Collection[str]) -> list[str]:
    found = _names(text)
    for name in found:
        if name not in names:
            raise UnknownName(name, names)
    return found


def _place(after: str | None) -> tuple[datetime, str] | None:
    if not after:
        return None
    moment, run_id = decode_cursor(after, str, str)
    try:
        return datetime.fromisoformat(moment).astimezone(UTC), run_id
    except (ValueError, OverflowError) as error:
        raise BadCursor from error
