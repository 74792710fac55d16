"""Where data sets live on this machine.

`LAMINA_DATASETS`, else `$LAMINA_HOME/datasets`, else `~/.lamina/datasets`.
"""

import os
from pathlib import Path


def home() -> Path:
    """The folder of everything that Lamina keeps for this person."""
    return Path(os.environ.get("LAMINA_HOME") or "~/.lamina").expanduser()


def datasets_folder() -> Path:
    """The cache of data sets. Read anew on each call, so that a changed environment is honoured."""
    chosen = os.environ.get("LAMINA_DATASETS")
    return Path(chosen).expanduser() if chosen else home() / "datasets"
