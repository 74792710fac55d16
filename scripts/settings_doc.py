"""Write docs/settings.md, one row for each field of the settings; with `--check` only compare."""

from __future__ import annotations

import sys
from pathlib import Path

from lamina_studio.settings import Settings

PAGE = Path(__file__).resolve().parent.parent / "docs" / "settings.md"
HEAD = """# Settings

Written by `make docs` from `server/lamina_studio/settings.py`. Each is a variable of the environment;
`lamina studio --help` tells which are options of the command too.

| variable | default | what it is |
|---|---|---|
"""


def page_text() -> str:
    """The page as it should be."""
    rows = []
    for name, field in Settings.model_fields.items():
        is_unset = field.default is None or field.default == ()
        default = "" if is_unset else f"`{field.default}`"
        rows.append(f"| `LAMINA_{name.upper()}` | {default} | {field.description} |\n")
    return HEAD + "".join(rows)


def main(arguments: list[str]) -> int:
    """Write it, or say that it is out of date."""
    if "--check" not in arguments:
        PAGE.write_text(page_text(), encoding="utf-8")
    elif not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != page_text():
        print("docs/settings.md is out of date: run `make docs`.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
