"""`/models`: saved graphs with their versions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response

from lamina_studio.database import Session
from lamina_studio.errors import InvalidDocument
from lamina_studio.ids import IdPath
from lamina_studio.models.errors import ModelChanged, ModelNotFound, VersionRequired
from lamina_studio.models.preconditions import entity_tag, expected_version
from lamina_studio.models.schemas import (
    Model,
    ModelIn,
    ModelSummary,
    ModelSummaryPage,
    ModelVersion,
    ModelVersionPage,
)
from lamina_studio.models.service import ModelService
from lamina_studio.paging import After, BadCursor, Limit, decode_cursor, encode_cursor
from lamina_studio.problem_details import problems

router = APIRouter(prefix="/models", tags=["models"])

LARGEST_VERSION = 2**31 - 1


@router.get("", responses=problems(BadCursor))
async def list_models(
    session: Session, limit: Limit = 100, after: After = None
) -> ModelSummaryPage:
    """Saved models, the last changed first."""
    rows = await ModelService(session).newest(limit + 1, _place(after))
    items = [ModelSummary.model_validate(row) for row in rows[:limit]]
    more = len(rows) > limit
    last = rows[limit - 1] if more else None
    return ModelSummaryPage(
        items=items, next=encode_cursor(last.updated_at.isoformat(), last.id) if last else None
    )


@router.post("", status_code=201, responses=problems(InvalidDocument))
async def create_model(model: ModelIn, session: Session, response: Response) -> Model:
    """Save a new model. It may have problems, but its documents must parse."""
    saved = await ModelService(session).create(model.graph, model.training, model.name)
    response.headers["ETag"] = entity_tag(saved.version)
    response.headers["Location"] = f"/api/v1/models/{saved.id}"
    return Model.model_validate(saved)


@router.get("/{model_id}", responses=problems(ModelNotFound))
async def get_model(
    model_id: IdPath,
    session: Session,
    response: Response,
    version: Annotated[int | None, Query(ge=1, le=LARGEST_VERSION)] = None,
) -> Model:
    """A model at its newest version, or at the one asked for."""
    saved = await ModelService(session).get(model_id, version)
    response.headers["ETag"] = entity_tag(saved.version)
    return Model.model_validate(saved)


@router.put(
    "/{model_id}",
    responses=problems(ModelNotFound, ModelChanged, VersionRequired, InvalidDocument),
)
async def replace_model(
    model_id: IdPath,
    model: ModelIn,
    session: Session,
    response: Response,
    if_match: Annotated[
        str | None, Header(description='The version that is replaced, such as `"3"`.')
    ] = None,
) -> Model:
    """Save the next version of a model."""
    if if_match is None:
        raise VersionRequired
    saved = await ModelService(session).replace(
        model_id, expected_version(if_match), model.graph, model.training, model.name
    )
    response.headers["ETag"] = entity_tag(saved.version)
    return Model.model_validate(saved)


@router.delete("/{model_id}", status_code=204, responses=problems(ModelNotFound))
async def delete_model(model_id: IdPath, session: Session) -> None:
    """Remove a model and its versions; runs keep their own copies."""
    await ModelService(session).delete(model_id)


@router.get("/{model_id}/versions", responses=problems(ModelNotFound, BadCursor))
async def list_model_versions(
    model_id: IdPath, session: Session, limit: Limit = 100, after: After = None
) -> ModelVersionPage:
    """Versions of a model, newest first."""
    before = decode_cursor(after, int)[0] if after else None
    rows = await ModelService(session).versions(model_id, limit + 1, before)
    items = [ModelVersion.model_validate(row) for row in rows[:limit]]
    return ModelVersionPage(
        items=items, next=encode_cursor(items[-1].version) if len(rows) > limit else None
    )


def _place(after: str | None) -> tuple[datetime, str] | None:
    if not after:
        return None
    moment, model_id = decode_cursor(after, str, str)
    try:
        return datetime.fromisoformat(moment).astimezone(UTC), model_id
    except (ValueError, OverflowError) as error:
        raise BadCursor from error
