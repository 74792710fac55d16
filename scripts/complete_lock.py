"""Complete a package-lock.json whose registry does not carry a package's builds for other platforms.

npm leaves such optional builds out when it writes the lock, and then `npm ci` refuses it as incomplete. Run this after
each `npm install` that rewrites the lock:

    python scripts/complete_lock.py frontend/package-lock.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def complete(lock: dict[str, Any]) -> list[str]:
    """Add an entry for every optional dependency that has none; returns their names."""
    packages: dict[str, Any] = lock["packages"]
    added: list[str] = []
    for entry in list(packages.values()):
        for name, version in entry.get("optionalDependencies", {}).items():
            if f"node_modules/{name}" not in packages:
                packages[f"node_modules/{name}"] = _placeholder(name, version)
                added.append(name)
    root = packages.pop("")
    lock["packages"] = {"": root, **dict(sorted(packages.items()))}
    return added


def _placeholder(name: str, version: str) -> dict[str, Any]:
    """An entry that npm skips on every other platform: the name ends in system and processor."""
    system, processor, *rest = name.rsplit("/", 1)[-1].removeprefix("cli-").split("-")
    entry: dict[str, Any] = {
        "version": version,
        "cpu": [processor],
        "dev": True,
        "optional": True,
        "os": [system],
    }
    return {**entry, "libc": ["musl"]} if "musl" in rest else entry


if __name__ == "__main__":
    path = Path(sys.argv[1])
    document = json.loads(path.read_text())
    names = complete(document)
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    print("added: " + (", ".join(names) or "nothing"))
