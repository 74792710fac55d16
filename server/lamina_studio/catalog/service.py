"""The engine's catalogue, encoded once."""

from __future__ import annotations

import hashlib
from functools import cache

from lamina_studio.catalog.schemas import Catalog
from lamina_studio.engine import load_engine


@cache
def encoded_catalog() -> tuple[bytes, str]:
    """The catalogue as JSON and its entity tag; it never changes while a process lives."""
    load_engine()
    from lamina.catalog import catalog

    body = Catalog.model_validate(catalog()).model_dump_json(by_alias=True).encode()
    return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'
