"""Numbers about the server for Prometheus, and a log line for every request that failed."""

from __future__ import annotations

import time

import structlog
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.get_logger("lamina_studio.requests")

INTERNAL_ERROR = 500
PROBES = frozenset({"/healthz", "/readyz"})
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """The server's own numbers. Features add theirs to `registry`."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.requests = Counter(
            "lamina_http_requests",
            "HTTP requests by operation, method and status.",
            ["operation", "method", "status"],
            registry=self.registry,
        )
        self.durations = Histogram(
            "lamina_http_request_seconds",
            "Time to answer an HTTP request.",
            ["operation"],
            registry=self.registry,
        )
        self.websockets = Gauge(
            "lamina_websockets_open", "Websockets that are open now.", registry=self.registry
        )


class Measured:
    """ASGI wrapper that counts and times what passes."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            with self._metrics.websockets.track_inprogress():
                await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        status: int | None = None

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except Exception:
            # Starlette raises again what its error handler has answered and logged.
            if status != INTERNAL_ERROR:
                raise
        finally:
            self._record(scope, status or INTERNAL_ERROR, time.perf_counter() - started)

    def _record(self, scope: Scope, status: int, elapsed_s: float) -> None:
        # The operation, never the path: labels must not grow with what clients invent.
        operation = getattr(scope.get("endpoint"), "__name__", "other")
        method = scope["method"] if scope["method"] in METHODS else "other"
        self._metrics.requests.labels(operation, method, str(status)).inc()
        self._metrics.durations.labels(operation).observe(elapsed_s)
        is_usual = status < 400 or scope["path"] in PROBES
        report = log.debug if is_usual else log.info if status < INTERNAL_ERROR else log.warning
        report(
            "request",
            method=method,
            path=scope.get("raw_path", b"").decode("ascii", "replace"),
            status=status,
            elapsed_ms=round(elapsed_s * 1000, 1),
        )
