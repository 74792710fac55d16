"""Which language a client reads, from its `Accept-Language` header."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from starlette.types import Scope

from lamina.text import Language


def preferred_language(header: str | None) -> Language:
    """The language of the interface that fits an `Accept-Language` header best.

    >>> preferred_language("de, zh-TW;q=0.8, en;q=0.5")
    'zh-CN'
    >>> preferred_language("fr")
    'en'
    """
    best: Language = "en"
    best_quality = 0.0
    for part in (header or "")[:1000].split(","):
        tag, _, parameters = part.strip().partition(";")
        primary = tag.strip().lower().split("-")[0]
        if primary not in {"en", "zh"}:
            continue
        quality = _quality(parameters)
        if quality > best_quality:
            best = "zh-CN" if primary == "zh" else "en"
            best_quality = quality
    return best


def _quality(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return min(max(float(value), 0.0), 1.0)
    except ValueError:
        return 0.0


def language_of_scope(scope: Scope) -> Language:
    """The language of a request that has not reached the router yet."""
    for name, value in scope["headers"]:
        if name == b"accept-language":
            return preferred_language(value.decode("latin-1"))
    return "en"


def _language(request: Request) -> Language:
    return preferred_language(request.headers.get("accept-language"))


RequestLanguage = Annotated[Language, Depends(_language)]
