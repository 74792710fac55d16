"""The `lamina` command. The engine alone brings it too, so it says what is missing then."""

from __future__ import annotations

import sys
from typing import Any

_OURS = frozenset({"lamina", "lamina_studio"})

app: Any
try:
    from lamina_studio.commands import app
except ModuleNotFoundError as missing:
    if (missing.name or "").partition(".")[0] in _OURS:
        raise
    _name = missing.name

    def app() -> None:
        """Say how to get the studio, and fail."""
        sys.exit(
            f"The studio is not installed ({_name} is missing). "
            'Install it with: pip install "lamina[studio]"'
        )
