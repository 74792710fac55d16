"""Write `frontend/openapi.json` from the server and the pages' types from that; both are in git.

With `--check` the exit status says whether they were current; they are written anew all the same,
so that what is left to do is to commit them.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "frontend" / "openapi.json"
TYPES = ROOT / "frontend" / "src" / "api" / "schema.d.ts"


def main(arguments: list[str]) -> int:
    """Regenerate; with `--check`, exit status 1 when something had been out of date."""
    before = [
        path.read_text(encoding="utf-8") if path.exists() else "" for path in (DOCUMENT, TYPES)
    ]
    printed = subprocess.run(
        [sys.executable, "-m", "lamina_studio.openapi"], stdout=subprocess.PIPE, check=False
    )
    if printed.returncode:
        return 1
    DOCUMENT.write_bytes(printed.stdout)
    command = [sys.executable, str(ROOT / "scripts" / "web.py"), "npm", "run", "client"]
    if subprocess.run(command, check=False).returncode:
        return 1
    after = [path.read_text(encoding="utf-8") for path in (DOCUMENT, TYPES)]
    if "--check" in arguments and before != after:
        print(
            "The API client was out of date; it has been written anew: commit it.", file=sys.stderr
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
