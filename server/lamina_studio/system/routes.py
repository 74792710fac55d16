"""`/healthz`, `/readyz` and `/metrics`."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from lamina.text import Text
from lamina_studio import __version__
from lamina_studio.errors import Unavailable
from lamina_studio.problem_details import problems
from lamina_studio.schemas import WireModel

router = APIRouter(tags=["system"])


class Health(WireModel):
    """The server answers."""

    status: Literal["ok"] = "ok"
    version: str


class NotReady(Unavailable):
    """The server runs but cannot do its work yet."""

    code = "not_ready"
    title = Text("Not ready yet", "尚未就绪")


@router.head("/healthz", include_in_schema=False)
@router.get("/healthz")
async def healthz() -> Health:
    """Whether the process is alive."""
    return Health(version=__version__)


@router.head("/readyz", include_in_schema=False)
@router.get("/readyz", responses=problems(NotReady))
async def readyz(request: Request) -> Health:
    """Whether the database answers and the engine is loaded."""
    if not request.app.state.warm.is_set():
        raise NotReady(Text("The engine is still being loaded.", "引擎仍在加载。"))
    if not await request.app.state.database.is_reachable():
        raise NotReady(Text("The database does not answer.", "数据库没有响应。"))
    return Health(version=__version__)


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def metrics(request: Request) -> Response:
    """Numbers for Prometheus."""
    body = generate_latest(request.app.state.metrics.registry)
    return Response(body, media_type=CONTENT_TYPE_LATEST)
