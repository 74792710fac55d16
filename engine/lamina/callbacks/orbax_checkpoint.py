"""`OrbaxCheckpoint`: a name that says what to use instead."""

from __future__ import annotations

from typing import Any

from lamina.callbacks.callback import Callback
from lamina.errors import ConfigError
from lamina.text import Text


class OrbaxCheckpoint(Callback):
    """Orbax is JAX's way to save.

    Raises:
        ConfigError: Always.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise ConfigError(
            Text(
                "OrbaxCheckpoint is for JAX. Use ModelCheckpoint to keep models and BackupAndRestore to resume.",
                "OrbaxCheckpoint 用于 JAX。请用 ModelCheckpoint 保存模型，用 BackupAndRestore 恢复训练。",
            )
        )
