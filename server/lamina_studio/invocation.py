"""How the `lamina` command is typed where this process was started, for sentences that tell what to type next."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path


def to_type(command: str, *options: str) -> str:
    """A command line that works in the terminal that this process was started from.

    >>> to_type("studio", "--port", "8421")  # doctest: +SKIP
    'make studio ARGS="--port 8421"'
    """
    given = shlex.join(options)
    if "MAKELEVEL" in os.environ:  # of make's own, for what it starts
        return f"make {command}" + (f' ARGS="{given}"' if given else "")
    return " ".join(part for part in (_program(), command, given) if part)


def _program() -> str:
    started_as = Path(sys.argv[0])
    if started_as.name != "lamina":
        return f"{shlex.quote(sys.executable)} -m lamina_studio"
    return "lamina" if shutil.which("lamina") else shlex.quote(sys.argv[0])
