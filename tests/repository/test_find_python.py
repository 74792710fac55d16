"""scripts/find_python.sh: which Python the environment is made with, and what is said without one."""

import subprocess
from pathlib import Path

import pytest

# Answers the three questions of the script: its version, whether that is enough, whether it has venv.
PRETENDER = """#!/bin/sh
case "$2" in
  *print*) echo {version} ;;
  *version_info*) exit {too_old} ;;
  *venv*) exit {no_venv} ;;
esac
"""


def pretend(path: Path, version: str, *, too_old: bool = False, no_venv: bool = False) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(PRETENDER.format(version=version, too_old=int(too_old), no_venv=int(no_venv)))
    path.chmod(0o755)


def find(root: Path, folder: Path, python: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", str(root / "scripts/find_python.sh")],
        env={"PATH": str(folder), "PYTHON": python},
        capture_output=True,
        text=True,
        check=False,
    )


def test_takes_python3_when_it_fits(root: Path, tmp_path: Path):
    pretend(tmp_path / "python3", "3.12")
    pretend(tmp_path / "python3.13", "3.13")
    assert find(root, tmp_path).stdout.strip() == str(tmp_path / "python3")


def test_passes_over_one_that_is_too_old_or_has_no_venv(root: Path, tmp_path: Path):
    pretend(tmp_path / "python3", "3.9", too_old=True)
    pretend(tmp_path / "python3.13", "3.13", no_venv=True)
    pretend(tmp_path / "python3.11", "3.11")
    assert find(root, tmp_path).stdout.strip() == str(tmp_path / "python3.11")


def test_takes_the_one_that_is_named_even_with_spaces_in_its_path(root: Path, tmp_path: Path):
    named = tmp_path / "my pythons" / "python"
    pretend(named, "3.12")
    assert find(root, tmp_path, str(named)).stdout.strip() == str(named)


@pytest.mark.parametrize(
    ("version", "faults", "why"),
    [
        ("3.9", {"too_old": True}, "python3 is 3.9"),
        ("3.12", {"no_venv": True}, "python3 (3.12) has no venv"),
        (None, {}, "none was found"),
    ],
)
def test_says_in_one_sentence_what_is_missing(
    root: Path, tmp_path: Path, version: str | None, faults: dict[str, bool], why: str
):
    if version is not None:
        pretend(tmp_path / "python3", version, **faults)
    done = find(root, tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    [said] = done.stderr.splitlines()
    assert why in said
    assert "python3-venv" in said
