"""The studio's errors and how they travel: RFC 9457 problem details.

StudioError                      status
├── Refused                      what the guard turns away
│   ├── Unauthenticated          401
│   ├── Forbidden                403
│   ├── TooManyAttempts          429
│   ├── UnsupportedMediaType     415
│   └── BodyTooLarge             413
├── BadRequest                   400
├── NotFound                     404
├── Conflict                     409
├── PreconditionFailed           412
├── PreconditionRequired         428
├── InvalidDocument              422, with the list of problems
├── NotSupported                 422, the engine cannot do it yet
└── Unavailable                  503

ConfigurationError               the studio cannot start; one sentence for the terminal
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from lamina.text import Text

if TYPE_CHECKING:
    from lamina.problems import Problem


class ConfigurationError(Exception):
    """The studio cannot start as it was asked to; the message says why and what to do."""


class StudioError(Exception):
    """Anything a client is told about, in both languages."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"
    title: ClassVar[Text] = Text("Internal error", "内部错误")

    def __init__(
        self,
        detail: Text | None = None,
        *,
        problems: Sequence[Problem] = (),
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(str(detail or self.title))
        self.detail = detail or self.title
        self.problems = tuple(problems)
        self.headers = dict(headers or {})
        self.extra = dict(extra or {})


class Refused(StudioError):
    """A request that the guard turns away."""


class Unauthenticated(Refused):
    """No credentials, or wrong ones."""

    status = 401
    code = "unauthenticated"
    title = Text("Not signed in", "未登录")


class Forbidden(Refused):
    """Known, and still not let in."""

    status = 403
    code = "forbidden"
    title = Text("Not allowed", "不允许")


class TooManyAttempts(Refused):
    """Guessing is slowed down."""

    status = 429
    code = "too_many_attempts"
    title = Text("Too many attempts", "尝试次数过多")


class UnsupportedMediaType(Refused):
    """The body is not JSON."""

    status = 415
    code = "unsupported_media_type"
    title = Text("Unsupported content type", "不支持的内容类型")


class BodyTooLarge(Refused):
    """The body exceeds the cap."""

    status = 413
    code = "body_too_large"
    title = Text("Request too large", "请求过大")


class BadRequest(StudioError):
    """The request contradicts itself or cannot be read."""

    status = 400
    code = "bad_request"
    title = Text("Bad request", "请求有误")


class NotFound(StudioError):
    """There is no such thing."""

    status = 404
    code = "not_found"
    title = Text("Not found", "未找到")


class Conflict(StudioError):
    """The present state does not allow it."""

    status = 409
    code = "conflict"
    title = Text("Conflict", "冲突")


class PreconditionFailed(StudioError):
    """It has changed since the caller looked."""

    status = 412
    code = "precondition_failed"
    title = Text("Changed in the meantime", "期间已被更改")


class PreconditionRequired(StudioError):
    """The caller must say what it has seen."""

    status = 428
    code = "precondition_required"
    title = Text("A version is required", "需要指明版本")


class InvalidDocument(StudioError):
    """A graph or training document that cannot be used; `problems` says why."""

    status = 422
    code = "invalid_document"
    title = Text("The model or its training settings have problems", "模型或训练设置存在问题")


class NotSupported(StudioError):
    """Right, but beyond what the engine can do."""

    status = 422
    code = "not_supported"
    title = Text("Not possible yet", "暂不支持")


class Unavailable(StudioError):
    """It may work later."""

    status = 503
    code = "unavailable"
    title = Text("Not available now", "暂时不可用")
