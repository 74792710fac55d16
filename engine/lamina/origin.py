"""Where a class, a function or an object comes from."""

from __future__ import annotations

from typing import Any


def origin(what: Any) -> str:
    """The package in which a class or function, or the class of an object, was written; "" where nobody says."""
    return str(getattr(what, "__module__", "")).split(".")[0]
