"""The documents say what is there."""

import re
import tomllib
from pathlib import Path

import pytest

from scripts import settings_doc

DOCUMENTS = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md")


def documents(root: Path) -> list[Path]:
    return [*(root / name for name in DOCUMENTS), *sorted((root / "docs").rglob("*.md"))]


def test_every_link_leads_somewhere(root: Path):
    dead = [
        f"{path.name}: {target}"
        for path in documents(root)
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text(encoding="utf-8"))
        if not (path.parent / target).exists()
    ]
    assert dead == []


def test_every_path_that_is_named_exists(root: Path):
    """In backticks, below one of our folders, without a placeholder."""
    named = re.compile(r"`((?:engine|server|frontend|tests|scripts|docs|examples)/[\w./-]+)`")
    built = {"server/lamina_studio/web"}
    dead = [
        f"{path.name}: {name}"
        for path in documents(root)
        for name in named.findall(path.read_text(encoding="utf-8"))
        if name not in built and not (root / name).exists()
    ]
    assert dead == []


def test_every_make_target_that_is_named_exists(root: Path):
    targets = set(re.findall(r"^([a-z-]+):", (root / "Makefile").read_text(), flags=re.MULTILINE))
    named = {
        name
        for path in documents(root)
        for name in re.findall(
            r"(?:`|^)make ([a-z-]+)", path.read_text(encoding="utf-8"), flags=re.MULTILINE
        )
    }
    assert {"studio", "test", "setup", "check"} <= named
    assert named <= targets


def test_make_help_tells_every_command_of_the_interface(root: Path):
    documented = set(
        re.findall(r"^([a-z-]+):.*## ", (root / "Makefile").read_text(), flags=re.MULTILINE)
    )
    wanted = (
        "help setup studio test dev check format lint types client migrate soak clean screenshot"
    )
    assert set(wanted.split()) <= documented


@pytest.mark.parametrize("part", ["Context", "Decision", "Consequences", "Rejected", "Kept by"])
def test_every_decision_has_its_parts(root: Path, part: str):
    decisions = sorted((root / "docs/adr").glob("[0-9]*.md"))
    assert [path.name[:4] for path in decisions] == [
        f"{i:04}" for i in range(1, len(decisions) + 1)
    ]
    assert all(f"**{part}.**" in path.read_text(encoding="utf-8") for path in decisions)


def test_the_changelog_knows_this_version(root: Path):
    version = tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"]
    changelog = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## [{version}] - 20" in changelog
    assert "## [Unreleased]" in changelog


def test_every_setting_is_documented(root: Path):
    assert (root / "docs/settings.md").read_text(encoding="utf-8") == settings_doc.page_text()


def test_the_readmes_script_runs(root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """On a handful of pictures instead of all of MNIST."""
    numpy = pytest.importorskip("numpy")
    import lamina

    random = numpy.random.default_rng(0)

    def few() -> tuple[object, object]:
        parts = [
            (random.integers(0, 256, (n, 28, 28), "uint8"), random.integers(0, 10, n, "uint8"))
            for n in (80, 20)
        ]
        return parts[0], parts[1]

    monkeypatch.setattr(lamina.datasets.mnist, "load_data", few)
    monkeypatch.chdir(tmp_path)
    [script] = re.findall(
        r"```python\n(.*?)```", (root / "README.md").read_text(encoding="utf-8"), flags=re.DOTALL
    )
    exec(compile(script, "README.md", "exec"), {"__name__": "__main__"})
    assert (tmp_path / "digits.keras").stat().st_size > 100_000


def test_the_continuous_integration_calls_the_readmes_test_command(root: Path):
    assert "make test" in (root / "README.md").read_text(encoding="utf-8")
    last = (root / ".ci/run").read_text().strip().splitlines()[-1]
    assert last == "make test"
