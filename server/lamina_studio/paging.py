"""Cursors: opaque places in a list that is sorted by keys."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any

import orjson
from fastapi import Query

from lamina.text import Text
from lamina_studio.errors import BadRequest

Limit = Annotated[int, Query(ge=1, le=500)]
After = Annotated[str | None, Query(max_length=1000, description="`next` of the part before.")]


class BadCursor(BadRequest):
    """A cursor that no list has given out."""

    code = "bad_cursor"

    def __init__(self) -> None:
        super().__init__(
            Text("`after` is not the `next` of a list.", "`after` 不是列表给出的 `next`。")
        )


def encode_cursor(*keys: str | int) -> str:
    """The place after the item with these sort keys.

    >>> decode_cursor(encode_cursor("2026-01-01", 7), str, int)
    ('2026-01-01', 7)
    """
    return base64.urlsafe_b64encode(orjson.dumps(keys)).decode().rstrip("=")


def decode_cursor(cursor: str, *kinds: type) -> tuple[Any, ...]:
    """The sort keys in a cursor.

    Raises:
        BadCursor: If it was not made by `encode_cursor` with keys of these kinds.
    """
    try:
        keys = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError) as error:
        raise BadCursor from error
    if not isinstance(keys, list) or [type(key) for key in keys] != list(kinds):
        raise BadCursor
    return tuple(keys)
