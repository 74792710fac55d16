"""Saved models on the wire."""

from __future__ import annotations

from pydantic import BaseModel

from lamina_studio.schemas import JsonObject, Label, Page, Time, WireModel


class ModelIn(BaseModel):
    """A model to save."""

    name: Label | None = None
    graph: JsonObject
    training: JsonObject


class ModelSummary(WireModel):
    """A saved model in a list."""

    id: str
    name: str
    version: int
    nodes: int
    fingerprint: str | None
    created_at: Time
    updated_at: Time


class Model(WireModel):
    """One version of a saved model."""

    id: str
    name: str
    version: int
    fingerprint: str | None
    graph: JsonObject
    training: JsonObject
    created_at: Time
    updated_at: Time


class ModelVersion(WireModel):
    """That a version exists, without its documents."""

    version: int
    name: str
    fingerprint: str | None
    created_at: Time


class ModelSummaryPage(Page[ModelSummary]):
    """A part of the saved models."""


class ModelVersionPage(Page[ModelVersion]):
    """A part of a model's versions."""
