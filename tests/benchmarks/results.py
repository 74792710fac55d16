"""Results on disk: one JSON file for each run, with the machine and the versions they were taken with."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "results"
BASELINE = FOLDER / "baseline.json"
FORMAT = 1


def write(result: dict[str, Any], name: str | None) -> Path:
    """Keep a result, under a name or under the time."""
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{name or time.strftime('%Y-%m-%d-%H%M%S')}.json"
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return path


def read(path: Path) -> dict[str, Any]:
    """A result that was kept.

    Raises:
        ValueError: If it has another form than this suite writes.
    """
    result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if result.get("format") != FORMAT:
        raise ValueError(
            f"{path} has format {result.get('format')!r}, this suite reads {FORMAT}. Measure anew."
        )
    return result
