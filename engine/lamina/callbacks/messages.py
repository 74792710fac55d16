"""What callbacks say on standard output."""

from __future__ import annotations

import logging
import sys

from lamina.utils.interaction import is_interactive_logging_enabled


def say(text: str) -> None:
    """Print a line that does not tear a progress bar; without interactive logging it goes to the log."""
    if not is_interactive_logging_enabled():
        logging.getLogger("lamina").info(text)
        return
    sys.stdout.write(f"\n{text}\n")
    sys.stdout.flush()
