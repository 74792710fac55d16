"""Imports of `keras` that end in lamina.

A test of Keras says `from keras.src import layers`. With the finder in place the name `keras.src.layers` is a module
whose names are those of `lamina.layers`. Only the test files themselves, and the harness they are written for, are
read from the installed Keras; its code is never imported.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
import types
from collections.abc import Sequence
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from tests.engine.keras_suite import names

WHEEL = Path(str(distribution("keras").locate_file("keras"))).resolve()
"""Where the installed Keras lies."""
OWN_FILES = (
    "keras.src.testing",
    "keras.src.testing.test_case",
    "keras.src.testing.test_utils",
    "keras.src.backend.common.backend_utils",
)
"""Modules that are read from the wheel beside the tests: their harness, and the arithmetic of shapes they compare with."""
OTHERS = ("grain", "jax", "tensorflow")
"""Libraries that tests name in their first lines and mostly do not need; they are not installed."""


ASKED_BY_PYTEST = {
    "load_tests", "pytest_plugins", "pytestmark", "setUpModule", "setup_function", "setup_module", "tearDownModule",
    "teardown_function", "teardown_module",
}  # fmt: skip


class Forward(types.ModuleType):
    """A module of Keras whose names are found in lamina when they are asked for."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name in ASKED_BY_PYTEST:
            raise AttributeError(name)
        if _file_of(f"{self.__name__}.{name}") is not None:
            return importlib.import_module(f"{self.__name__}.{name}")
        return names.find(self.__name__, name)


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds everything below `keras`."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: Any = None
    ) -> importlib.machinery.ModuleSpec | None:
        top = fullname.partition(".")[0]
        if top in OTHERS and _importer().startswith("keras."):
            return importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        if top != "keras":
            return None
        file = _file_of(fullname)
        if file is None:
            return None
        if fullname in OWN_FILES or fullname.endswith("_test"):
            return importlib.util.spec_from_file_location(
                fullname,
                file,
                submodule_search_locations=[] if file.name == "__init__.py" else None,
            )
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return Forward(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        """There is nothing to run: names are found one by one."""


def _importer() -> str:
    """The module whose import is being served."""
    frame = sys._getframe(1)
    while frame.f_back and frame.f_globals["__name__"].startswith(("importlib", __name__)):
        frame = frame.f_back
    return str(frame.f_globals["__name__"])


def _file_of(module: str) -> Path | None:
    """The file of a module in the wheel."""
    parts = module.split(".")[1:]
    if module.partition(".")[0] != "keras":
        return None
    at = WHEEL.joinpath(*parts)
    for file in (at.with_name(f"{at.name}.py"), at / "__init__.py"):
        if parts and file.is_file():
            return file
    return WHEEL / "__init__.py" if not parts else None


def install() -> None:
    """Let lamina stand for Keras in this process."""
    loaded = [name for name in sys.modules if name == "keras" or name.startswith("keras.")]
    assert not loaded, "the real Keras is loaded already"
    sys.meta_path.insert(0, Finder())
