"""The container files, as far as they can be judged without a container engine."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml


@pytest.fixture(scope="module")
def compose(root: Path) -> dict[str, Any]:
    return yaml.safe_load((root / "docker-compose.yml").read_text())


@pytest.fixture(scope="module")
def instructions(root: Path) -> list[tuple[str, str]]:
    """The Dockerfile as (instruction, arguments), continued lines joined, comments dropped."""
    text = re.sub(r"^#.*\n", "", (root / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [tuple(line.split(maxsplit=1)) for line in lines if line.strip()]  # type: ignore[misc]


def test_compose_file_follows_the_compose_schema(root: Path):
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run(
        [*check, "docker-compose.yml"], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_service_is_published_on_loopback_only(compose: dict[str, Any]):
    published = [port for service in compose["services"].values() for port in service["ports"]]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_every_service_keeps_its_home_in_a_volume_and_is_watched(compose: dict[str, Any]):
    for service in compose["services"].values():
        assert service["volumes"] == ["lamina-home:/var/lib/lamina"]
        assert "/healthz" in " ".join(service["healthcheck"]["test"])
    assert "lamina-home" in compose["volumes"]


def test_there_is_no_default_token_and_the_hosts_are_named(compose: dict[str, Any]):
    for service in compose["services"].values():
        assert service["environment"]["LAMINA_TOKEN"].startswith("${LAMINA_TOKEN:?")
        assert "127.0.0.1:8420" in service["environment"]["LAMINA_ALLOWED_HOSTS"]


def test_the_gpu_service_starts_only_when_asked_for(compose: dict[str, Any]):
    gpu = compose["services"]["studio-gpu"]
    assert gpu["profiles"] == ["gpu"]
    [device] = gpu["deploy"]["resources"]["reservations"]["devices"]
    assert device["driver"] == "nvidia"
    assert "profiles" not in compose["services"]["studio"]


def test_the_image_runs_without_root_and_tells_its_health(instructions: list[tuple[str, str]]):
    last_stage = instructions[
        max(i for i, (name, _) in enumerate(instructions) if name == "FROM") :
    ]
    by_name = dict(last_stage)
    assert by_name["USER"] == "lamina"
    assert "/healthz" in by_name["HEALTHCHECK"]
    assert by_name["CMD"].startswith('["lamina", "studio", "--host", "0.0.0.0"')


def test_pip_args_choose_the_build_of_torch(instructions: list[tuple[str, str]]):
    assert ("ARG", 'PIP_ARGS=""') in instructions
    installs = [
        arguments
        for name, arguments in instructions
        if name == "RUN" and "pip install" in arguments
    ]
    assert len(installs) == 2
    assert all("${PIP_ARGS}" in arguments for arguments in installs)
    assert "torch==" in installs[0], "torch is installed first and alone"


def test_what_the_image_copies_is_let_into_its_build(
    root: Path, instructions: list[tuple[str, str]]
):
    let_in = {
        line[1:] for line in (root / ".dockerignore").read_text().splitlines() if line[:1] == "!"
    }
    assert {"engine", "server", "frontend", "scripts", "hatch_build.py", "pyproject.toml"} <= let_in
    assert all((root / name).exists() for name in let_in)
    copied = [
        args.split()[:-1] for name, args in instructions if name == "COPY" and "--from" not in args
    ]
    assert {source for sources in copied for source in sources} <= let_in | {"."}
