"""Templates on the wire."""

from __future__ import annotations

from lamina_studio.schemas import JsonObject, LocalText, Page, WireModel


class Template(WireModel):
    """A graph to start from, and how to train it."""

    id: str
    title: LocalText
    summary: LocalText
    graph: JsonObject
    training: JsonObject


class TemplatePage(Page[Template]):
    """The templates."""
