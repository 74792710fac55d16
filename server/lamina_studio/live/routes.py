"""`/live`: the websocket, and its frames in the OpenAPI document."""

from fastapi import APIRouter, WebSocket

from lamina_studio.live.frames import ClientFrame, ServerFrame
from lamina_studio.live.gateway import Gateway

router = APIRouter(tags=["live"])

documents = APIRouter(tags=["live"])
"""No routes: FastAPI's `webhooks`, which put the frames into the document's components."""


@router.websocket("/live")
async def live(socket: WebSocket) -> None:
    """Protocol `lamina.v1`."""
    gateway: Gateway = socket.app.state.live
    await gateway.serve(socket)


@documents.post("live")
def live_frames(frame: ClientFrame) -> ServerFrame:  # noqa: ARG001 - a declaration
    """Frames of the websocket `/api/v1/live`: the client sends the body, the server the answer."""
    raise AssertionError("documentation only")
