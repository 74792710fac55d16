"""One wheel carries the engine, the server and the built pages."""

import shutil
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

SOURCES = (
    "pyproject.toml",
    "hatch_build.py",
    "README.md",
    "LICENSE",
    "scripts",
    "engine",
    "server",
)


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel of this tree with a stand-in for the built pages, so that no Node is needed."""
    copy = tmp_path_factory.mktemp("tree")
    ignore = shutil.ignore_patterns("__pycache__", "web")
    for name in SOURCES:
        source = root / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=ignore)
        else:
            shutil.copy(source, copy / name)
    shutil.copy(root / ".gitignore", copy / ".gitignore")
    pages = copy / "server/lamina_studio/web/assets"
    pages.mkdir(parents=True)
    (pages.parent / "index.html").write_text("<!doctype html>")
    (pages / "main.js").write_text("export {}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAMINA_SKIP_WEB", "1")
        built = next(WheelBuilder(str(copy)).build(directory=str(copy / "dist")))
    return zipfile.ZipFile(built)


def test_carries_both_packages_with_their_data(wheel: zipfile.ZipFile):
    names = set(wheel.namelist())
    assert {"lamina/__init__.py", "lamina_studio/__init__.py", "lamina_studio/cli.py"} <= names
    assert any(name.startswith("lamina_studio/migrations/versions/") for name in names)


def test_carries_the_pages_although_git_ignores_them(wheel: zipfile.ZipFile):
    names = set(wheel.namelist())
    assert {"lamina_studio/web/index.html", "lamina_studio/web/assets/main.js"} <= names


def test_carries_nothing_else(wheel: zipfile.ZipFile):
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert tops == {"lamina", "lamina_studio", "lamina-0.1.0.dist-info"}


def test_tells_its_command_license_and_extras(wheel: zipfile.ZipFile):
    info = "lamina-0.1.0.dist-info"
    assert "lamina = lamina_studio.cli:app" in wheel.read(f"{info}/entry_points.txt").decode()
    assert f"{info}/licenses/LICENSE" in wheel.namelist()
    metadata = Parser().parsestr(wheel.read(f"{info}/METADATA").decode())
    assert metadata["License-Expression"] == "Apache-2.0"
    extras = {"studio", "postgres", "images", "test", "dev"}
    given = set(metadata.get_all("Provides-Extra", []))
    assert {extra for extra in given if not extra.startswith("bench-")} == extras
    base = [line for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line]
    assert not any(line.startswith(("fastapi", "sqlalchemy", "uvicorn")) for line in base)
