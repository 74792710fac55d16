"""Find the Chromium that the browser tests and the screenshot drive; with `--install`, get one.

Prints its path. Order: `LAMINA_CHROMIUM`, the machine's own, the one Playwright keeps; then, with
`--install`, the machine's package manager where we may use it, else Playwright's download.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
APPLICATIONS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
# No sandbox, because containers and CI run as root; the rest keeps it from calling home.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
ADVICE = (
    "The browser tests need Chromium and none could be found or installed: install it (on Debian or "
    "Ubuntu: apt-get install chromium), run `.venv/bin/playwright install --with-deps chromium`, or "
    "name one with LAMINA_CHROMIUM=/path/to/chromium."
)


def find() -> Path | None:
    """The first Chromium or Chrome that starts and tells its version."""
    return next((Path(path) for path in _candidates() if path and _starts(path)), None)


def install() -> Path | None:
    """Get one: by apt-get where we are root, else Playwright's own build."""
    apt = shutil.which("apt-get")
    if apt and os.geteuid() == 0:
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        steps = (["update"], ["install", "-y", "--no-install-recommends", "chromium"])
        if all(
            subprocess.run([apt, *step], env=quiet, check=False).returncode == 0 for step in steps
        ):
            found = find()
            if found:
                return found
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
    return find()


def _candidates() -> Iterator[str | None]:
    named = os.environ.get("LAMINA_CHROMIUM")
    if named:
        yield named
        return
    yield from map(shutil.which, NAMES)
    yield from APPLICATIONS
    yield _playwrights()


def _playwrights() -> str:
    """Asked of a child process: Playwright's synchronous side may be in use in this one."""
    ask = (
        "from playwright.sync_api import sync_playwright as start\n"
        "with start() as playwright: print(playwright.chromium.executable_path)"
    )
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _starts(path: str) -> bool:
    try:
        return subprocess.run([path, "--version"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def main(arguments: list[str]) -> int:
    """Print the path, or say in one sentence what to do."""
    found = find() or (install() if "--install" in arguments else None)
    if found is None:
        print(ADVICE, file=sys.stderr)
        return 1
    print(found)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
