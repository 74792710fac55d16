"""The outermost layer of the application, for http and websocket alike: default deny.

In this order, before any routing: the Host must be ours; what changes something, and every
websocket, must come from our own page; then credentials, the content type, the size of the body.
Only `PUBLIC` needs no credentials.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lamina.text import Text
from lamina_studio.auth.credentials import Credentials, bearer_token, session_of
from lamina_studio.auth.pages import sign_in_page, wants_html
from lamina_studio.auth.perimeter import Perimeter
from lamina_studio.errors import (
    BadRequest,
    BodyTooLarge,
    Forbidden,
    StudioError,
    Unauthenticated,
    UnsupportedMediaType,
)
from lamina_studio.language import language_of_scope
from lamina_studio.problem_details import problem_response

PUBLIC = frozenset(
    {
        ("GET", "/healthz"),
        ("HEAD", "/healthz"),
        ("GET", "/readyz"),
        ("HEAD", "/readyz"),
        ("GET", "/auth"),
    }
)
"""All that is answered without credentials."""

SAFE_METHODS = frozenset({"GET", "HEAD"})
OUR_FETCH_SITES = frozenset({"same-origin", "none"})
FOREIGN_PAGE = Text("Pages of another site may not do this.", "其他网站的页面不得执行此操作。")
UNAUTHENTICATED_CLOSE = 4501
BODY_TIMEOUT_S = 60.0
"""Time in which the body of a request must have arrived."""


class HostNotAllowed(Forbidden):
    """The Host header names another machine."""

    code = "host_not_allowed"


class ForeignOrigin(Forbidden):
    """A page that we did not serve."""

    code = "foreign_origin"


@dataclass(frozen=True)
class _Caller:
    """Who a request claims to be."""

    has_token: bool
    has_session: bool


class Guard:
    """ASGI wrapper that lets through only what may come in.

    Args:
        app: What it protects.
        perimeter: The hosts and origins that are ours.
        credentials: The token and the cookie.
        default_port: Our port when the transport does not tell it.
        max_body_bytes: Largest request body.
    """

    def __init__(
        self,
        app: ASGIApp,
        perimeter: Perimeter,
        credentials: Credentials,
        *,
        default_port: int,
        max_body_bytes: int,
    ) -> None:
        self._app = app
        self._perimeter = perimeter
        self._credentials = credentials
        self._default_port = default_port
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        try:
            self._check_host(scope, headers)
            caller = self._identify(headers)
            if scope["method"] not in SAFE_METHODS:
                self._check_origin(scope, headers, caller)
            elif caller.has_session and scope["path"].startswith("/api/"):
                self._check_reader(headers)
            if (scope["method"], scope["path"]) not in PUBLIC:
                self._check_credentials(caller)
            self._check_body(scope, headers)
        except Unauthenticated as error:
            if wants_html(scope):
                await sign_in_page(scope)(scope, receive, send)
            else:
                await problem_response(error, language_of_scope(scope))(scope, receive, send)
        except StudioError as error:
            await problem_response(error, language_of_scope(scope))(scope, receive, send)
        else:
            await self._app(scope, self._limited(receive), send)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        try:
            self._check_host(scope, headers)
            caller = self._identify(headers)
            self._check_origin(scope, headers, caller)
            self._check_credentials(caller)
        except StudioError as error:
            if isinstance(error, Unauthenticated) and "origin" in headers:
                # Our own page with an old cookie: a browser sees no refused handshake, so it is
                # told by a close code that trying again is in vain.
                await _accept_and_close(scope, receive, send)
            else:
                response = problem_response(error, language_of_scope(scope))
                await response(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _port(self, scope: Scope) -> int:
        server = scope.get("server")
        port = server[1] if server else None
        return self._default_port if port is None else int(port)

    def _check_host(self, scope: Scope, headers: Headers) -> None:
        hosts = headers.getlist("host")
        if len(hosts) != 1:
            raise BadRequest(
                Text("Exactly one Host header is required.", "必须恰好有一个 Host 头。")
            )
        if not self._perimeter.is_our_host(hosts[0], self._port(scope)):
            raise HostNotAllowed(
                Text(
                    "The studio is not known by this host name. "
                    "Names are added with LAMINA_ALLOWED_HOSTS.",
                    "工作室不认识此主机名。可通过 LAMINA_ALLOWED_HOSTS 添加。",
                )
            )

    def _identify(self, headers: Headers) -> _Caller:
        authorizations = headers.getlist("authorization")
        if authorizations:
            token = bearer_token(authorizations[0]) if len(authorizations) == 1 else None
            return _Caller(token is not None and self._credentials.is_token(token), False)
        sessions = (session_of(cookie) for cookie in headers.getlist("cookie"))
        has_session = any(value and self._credentials.is_session(value) for value in sessions)
        return _Caller(False, has_session)

    def _check_origin(self, scope: Scope, headers: Headers, caller: _Caller) -> None:
        origins = headers.getlist("origin")
        if not origins:
            if caller.has_session:
                raise ForeignOrigin(
                    Text(
                        "A request without Origin needs the access token, not a cookie.",
                        "没有 Origin 的请求需要访问令牌，不能只用 Cookie。",
                    )
                )
            return  # a program; the credentials decide
        if len(origins) != 1 or not self._perimeter.is_our_origin(origins[0], self._port(scope)):
            raise ForeignOrigin(FOREIGN_PAGE)

    def _check_reader(self, headers: Headers) -> None:
        # A page on another port of this machine counts as the same site, so that the browser sends
        # it our cookie. Reading changes nothing, but it may cost something.
        if headers.get("sec-fetch-site", "same-origin") not in OUR_FETCH_SITES:
            raise ForeignOrigin(FOREIGN_PAGE)

    def _check_credentials(self, caller: _Caller) -> None:
        if not (caller.has_token or caller.has_session):
            raise Unauthenticated(
                Text(
                    "Open the address that the studio printed, or run `lamina link` (`make link` in a clone of the "
                    "repository) for a new one. Programs send the token as `Authorization: Bearer …`.",
                    "请打开工作室启动时显示的地址，或运行 `lamina link`（在仓库克隆中为 `make link`）获取新地址。"
                    "程序请以 `Authorization: Bearer …` 发送令牌。",
                ),
                headers={"WWW-Authenticate": "Bearer"},
            )

    def _check_body(self, scope: Scope, headers: Headers) -> None:
        if scope["method"] in SAFE_METHODS:
            return
        length = _content_length(headers)
        if length is not None and length > self._max_body_bytes:
            raise self._too_large()
        has_body = bool(length) or "transfer-encoding" in headers
        if headers.get("content-encoding", "identity").lower() != "identity":
            raise UnsupportedMediaType(
                Text(
                    "The body must be sent as it is, without Content-Encoding.",
                    "请求正文必须原样发送，不得使用 Content-Encoding。",
                )
            )
        content_type = headers.get("content-type")
        if (has_body or content_type is not None) and not _is_json(content_type):
            raise UnsupportedMediaType(
                Text(
                    "The body must be JSON, sent as application/json.",
                    "请求正文必须是 JSON，并以 application/json 发送。",
                )
            )

    def _limited(self, receive: Receive) -> Receive:
        """`receive`, counting: a body sent in chunks tells its size only by arriving, and has a minute to do so."""
        received = 0
        deadline: float | None = asyncio.get_running_loop().time() + BODY_TIMEOUT_S

        async def limited() -> Message:
            nonlocal received, deadline
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408) from None
            if message["type"] == "http.request":
                if not message.get("more_body", False):
                    deadline = None  # what is waited for from now on is the end of the connection
                received += len(message.get("body", b""))
                if received > self._max_body_bytes:
                    raise HTTPException(413)  # the one kind that passes FastAPI's body reader
            return message

        return limited

    def _too_large(self) -> BodyTooLarge:
        limit = f"{self._max_body_bytes / 2**20:.3g} MiB"
        return BodyTooLarge(
            Text(f"The body may have at most {limit}.", f"请求正文不得超过 {limit}。")
        )


def _content_length(headers: Headers) -> int | None:
    value = headers.get("content-length")
    if value is None:
        return None
    if not (value.isascii() and value.isdigit()):
        raise BadRequest(Text("Content-Length is not a number.", "Content-Length 不是数字。"))
    return int(value)


def _is_json(content_type: str | None) -> bool:
    kind = (content_type or "").partition(";")[0].strip().lower()
    return kind == "application/json" or (
        kind.startswith("application/") and kind.endswith("+json")
    )


async def _accept_and_close(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    offered = scope.get("subprotocols") or [None]
    await send({"type": "websocket.accept", "subprotocol": offered[0]})
    await send(
        {
            "type": "websocket.close",
            "code": UNAUTHENTICATED_CLOSE,
            "reason": "not signed in",
        }
    )
