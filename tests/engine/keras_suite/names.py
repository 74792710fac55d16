"""Where the names of Keras' modules are found in lamina.

The public ones are where Keras has them, `keras.layers.Dense` in `lamina.layers`; a module deep inside Keras stands
for its part of the library. What tests take from Keras' inside stands in `stand_ins`.
"""

from __future__ import annotations

import importlib
from typing import Any

from tests.engine.keras_suite import stand_ins

PLACES: dict[str, tuple[str, ...]] = {
    "": ("lamina",),
    "backend": ("lamina.backend", "lamina.config", "lamina.ops", "lamina"),
    "backend.random": ("lamina.random",),
    "backend.numpy": ("lamina.ops",),
    "backend.config": ("lamina.config",),
    "dtype_policies": ("lamina.dtype_policies",),
    "layers": ("lamina.layers", "lamina"),
    "models": ("lamina.models", "lamina"),
    "optimizers": ("lamina.optimizers", "lamina.optimizers.schedules"),
    "random": ("lamina.random",),
    "ops": ("lamina.ops", "lamina"),
    "saving": ("lamina.saving",),
    "trainers": ("lamina.utils",),
    "utils": ("lamina.utils", "lamina.saving"),
}
"""Public modules of lamina for a part of Keras; `lamina.<part>` where none is named."""


class MissingError(Exception):
    """A test used something of Keras that lamina lacks."""


class Missing:
    """Stands for a name that lamina lacks, so that only the tests which use it fail, not all of their file."""

    def __init__(self, name: str) -> None:
        self.__dict__["name"] = name

    def _fail(self, *_args: Any, **_kwargs: Any) -> Any:
        raise MissingError(self.__dict__["name"])

    __call__ = __getattr__ = __enter__ = __iter__ = __mro_entries__ = __setattr__ = _fail

    def __exit__(self, *_args: object) -> None:
        """Never reached."""


def find(module: str, name: str) -> Any:
    """What `module.name` of Keras is here; a `Missing` where there is no such thing."""
    if not module.startswith("keras"):
        return Missing(f"{module}.{name}")
    inside = module.removeprefix("keras").removeprefix(".").removeprefix("src").removeprefix(".")
    if f"{inside}.{name}" in stand_ins.NAMES:
        return stand_ins.NAMES[f"{inside}.{name}"]
    parts = inside.split(".")
    for depth in range(len(parts), 0, -1):
        at = ".".join(parts[:depth])
        if f"{at}.{name}" in stand_ins.NAMES:
            return stand_ins.NAMES[f"{at}.{name}"]
    for depth in range(len(parts), 0, -1):
        at = ".".join(parts[:depth])
        found = PLACES.get(at, () if depth > 1 else (f"lamina.{at}",))
        for place in found:
            try:
                return getattr(importlib.import_module(place), name)
            except (AttributeError, ImportError):
                continue
    return Missing(f"{module}.{name}")
