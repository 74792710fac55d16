"""Identifiers: opaque, unguessable enough not to collide, sortable by the time they were made."""

from __future__ import annotations

import secrets
import time
from typing import Annotated

from fastapi import Path
from pydantic import StringConstraints

ID_PATTERN = r"^[A-Za-z0-9_-]{1,64}$"

Id = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
IdPath = Annotated[str, Path(pattern=ID_PATTERN)]


def new_id(prefix: str) -> str:
    """A new id such as `m_018f3a9c2b7e4d61a09c`: milliseconds since 1970, then randomness."""
    return f"{prefix}_{time.time_ns() // 1_000_000:011x}{secrets.token_hex(5)}"
