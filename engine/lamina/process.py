"""What a script asks of the process: the version."""

from __future__ import annotations

from importlib import metadata


def version() -> str:
    """The version of this library."""
    return metadata.version("lamina")
