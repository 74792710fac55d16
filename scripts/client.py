"""Write `frontend/openapi.json` from the server, the pages' types from that, and what pages know of Python; all are in git.

With `--check` the exit status says whether they were current; they are written anew all the same,
so that what is left to do is to commit them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from lamina.graph.document import NODE_ID_PATTERN
from lamina.training.document import TrainingDocument
from lamina_studio.runs.folders import MODEL_FILE

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "frontend" / "openapi.json"
TYPES = ROOT / "frontend" / "src" / "api" / "schema.d.ts"
FACTS = ROOT / "frontend" / "src" / "generated.ts"
WRITTEN = (DOCUMENT, TYPES, FACTS)
DEFAULTS = ("batch_size", "epochs", "seed")


def main(arguments: list[str]) -> int:
    """Regenerate; with `--check`, exit status 1 when something had been out of date."""
    before = [path.read_text(encoding="utf-8") if path.exists() else "" for path in WRITTEN]
    printed = subprocess.run(
        [sys.executable, "-m", "lamina_studio.openapi"], stdout=subprocess.PIPE, check=False
    )
    if printed.returncode:
        return 1
    DOCUMENT.write_bytes(printed.stdout)
    FACTS.write_text(facts(), encoding="utf-8")
    command = [sys.executable, str(ROOT / "scripts" / "web.py"), "npm", "run", "client"]
    if subprocess.run(command, check=False).returncode:
        return 1
    after = [path.read_text(encoding="utf-8") for path in WRITTEN]
    if "--check" in arguments and before != after:
        print(
            "The API client was out of date; it has been written anew: commit it.", file=sys.stderr
        )
        return 1
    return 0


def facts() -> str:
    """What Python states and the pages use: TypeScript source."""
    fields = TrainingDocument.model_fields
    defaults = ", ".join(f"{name}: {json.dumps(fields[name].default)}" for name in DEFAULTS)
    return f"""// Written by `make client`: not to be edited.

/** What the name of a layer in a graph document may be. */
export const NODE_ID_PATTERN = {json.dumps(NODE_ID_PATTERN)};

/** What a training document that leaves these out is trained with. */
export const TRAINING_DEFAULTS = {{ {defaults} }} as const;

/** The file that every run with a model leaves. */
export const MODEL_FILE = {json.dumps(MODEL_FILE)};
"""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
