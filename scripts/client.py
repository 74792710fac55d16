"""Write `frontend/openapi.json` from the server and the pages' types from that; both are in git.

With `--check` the exit status says whether they were current; they are written anew all the same,
so that what is left to do is to commit them.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "frontend" / "openapi.json"
TYPES = ROOT / "frontend" / "src" / "api" / "schema.d.ts"


def openapi_text() -> str:
    """The document as it lies in git: the same whoever makes it, wherever."""
    from lamina_studio.main import create_app
    from lamina_studio.settings import Settings

    with tempfile.TemporaryDirectory() as home:
        document = create_app(Settings(home=Path(home))).openapi()
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    """Regenerate; with `--check`, exit status 1 when something had been out of date."""
    before = [
        path.read_text(encoding="utf-8") if path.exists() else "" for path in (DOCUMENT, TYPES)
    ]
    DOCUMENT.write_text(openapi_text(), encoding="utf-8")
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
