"""Saved models: a row for the model, a row for each of its versions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from lamina_studio.database import Base, Json


class ModelRow(Base):
    """A saved model; `version` is the newest one."""

    __tablename__ = "models"
    __table_args__ = (Index(None, "updated_at", "id"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    version: Mapped[int]
    nodes: Mapped[int]
    fingerprint: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class ModelVersionRow(Base):
    """One frozen state of a model's documents."""

    __tablename__ = "model_versions"

    model_id: Mapped[str] = mapped_column(
        ForeignKey("models.id", ondelete="CASCADE"), primary_key=True
    )
    version: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    fingerprint: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime]
    graph: Mapped[dict[str, Any]] = mapped_column(Json)
    training: Mapped[dict[str, Any]] = mapped_column(Json)
