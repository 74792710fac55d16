"""What callbacks say on standard output."""

from __future__ import annotations

import sys


def say(text: str) -> None:
    """Print a line that does not tear a progress bar."""
    sys.stdout.write(f"\n{text}\n")
    sys.stdout.flush()
