"""Prints the OpenAPI document: `python -m lamina_studio.openapi > frontend/openapi.json`."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from lamina_studio.main import create_app
from lamina_studio.settings import Settings


def main() -> None:
    """Print the document."""
    with tempfile.TemporaryDirectory() as home:
        document = create_app(Settings(home=Path(home))).openapi()
    json.dump(document, sys.stdout, indent=2, ensure_ascii=False, sort_keys=True)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
