"""One socket: it reads what the client wants and writes what the subscriptions have to say.

One task reads, one writes, one sees to the heartbeat. Everything that is sent goes through the
writer: answers from a short outbox, news from the viewers, whose turn comes at most ten times a
second. A client that does not read holds up only its own writer, and not for long.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from pydantic import ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect

from lamina_studio.live.frames import (
    CLIENT_FRAME,
    AckFrame,
    ClientFrame,
    ClientPing,
    ClientPong,
    ErrorFrame,
    HelloFrame,
    PingFrame,
    PongFrame,
    SubFrame,
    UnsubFrame,
    ViewFrame,
    WelcomeFrame,
    text,
)
from lamina_studio.live.source import find_source
from lamina_studio.live.viewer import Viewer
from lamina_studio.runs.feed import Feed

HELLO_TIMEOUT_S = 5.0
HEARTBEAT_S = 10.0
SEND_TIMEOUT_S = 5.0
CLOSE_PATIENCE_S = 30.0
MAX_FRAME_CHARS = 64 * 1024
MAX_SUBSCRIPTIONS = 64
MAX_OUTBOX = 256

HELLO_TIMEOUT = 4001
SLOW = 4008
BAD_FRAME = 4500
TOO_MANY = 4509

logger = logging.getLogger(__name__)


class Closed(Exception):
    """The server ends the conversation with this code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Connection:
    """Speaks `lamina.v1` with one client.

    Args:
        socket: Accepted, nothing read yet.
        feed: What runs have to say.
        frame_s: Gives the shortest time between two frames of a subscription.
    """

    def __init__(self, socket: WebSocket, feed: Feed, frame_s: Callable[[], float]) -> None:
        self._socket = socket
        self._feed = feed
        self._frame_s = frame_s
        self._slowest_s = 0.0
        self._viewers: dict[str | int, Viewer] = {}
        self._refused = 0
        self._outbox: deque[str] = deque()
        self._wake = asyncio.Event()
        self._next_at = 0.0
        self._alarm: asyncio.TimerHandle | None = None
        self._dismissal: Closed | None = None

    async def serve(self) -> None:
        """Return when the conversation is over and the socket closed."""
        try:
            async with asyncio.TaskGroup() as tasks:
                await self._greet()
                tasks.create_task(self._read())
                tasks.create_task(self._write())
                tasks.create_task(self._beat())
        except* WebSocketDisconnect:
            pass
        except* Closed as group:
            endings = [error for error in group.exceptions if isinstance(error, Closed)]
            await self._close(endings[0])
        finally:
            self._let_go()

    def dismiss(self, code: int, reason: str) -> None:
        """Close with a code, soon."""
        self._dismissal = Closed(code, reason)
        self._wake.set()

    async def _close(self, ending: Closed) -> None:
        """Close with a code; gives up on a client that reads nothing at all."""
        self._let_go()
        with suppress(TimeoutError, RuntimeError, WebSocketDisconnect):
            async with asyncio.timeout(CLOSE_PATIENCE_S):
                await self._socket.close(ending.code, ending.reason)

    def _let_go(self) -> None:
        for viewer in self._viewers.values():
            viewer.source.tail.unwatch(self._wake.set)
        self._viewers.clear()
        if self._alarm is not None:
            self._alarm.cancel()

    # Reading.

    async def _greet(self) -> None:
        try:
            async with asyncio.timeout(HELLO_TIMEOUT_S):
                frame = await self._receive()
        except TimeoutError as error:
            raise Closed(HELLO_TIMEOUT, "no hello") from error
        if not isinstance(frame, HelloFrame):
            raise Closed(BAD_FRAME, "the first frame must be hello")
        if frame.max_hz is not None:
            self._slowest_s = 1 / frame.max_hz
        logger.debug("a client says hello: %s", frame.client)
        self._say(
            text(
                WelcomeFrame(
                    boot=self._feed.boot,
                    heartbeat_ms=round(HEARTBEAT_S * 1000),
                    now_ms=time.time_ns() // 1_000_000,
                )
            )
        )

    async def _receive(self) -> ClientFrame:
        message = await self._socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1000))
        content = message.get("text")
        if content is None:
            raise Closed(BAD_FRAME, "frames are text")
        if len(content) > MAX_FRAME_CHARS:
            raise Closed(BAD_FRAME, "frame too large")
        try:
            return CLIENT_FRAME.validate_json(content)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, first["loc"]))
            raise Closed(BAD_FRAME, f"{where}: {first['msg']}"[:120]) from error

    async def _read(self) -> None:
        while True:
            await self._answer(await self._receive())

    async def _answer(self, frame: ClientFrame) -> None:
        match frame:
            case SubFrame():
                await self._subscribe(frame)
            case UnsubFrame():
                self._unsubscribe(frame.id)
            case ViewFrame():
                self._look(frame)
            case ClientPing():
                self._say(text(PongFrame(t=frame.t, heads=self._heads())))
            case AckFrame() | ClientPong():
                pass
            case HelloFrame():
                raise Closed(BAD_FRAME, "hello comes once")

    async def _subscribe(self, frame: SubFrame) -> None:
        self._unsubscribe(frame.id)
        if len(self._viewers) >= MAX_SUBSCRIPTIONS:
            self._refused += 1
            if self._refused > MAX_SUBSCRIPTIONS:
                raise Closed(TOO_MANY, f"at most {MAX_SUBSCRIPTIONS} subscriptions")
            self._refuse(frame.id, "too_many", f"at most {MAX_SUBSCRIPTIONS} subscriptions")
            return
        try:
            source = await find_source(self._feed, frame.channel)
        except ValueError as error:
            self._refuse(frame.id, "bad_channel", str(error))
            return
        if source is None:
            self._refuse(frame.id, "not_found", "there is no such run")
            return
        source.tail.watch(self._wake.set)
        viewer = self._viewers[frame.id] = Viewer(frame, source)
        for answer in viewer.opening():
            self._say(answer)

    def _unsubscribe(self, sub: str | int) -> None:
        viewer = self._viewers.pop(sub, None)
        if viewer is None:
            return
        tail = viewer.source.tail
        if all(other.source.tail is not tail for other in self._viewers.values()):
            tail.unwatch(self._wake.set)

    def _look(self, frame: ViewFrame) -> None:
        viewer = self._viewers.get(frame.id)
        if viewer is None:
            self._refuse(frame.id, "unknown_id", "there is no such subscription")
            return
        viewer.look_at(frame.view)
        self._wake.set()

    def _refuse(self, sub: str | int, code: str, message: str) -> None:
        error = {"id": sub, "code": code, "message": message, "retry": False}
        self._say(text(ErrorFrame.model_validate(error)))

    # Writing.

    def _say(self, frame: str) -> None:
        if len(self._outbox) >= MAX_OUTBOX:
            raise Closed(SLOW, "answers are not read")
        self._outbox.append(frame)
        self._wake.set()

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._wake.wait()
            self._wake.clear()
            if self._dismissal is not None:
                raise self._dismissal
            while self._outbox:
                await self._send(self._outbox.popleft())
            if loop.time() >= self._next_at and await self._send_news():
                self._next_at = loop.time() + max(self._frame_s(), self._slowest_s)
            if any(viewer.is_behind for viewer in self._viewers.values()):
                self._set_alarm(loop)

    def _set_alarm(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = loop.call_at(max(self._next_at, loop.time()), self._wake.set)

    async def _send_news(self) -> bool:
        sent = False
        for viewer in tuple(self._viewers.values()):
            if viewer.is_behind:
                for frame in await viewer.frames():
                    sent = True
                    await self._send(frame)
        return sent

    async def _send(self, frame: str) -> None:
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await self._socket.send_text(frame)
        except TimeoutError as error:
            raise Closed(SLOW, "frames are not read") from error

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            self._say(text(PingFrame(t=time.time() * 1000, heads=self._heads())))

    def _heads(self) -> dict[str, int]:
        return {str(sub): viewer.source.tail.head for sub, viewer in self._viewers.items()}
