"""What must hold across the whole tree: who imports whom, what is declared, what is written once."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from scripts import check_files, client

# Declared because another package imports them by name at run time, or (scikit-learn) because its
# data files are read; not because a module of ours imports them.
BEHIND_THE_SCENES = {"aiosqlite", "httptools", "scikit-learn", "uvloop", "websockets"}

# Packages of this repository that are never installed: the tests' own and the scripts.
OURS = {"benchmarks", "lamina", "scripts", "support", "tests"}


@pytest.fixture(scope="session")
def project(root: Path) -> dict[str, Any]:
    return tomllib.loads((root / "pyproject.toml").read_text())


def test_import_contracts_hold_and_no_packages_import_in_a_circle(root: Path):
    """Imports inside functions count: one that dodges a circle is a circle.

    In a process of its own, for import-linter silences the loggers of the one it runs in.
    """
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("package", "extra"), [("engine/lamina", None), ("server/lamina_studio", "studio")]
)
def test_what_is_imported_is_declared_and_the_other_way_round(
    root: Path, project: dict[str, Any], package: str, extra: str | None
):
    declared = {canonicalize_name(Requirement(line).name) for line in requirements(project, extra)}
    of_base = {canonicalize_name(Requirement(line).name) for line in requirements(project, None)}
    imported = imported_distributions(root / package)
    assert imported <= declared | of_base | {"lamina"}, "imported but not declared"
    assert declared - BEHIND_THE_SCENES <= imported, "declared but not imported"


def test_what_the_tests_and_scripts_import_is_declared(root: Path, project: dict[str, Any]):
    lines = [*requirements(project, None)]
    for extra in project["project"]["optional-dependencies"]:
        lines += requirements(project, extra)
    declared = {canonicalize_name(Requirement(line).name) for line in lines}
    imported = imported_distributions(root / "tests") | imported_distributions(root / "scripts")
    assert imported - OURS <= declared


def requirements(project: dict[str, Any], extra: str | None) -> list[str]:
    if extra is None:
        return project["project"]["dependencies"]
    return project["project"]["optional-dependencies"][extra]


def imported_distributions(folder: Path) -> set[str]:
    """The distributions, by canonical name, whose modules are imported below a folder."""
    tops: set[str] = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                tops |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                tops.add(node.module.split(".")[0])
    tops -= sys.stdlib_module_names | {"lamina", "lamina_studio"}
    distributions = packages_distributions()
    return {canonicalize_name(distributions.get(top, [top])[0]) for top in tops}


def test_every_declared_package_has_one_exact_version_in_its_range(
    root: Path, project: dict[str, Any]
):
    lines = (root / "constraints.txt").read_text().splitlines()
    pins = [Requirement(line) for line in lines if line and not line.startswith("#")]
    assert all(len(pin.specifier) == 1 and str(pin.specifier).startswith("==") for pin in pins)
    versions = {canonicalize_name(pin.name): Version(str(pin.specifier)[2:]) for pin in pins}
    assert len(versions) == len(pins), "a package is pinned twice"
    declared = list(requirements(project, None))
    for extra in project["project"]["optional-dependencies"]:
        declared += requirements(project, extra)
    for line in declared:
        wanted = Requirement(line)
        assert versions[canonicalize_name(wanted.name)] in wanted.specifier, line


def test_a_layer_is_known_to_typescript_by_its_catalogue_entry_only(root: Path):
    """No form and no node of its own: TypeScript outside its tests names no layer."""
    from lamina.catalog import catalog

    names = {entry["name"] for entry in catalog()["layers"]}
    assert "Conv2D" in names
    unmistakable = {name for name in names if len(re.findall(r"[A-Z0-9]", name)) > 1}
    patterns = [rf"""["'`]{name}\b|(?<!\w)<{name}\b""" for name in names]
    patterns += [rf"\b{name}\b" for name in unmistakable]
    pattern = re.compile("|".join(patterns))
    found = [
        f"{path.relative_to(root)}:{number}: {line.strip()}"
        for path in sorted((root / "frontend/src").rglob("*.ts*"))
        if ".test." not in path.name and "test" not in path.relative_to(root / "frontend/src").parts
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]
    assert found == []


def test_no_file_names_a_registry_a_machine_or_is_too_large():
    files = check_files.known_files()
    assert len(files) > 100
    assert check_files.complaints(files) == []


@pytest.mark.parametrize(
    "text",
    [
        "see https://py" + "pi.org/simple",
        "cd /wo" + "rk/main",
        "open('/ro" + "ot/x')",
        "/Us" + "ers/Ada/lamina",
    ],
)
def test_the_file_check_notices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str):
    monkeypatch.setattr(check_files, "ROOT", tmp_path)
    (tmp_path / "note.md").write_text(f"a line\n{text}\n")
    [complaint] = check_files.complaints([tmp_path / "note.md"])
    assert complaint.startswith("note.md:2: names ")


def test_importing_the_engine_is_cheap_beyond_torch():
    """No web, database or Keras package comes along, and nothing of the studio."""
    code = "import sys, lamina; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert not loaded & {
        "lamina_studio",
        "fastapi",
        "sqlalchemy",
        "keras",
        "sklearn",
        "scipy",
        "pandas",
    }


def test_the_catalogue_of_all_layers_needs_none_of_the_packages_that_few_models_do():
    """The studio builds it for the first page: SciPy alone was 65 MB of a server that waits."""
    code = (
        "import sys; from lamina.catalog import catalog; catalog(); "
        "print(*sorted({name.split('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & {"scipy", "sklearn", "keras", "pandas", "h5py", "PIL"}


def test_nothing_moves_endlessly_while_a_model_trains(root: Path):
    """An endless animation keeps the browser drawing at full rate: it took a third of a core from the training."""
    sheets = (root / "frontend" / "src").rglob("*.css")
    endless = {
        sheet.name for sheet in sheets if re.search(r"animation[^;]*infinite", sheet.read_text())
    }
    # The bar of unknown length is shown before training begins only.
    assert endless <= {"ProgressBar.module.css"}


def test_what_pages_know_of_python_is_current(root: Path):
    """`make client` writes it, from the one place where each is stated."""
    written = (root / "frontend" / "src" / "generated.ts").read_text(encoding="utf-8")
    assert written == client.facts()
