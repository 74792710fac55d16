"""Queries on saved models."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, Result, delete, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from lamina_studio.models.tables import ModelRow, ModelVersionRow


class ModelRepository:
    """Reads and writes the rows of saved models in one transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, model_id: str) -> ModelRow | None:
        return await self._session.get(ModelRow, model_id)

    async def get_version(self, model_id: str, version: int) -> ModelVersionRow | None:
        return await self._session.get(ModelVersionRow, (model_id, version))

    async def add(self, model: ModelRow, version: ModelVersionRow) -> None:
        self._session.add(model)
        await self._session.flush()
        self._session.add(version)
        await self._session.flush()

    async def advance(
        self, model_id: str, expected: int, version: ModelVersionRow, nodes: int
    ) -> bool:
        """Move a model from version `expected` to the next; False if it is not there any more."""
        moved = await self._session.execute(
            update(ModelRow)
            .where(ModelRow.id == model_id, ModelRow.version == expected)
            .values(
                version=version.version,
                name=version.name,
                nodes=nodes,
                fingerprint=version.fingerprint,
                updated_at=version.created_at,
            )
            .execution_options(synchronize_session=False)
        )
        if _rows(moved) == 0:
            return False
        self._session.add(version)
        await self._session.flush()
        return True

    async def remove(self, model_id: str) -> bool:
        """Whether there was such a model."""
        removed = await self._session.execute(delete(ModelRow).where(ModelRow.id == model_id))
        return _rows(removed) > 0

    async def newest(
        self, limit: int, after: tuple[datetime, str] | None = None
    ) -> Sequence[ModelRow]:
        """Models by their last change, newest first."""
        query = select(ModelRow).order_by(ModelRow.updated_at.desc(), ModelRow.id.desc())
        if after is not None:
            query = query.where(tuple_(ModelRow.updated_at, ModelRow.id) < tuple_(*after))
        return (await self._session.scalars(query.limit(limit))).all()

    async def versions(
        self, model_id: str, limit: int, before: int | None = None
    ) -> Sequence[ModelVersionRow]:
        """Versions of a model, newest first, without their documents."""
        query = (
            select(ModelVersionRow)
            .where(ModelVersionRow.model_id == model_id)
            .order_by(ModelVersionRow.version.desc())
            .options(defer(ModelVersionRow.graph), defer(ModelVersionRow.training))
        )
        if before is not None:
            query = query.where(ModelVersionRow.version < before)
        return (await self._session.scalars(query.limit(limit))).all()


def _rows(result: Result[Any]) -> int:
    """How many rows a statement touched."""
    assert isinstance(result, CursorResult), "a statement that writes"
    return result.rowcount
