"""The starter graphs: one JSON file each in `starters/`, in the order of their file names."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

from lamina_studio.templates.schemas import Template


@cache
def list_templates() -> tuple[Template, ...]:
    """Every template; the first is what a new visitor sees on the canvas."""
    starters = files("lamina_studio.templates") / "starters"
    found = sorted(
        (file for file in starters.iterdir() if file.name.endswith(".json")),
        key=lambda file: file.name,
    )
    return tuple(
        Template.model_validate(json.loads(file.read_text(encoding="utf-8"))) for file in found
    )
