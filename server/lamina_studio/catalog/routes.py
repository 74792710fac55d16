"""`GET /catalog`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Response

from lamina_studio.catalog.schemas import Catalog
from lamina_studio.catalog.service import encoded_catalog

router = APIRouter(tags=["catalog"])


@router.get(
    "/catalog",
    response_model=Catalog,
    responses={304: {"description": "The copy with this ETag is current."}},
)
def get_catalog(if_none_match: Annotated[str | None, Header()] = None) -> Response:
    """Layers, losses, metrics, optimizers, schedules and callbacks with their parameters."""
    body, tag = encoded_catalog()
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if if_none_match == tag:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)
