"""The rules of saved models: what may be saved, and how a version follows another."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from lamina.text import Text
from lamina_studio.database import utc_now
from lamina_studio.graphs.service import ParsedGraph, parse_graph, parse_training
from lamina_studio.ids import new_id
from lamina_studio.models.errors import ModelChanged, ModelNotFound
from lamina_studio.models.repository import ModelRepository
from lamina_studio.models.tables import ModelRow, ModelVersionRow

UNTITLED = Text("Untitled", "未命名")


@dataclass(frozen=True)
class SavedModel:
    """One version of a model with its documents."""

    id: str
    name: str
    version: int
    fingerprint: str | None
    graph: dict[str, Any]
    training: dict[str, Any]
    created_at: datetime
    updated_at: datetime


class ModelService:
    """Saves and finds models within one transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._models = ModelRepository(session)

    async def create(
        self, graph: dict[str, Any], training: dict[str, Any], name: str | None = None
    ) -> SavedModel:
        """Save a new model.

        Raises:
            InvalidDocument: If a document does not parse; nothing is saved then.
        """
        parsed, training = await asyncio.to_thread(_parse, graph, training)
        now = utc_now()
        model = ModelRow(
            id=new_id("m"),
            name=_name(name, parsed),
            version=1,
            nodes=parsed.nodes,
            fingerprint=parsed.fingerprint,
            created_at=now,
            updated_at=now,
        )
        version = _version(model.id, 1, model.name, parsed, training, now)
        await self._models.add(model, version)
        return _saved(model, version)

    async def replace(
        self,
        model_id: str,
        expected: int | None,
        graph: dict[str, Any],
        training: dict[str, Any],
        name: str | None = None,
    ) -> SavedModel:
        """Save the next version of a model; saving what is there already makes none.

        Args:
            expected: The version that the caller has seen; None replaces whatever is there.

        Raises:
            InvalidDocument: If a document does not parse.
            ModelNotFound: If there is no such model.
            ModelChanged: If the model is at another version.
        """
        parsed, training = await asyncio.to_thread(_parse, graph, training)
        model = await self._find(model_id)
        if expected is not None and model.version != expected:
            raise ModelChanged(model_id, model.version)
        current = await self._models.get_version(model_id, model.version)
        assert current is not None, "a model's newest version is always there"
        new_name = model.name if name is None else _name(name, parsed)
        if (current.graph, current.training, current.name) == (parsed.document, training, new_name):
            return _saved(model, current)
        version = _version(model_id, model.version + 1, new_name, parsed, training, utc_now())
        if not await self._models.advance(model_id, model.version, version, parsed.nodes):
            raise ModelChanged(model_id, model.version + 1)
        return _saved(model, version)

    async def get(self, model_id: str, version: int | None = None) -> SavedModel:
        """A model at its newest version, or at the one asked for.

        Raises:
            ModelNotFound: If there is no such model or version.
        """
        model = await self._find(model_id)
        row = await self._models.get_version(model_id, version or model.version)
        if row is None:
            raise ModelNotFound(model_id, version)
        return _saved(model, row)

    async def newest(
        self, limit: int, after: tuple[datetime, str] | None = None
    ) -> Sequence[ModelRow]:
        """Models by their last change, newest first."""
        return await self._models.newest(limit, after)

    async def versions(
        self, model_id: str, limit: int, before: int | None = None
    ) -> Sequence[ModelVersionRow]:
        """Versions of a model, newest first.

        Raises:
            ModelNotFound: If there is no such model.
        """
        await self._find(model_id)
        return await self._models.versions(model_id, limit, before)

    async def delete(self, model_id: str) -> None:
        """Remove a model with all its versions. Runs keep their own copies.

        Raises:
            ModelNotFound: If there is no such model.
        """
        if not await self._models.remove(model_id):
            raise ModelNotFound(model_id)

    async def _find(self, model_id: str) -> ModelRow:
        model = await self._models.get(model_id)
        if model is None:
            raise ModelNotFound(model_id)
        return model


def _parse(graph: dict[str, Any], training: dict[str, Any]) -> tuple[ParsedGraph, dict[str, Any]]:
    return parse_graph(graph), parse_training(training)


def _name(name: str | None, graph: ParsedGraph) -> str:
    chosen = (name if name is not None else graph.name).strip()
    return chosen[:200] or str(UNTITLED)


def _version(
    model_id: str,
    number: int,
    name: str,
    graph: ParsedGraph,
    training: dict[str, Any],
    moment: datetime,
) -> ModelVersionRow:
    return ModelVersionRow(
        model_id=model_id,
        version=number,
        name=name,
        fingerprint=graph.fingerprint,
        created_at=moment,
        graph=graph.document,
        training=training,
    )


def _saved(model: ModelRow, version: ModelVersionRow) -> SavedModel:
    return SavedModel(
        id=model.id,
        name=version.name,
        version=version.version,
        fingerprint=version.fingerprint,
        graph=version.graph,
        training=version.training,
        created_at=model.created_at,
        updated_at=version.created_at,
    )
