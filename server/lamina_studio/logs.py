"""Structured logging, with everything secret blacked out before a line is written."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, Literal

import structlog

SECRET_KEYS = frozenset({"token", "code", "authorization", "cookie", "set-cookie", "password"})
NOISY = ("aiosqlite", "alembic", "asyncio", "sqlalchemy.engine", "uvicorn.access", "uvicorn.error")
"""Loggers whose small talk says nothing that our own lines do not."""

REDACTED = "[redacted]"
_SECRET_TEXT = re.compile(
    r"(?i)(bearer\s+|[?&]code=|[?&]token=|lamina_session=|://[^/\s:@]+:)[^\s&;,'\"@]+"
)


class Redaction:
    """A structlog processor that hides secrets by key, by shape and by value.

    Args:
        secrets: Exact texts that must never appear, such as the access token.
    """

    def __init__(self, secrets: tuple[str, ...] = ()) -> None:
        self._secrets = tuple(secret for secret in secrets if secret)

    def __call__(
        self, _logger: Any, _method: str, line: MutableMapping[str, Any]
    ) -> Mapping[str, Any]:
        for key, value in line.items():
            if key.lower() in SECRET_KEYS:
                line[key] = REDACTED
            elif isinstance(value, str):
                line[key] = self.clean(value)
        return line

    def clean(self, text: str) -> str:
        """`text` without secrets.

        >>> Redaction().clean("GET /auth?code=abc&x=1")
        'GET /auth?code=[redacted]&x=1'
        """
        for secret in self._secrets:
            text = text.replace(secret, REDACTED)
        return _SECRET_TEXT.sub(lambda match: match.group(1) + REDACTED, text)


def configure_logging(
    level: Literal["debug", "info", "warning", "error"],
    form: Literal["auto", "console", "json"],
    secrets: tuple[str, ...] = (),
) -> None:
    """Send structlog and standard logging through one chain to standard error."""
    for_people = form == "console" or (form == "auto" and sys.stderr.isatty())
    renderer: Any = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
        if for_people
        else structlog.processors.JSONRenderer()
    )
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    redaction = Redaction(secrets)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                redaction,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = True
    for noisy in NOISY:
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))
