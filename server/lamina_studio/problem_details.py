"""Turning errors into `application/problem+json` responses, and declaring them in the OpenAPI."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException

from lamina.plain_words import in_plain_words
from lamina.text import Language, Text
from lamina_studio.errors import StudioError, Unavailable
from lamina_studio.language import preferred_language
from lamina_studio.schemas import ProblemDetails

MEDIA_TYPE = "application/problem+json"

log = structlog.get_logger(__name__)

HTTP_DETAILS: Mapping[int, tuple[str, Text]] = {
    400: ("bad_request", Text("The request could not be read.", "无法读取该请求。")),
    404: ("not_found", Text("There is nothing at this address.", "此地址没有内容。")),
    405: (
        "method_not_allowed",
        Text("This address does not take that method.", "此地址不支持该请求方法。"),
    ),
    408: (
        "body_too_slow",
        Text("The request took too long to arrive.", "请求传输超时。"),
    ),
    413: ("body_too_large", Text("The request is too large.", "请求过大。")),
}

INTERNAL = Text(
    "Something went wrong in the studio. The log of the server says more.",
    "工作室内部出错，详情请查看服务器日志。",
)
INVALID_REQUEST = Text(
    "The request does not have the expected form: {first}",
    "请求不符合要求的格式：{first}",
)


class DatabaseUnavailable(Unavailable):
    """The database is locked for too long, full, or gone."""

    code = "database_unavailable"

    def __init__(self) -> None:
        super().__init__(
            Text(
                "The database cannot be used at the moment. Nothing was changed; try again.",
                "数据库暂时不可用。未作任何更改，请重试。",
            ),
            headers={"Retry-After": "5"},
        )


class ProblemResponse(JSONResponse):
    """A JSON response that says it is a problem document."""

    media_type = MEDIA_TYPE


def problem_response(error: StudioError, language: Language) -> ProblemResponse:
    """The response that tells a client of `error`."""
    details = ProblemDetails(
        type=f"urn:lamina:problem:{error.code}",
        title=error.title.in_language(language),
        status=error.status,
        detail=error.detail.in_language(language),
        code=error.code,
        **error.extra,
    )
    body = details.model_dump(exclude_none=True)
    if error.problems:
        body["problems"] = [problem.to_json(language) for problem in error.problems]
    return ProblemResponse(body, error.status, headers=error.headers)


def _plain(
    status: int, code: str, detail: str, headers: Mapping[str, str] | None = None, **extra: Any
) -> ProblemResponse:
    body = {
        "type": f"urn:lamina:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        **extra,
    }
    return ProblemResponse(body, status, headers=dict(headers or {}))


def install_error_handlers(app: FastAPI) -> None:
    """Make every error that leaves a route a problem document; none carries a traceback."""

    @app.exception_handler(StudioError)
    async def _studio_error(request: Request, error: StudioError) -> ProblemResponse:
        return problem_response(error, _language(request))

    @app.exception_handler(HTTPException)
    async def _http_error(request: Request, error: HTTPException) -> ProblemResponse:
        code, detail = HTTP_DETAILS.get(
            error.status_code, (f"http_{error.status_code}", Text(error.detail, error.detail))
        )
        return _plain(
            error.status_code, code, detail.in_language(_language(request)), error.headers
        )

    @app.exception_handler(RequestValidationError)
    async def _invalid_request(request: Request, error: RequestValidationError) -> ProblemResponse:
        language = _language(request)
        errors = [
            {
                "location": list(item["loc"]),
                "message": in_plain_words(item).in_language(language),
                "kind": item["type"],
            }
            for item in error.errors()[:100]
        ]
        first = f"{'.'.join(map(str, errors[0]['location']))}: {errors[0]['message']}"
        detail = INVALID_REQUEST.in_language(language).format(first=first)
        return _plain(422, "invalid_request", _printable(detail), errors=_printable(errors))

    @app.exception_handler(OperationalError)
    async def _database_failed(request: Request, error: OperationalError) -> ProblemResponse:
        log.error("the database failed", error=str(error.orig))
        return problem_response(DatabaseUnavailable(), _language(request))

    @app.exception_handler(Exception)
    async def _unexpected(request: Request, error: Exception) -> ProblemResponse:
        log.error(
            "unexpected error",
            path=request.scope.get("raw_path", b"").decode("ascii", "replace"),
            exc_info=error,
        )
        return _plain(500, "internal", INTERNAL.in_language(_language(request)))


def problems(*errors: type[StudioError]) -> dict[int | str, dict[str, Any]]:
    """The `responses=` of a route that may answer with these errors."""
    titles: dict[int, list[str]] = {}
    for error in errors:
        titles.setdefault(error.status, []).append(str(error.title))
    return {
        status: {"description": ". ".join(names), "content": {MEDIA_TYPE: {"schema": SCHEMA}}}
        for status, names in sorted(titles.items())
    }


SCHEMA = {"$ref": "#/components/schemas/ProblemDetails"}


def _language(request: Request) -> Language:
    return preferred_language(request.headers.get("accept-language"))


def _printable(value: Any) -> Any:
    """`value` without the half surrogates that a client may have sent and JSON cannot carry."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, list):
        return [_printable(item) for item in value]
    if isinstance(value, dict):
        return {key: _printable(item) for key, item in value.items()}
    return value
