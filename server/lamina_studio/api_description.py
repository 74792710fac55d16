"""The OpenAPI document, made to tell of the problem documents that really come."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from lamina_studio.problem_details import MEDIA_TYPE, SCHEMA
from lamina_studio.schemas import ProblemDetails

COMMON_RESPONSES = {
    "400": "The request cannot be read",
    "401": "Not signed in",
    "403": "Host or origin is not ours",
    "503": "The studio cannot answer at the moment",
}
BODY_RESPONSES = {"413": "The body is too large", "415": "The body is not JSON"}
_FASTAPI_VALIDATION = ("HTTPValidationError", "ValidationError")


def describe(app: FastAPI) -> None:
    """Replace `app.openapi` by one that declares problem documents."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _with_problems(generate())
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _with_problems(document: dict[str, Any]) -> dict[str, Any]:
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    _, definitions = models_json_schema(
        [(ProblemDetails, "serialization")], ref_template="#/components/schemas/{model}"
    )
    for name, schema in definitions["$defs"].items():
        schemas.setdefault(name, schema)
    for name in _FASTAPI_VALIDATION:
        schemas.pop(name, None)
    for path in document["paths"].values():
        for operation in path.values():
            _declare(operation)
    for webhook in document.get("webhooks", {}).values():
        for operation in webhook.values():
            operation["responses"].pop("422", None)  # frames of the websocket, not requests
    return document


def _declare(operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    if "422" in responses:
        responses["422"] = _problem("The request or a document in it is not valid")
    common = COMMON_RESPONSES | (BODY_RESPONSES if "requestBody" in operation else {})
    for status, meaning in common.items():
        responses.setdefault(status, _problem(meaning))
    operation["responses"] = dict(sorted(responses.items()))


def _problem(description: str) -> dict[str, Any]:
    return {"description": description, "content": {MEDIA_TYPE: {"schema": SCHEMA}}}
