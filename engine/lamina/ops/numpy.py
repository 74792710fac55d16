"""`keras.ops.numpy`: every op by its name, also under this one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lamina.ops.registry import OPS, by_name


def __getattr__(name: str) -> Callable[..., Any]:
    return by_name(name, __name__)


def __dir__() -> list[str]:
    return sorted({*OPS.names(), *OPS.aliases()})
