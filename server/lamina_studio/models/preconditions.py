"""`If-Match` and `ETag` for things that have version numbers."""

from __future__ import annotations

import re

_TAG = re.compile(r'"?(\d{1,9})"?')


def entity_tag(version: int) -> str:
    """The entity tag of a version.

    >>> entity_tag(3)
    '"3"'
    """
    return f'"{version}"'


def expected_version(if_match: str) -> int | None:
    """The version that an `If-Match` header asks for: None for `*`, -1 for one that never was.

    >>> expected_version('"3"'), expected_version("*"), expected_version('"abc"')
    (3, None, -1)
    """
    wanted = if_match.strip()
    if wanted == "*":
        return None
    match = _TAG.fullmatch(wanted)
    return int(match.group(1)) if match else -1
