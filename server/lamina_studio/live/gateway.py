"""All open sockets of this server: how many, how often they may be written, how they are closed."""

from starlette.websockets import WebSocket

from lamina_studio.live.connection import Connection
from lamina_studio.runs.feed import Feed

MAX_SOCKETS = 1000
MANY_SOCKETS = 200
FRAME_S = 0.1
FRAME_MANY_S = 0.25
TOO_MANY = 4509
RESTART = 4010


class Gateway:
    """Serves `lamina.v1` to every socket.

    Args:
        feed: What the sockets are told from.
    """

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._connections: set[Connection] = set()

    @property
    def frame_s(self) -> float:
        """The shortest time between two frames of a subscription."""
        return FRAME_MANY_S if len(self._connections) > MANY_SOCKETS else FRAME_S

    async def serve(self, socket: WebSocket) -> None:
        """Speak with one socket until either side has had enough."""
        await socket.accept(subprotocol="lamina.v1" if _speaks_ours(socket) else None)
        if len(self._connections) >= MAX_SOCKETS:
            await socket.close(TOO_MANY, "too many sockets")
            return
        connection = Connection(socket, self._feed, lambda: self.frame_s)
        self._connections.add(connection)
        try:
            await connection.serve()
        finally:
            self._connections.discard(connection)

    def close(self) -> None:
        """Tell every client that the server restarts; they come back by themselves."""
        for connection in self._connections:
            connection.dismiss(RESTART, "restart")


def _speaks_ours(socket: WebSocket) -> bool:
    return "lamina.v1" in socket.scope.get("subprotocols", ())
