"""Shapes that several features share on the wire."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer

from lamina.text import Text

MAX_DOCUMENT_DEPTH = 100
_LARGEST_INTEGER = 2**63 - 1


class WireModel(BaseModel):
    """Something the server sends: made from rows or objects, every field always there."""

    model_config = ConfigDict(
        from_attributes=True,
        populate_by_name=True,
        serialize_by_alias=True,
        json_schema_serialization_defaults_required=True,
    )


class LocalText(WireModel):
    """One text in every language of the interface."""

    en: str
    zh_cn: str = Field(alias="zh-CN")

    @classmethod
    def of(cls, text: Text) -> LocalText:
        return cls(en=text.en, zh_cn=text.zh)


Time = Annotated[
    datetime,
    PlainSerializer(lambda moment: moment.isoformat().replace("+00:00", "Z"), return_type=str),
    Field(json_schema_extra={"format": "date-time"}),
]


Item = TypeVar("Item")


class Page(WireModel, Generic[Item]):
    """A part of a list, and the cursor of the next part. Subclass it once for each item."""

    items: list[Item]
    next: str | None = Field(None, description="Give it as `after` to read on; null at the end.")


class Fix(WireModel):
    """A repair that can be applied as it stands."""

    label: str
    target: Literal["graph", "training"]
    patch: list[dict[str, Any]] = Field(description="A JSON Patch (RFC 6902) on the target.")


class GraphProblem(WireModel):
    """Something about a document that its author should know, in the request's language."""

    code: str
    severity: Literal["error", "warning", "info"]
    node: str | None = None
    field: str | None = None
    port: int | None = None
    message: str
    params: dict[str, Any] = {}
    fixes: list[Fix] = []


class InputError(WireModel):
    """Where a request departs from its schema."""

    location: list[str | int]
    message: str
    kind: str


class ProblemDetails(BaseModel):
    """Why a request was refused (RFC 9457)."""

    type: str = Field(examples=["urn:lamina:problem:model_not_found"])
    title: str
    status: int
    detail: str
    instance: str | None = None
    code: str
    problems: list[GraphProblem] | None = None
    errors: list[InputError] | None = None

    model_config = ConfigDict(extra="allow")


def _is_clean_text(text: str) -> bool:
    return "\x00" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def clean_text(value: str) -> str:
    """Refuse what a database or an encoder cannot carry: NUL and half a surrogate pair."""
    if not _is_clean_text(value):
        raise ValueError("must not contain NUL or unpaired surrogates")
    return value


def clean_json(value: Any) -> Any:
    """Refuse JSON that cannot be kept or sent back: NaN, huge integers, bad text, endless nesting.

    Raises:
        ValueError: Naming what was found.
    """
    waiting: list[tuple[Any, int]] = [(value, 0)]
    while waiting:
        item, depth = waiting.pop()
        if depth > MAX_DOCUMENT_DEPTH:
            raise ValueError(f"must not be nested deeper than {MAX_DOCUMENT_DEPTH} levels")
        if isinstance(item, str):
            clean_text(item)
        elif isinstance(item, float):
            if not math.isfinite(item):
                raise ValueError("must not contain NaN or Infinity")
        elif isinstance(item, int):
            if abs(item) > _LARGEST_INTEGER:
                raise ValueError("must not contain integers beyond 64 bits")
        elif isinstance(item, list):
            waiting.extend((entry, depth + 1) for entry in item)
        elif isinstance(item, dict):
            for key, entry in item.items():
                clean_text(key)
                waiting.append((entry, depth + 1))
    return value


JsonObject = Annotated[dict[str, Any], AfterValidator(clean_json)]
"""A JSON object of any content that can be stored and sent back unchanged."""


Label = Annotated[str, Field(max_length=200), AfterValidator(clean_text)]
"""A name that people give. It is shown as text and never used as a path or an address."""


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be blank")
    return value


FilledLabel = Annotated[Label, AfterValidator(_not_blank)]
"""A label where there is nothing to fall back on."""
