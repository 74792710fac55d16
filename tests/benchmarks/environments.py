"""Environments of the peers: the extras `bench-…` of pyproject.toml, so that none is needed to work on the project.

`LAMINA_BENCH_ENVIRONMENTS` says where they lie; in the checkout's `.bench` when it is not set. Those on torch see the
project's own torch, so that all of them run the same one.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tomllib
import venv
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Peer:
    """What an environment holds.

    Args:
        extra: The extra of pyproject.toml that lists it.
        sees_ours: Whether the packages of the project's environment stand behind them.
    """

    extra: str
    sees_ours: bool = False

    @property
    def packages(self) -> list[str]:
        """For pip, each in the version that constraints.txt has; what they need in turn, they choose themselves."""
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        names = {line.partition(">=")[0] for line in project["optional-dependencies"][self.extra]}
        pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        return [pin for pin in pins if pin.partition("==")[0] in names]


PEERS = {
    "keras-jax": Peer("bench-jax"),
    "keras-tf": Peer("bench-tensorflow"),
    "lightning": Peer("bench-lightning", sees_ours=True),
    "skorch": Peer("bench-skorch", sees_ours=True),
}


def folder() -> Path:
    """Where the environments lie."""
    return Path(os.environ.get("LAMINA_BENCH_ENVIRONMENTS") or ROOT / ".bench")


def interpreter(environment: str | None) -> Path | None:
    """The Python of an environment, None where it has not been made."""
    if environment is None:
        return Path(sys.executable)
    python = folder() / environment / "bin" / "python"
    return python if python.exists() else None


def make(environment: str) -> None:
    """Make an environment and install what it holds; `PIP_ARGS` is passed on, as make does."""
    peer, where = PEERS[environment], folder() / environment
    print(f"Making {where}", flush=True)
    venv.create(where, clear=True, with_pip=True)
    python = where / "bin" / "python"
    if peer.sees_ours:
        site = next((where / "lib").glob("python*/site-packages"))
        (site / "ours.pth").write_text(sysconfig.get_path("purelib") + "\n")
    arguments = os.environ.get("PIP_ARGS", "").split()
    command = [python, "-m", "pip", "install", "--quiet", *arguments, *peer.packages]
    subprocess.run(command, check=True)
