"""Refuse what has no place in the repository: large files, registry hosts, paths of one machine.

python scripts/check_files.py [FILE …]      without names: every file that git knows
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LARGEST_BYTES = 1_000_000
# The brackets keep these patterns from matching themselves.
FORBIDDEN = {
    "a package registry's host": re.compile(
        r"pypi[.]org|pythonhosted[.]org|registry[.]npmjs[.]org|registry[.]yarnpkg[.]com"
        r"|deb[.]debian[.]org|download[.]pytorch[.]org"
    ),
    "a path of one machine": re.compile(
        r"/work/(?:main|shared)\b|/roo[t]/|/home/(?!lamina)[a-z]\w*/|/Users/[A-Za-z]\w*/"
    ),
}


def complaints(paths: list[Path]) -> list[str]:
    """One sentence for each fault found in these files."""
    found: list[str] = []
    for path in paths:
        name = path.relative_to(ROOT).as_posix()
        size = path.stat().st_size
        if size > LARGEST_BYTES:
            found.append(f"{name}: {size:,} bytes, above the limit of {LARGEST_BYTES:,}.")
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture or the like
        for what, pattern in FORBIDDEN.items():
            match = pattern.search(text)
            if match:
                line = text.count("\n", 0, match.start()) + 1
                found.append(f'{name}:{line}: names {what}, "{match.group()}".')
    return found


def known_files() -> list[Path]:
    """The files git tracks or would track, that still lie here."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def main(arguments: list[str]) -> int:
    """Print each complaint; exit status 1 when there is one."""
    found = complaints([Path(name).resolve() for name in arguments] or known_files())
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
