"""`/healthz`, `/readyz` and `/metrics`."""

from __future__ import annotations

import shutil
from typing import Literal

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from lamina.text import Text
from lamina_studio import __version__
from lamina_studio.errors import Unavailable
from lamina_studio.problem_details import problems
from lamina_studio.schemas import WireModel

router = APIRouter(tags=["system"])

LEAST_FREE_BYTES = 16 * 2**20
"""Less than this on the disk of the home counts as full: a training writes a few MB a minute."""


class Health(WireModel):
    """The server answers."""

    status: Literal["ok"] = "ok"
    version: str


class NotReady(Unavailable):
    """The server runs but cannot do its work yet."""

    code = "not_ready"
    title = Text("Not ready yet", "尚未就绪")


class DiskFull(Unavailable):
    """There is hardly any space where the studio keeps its records."""

    code = "disk_full"
    title = Text("The disk is full", "磁盘已满")

    def __init__(self) -> None:
        super().__init__(
            Text(
                "The disk of the studio is full: nothing can be saved, and trainings wait until there is space. "
                "Nothing that was recorded is lost. Free some space.",
                "工作室所在的磁盘已满：无法保存，训练会等到有空间时再继续。已记录的内容不会丢失。请释放一些空间。",
            )
        )


@router.get("/healthz")
async def healthz() -> Health:
    """Whether the process is alive."""
    return Health(version=__version__)


@router.get("/readyz", responses=problems(NotReady, DiskFull))
async def readyz(request: Request) -> Health:
    """Whether the engine is loaded, the database answers and there is space to record what comes."""
    if not request.app.state.warm.is_set():
        raise NotReady(Text("The engine is still being loaded.", "引擎仍在加载。"))
    if not await request.app.state.database.is_reachable():
        raise NotReady(Text("The database does not answer.", "数据库没有响应。"))
    home = request.app.state.settings.home
    if shutil.disk_usage(home).free < LEAST_FREE_BYTES:
        raise DiskFull
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
