"""The wheel's build hook: what is installed carries the built browser application.

Hatchling asks for `dependencies` first, so Node comes along as a wheel only where the machine has
no usable one and there is something to build.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


def _web() -> ModuleType:
    """`scripts/web.py`, loaded by its path: the build runs with nothing of ours importable."""
    spec = importlib.util.spec_from_file_location(
        "lamina_build_web", Path(__file__).parent / "scripts" / "web.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


class WebBuildHook(BuildHookInterface[Any]):
    """Build the pages before the wheel, or the editable install, is put together."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        web = _web()
        if web.is_skipped() or web.is_current() or web.find_node() is not None:
            return []
        return [web.NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        web = _web()
        if not web.is_skipped():
            web.build()
