"""Run by Alembic: which tables there are, and on which connection."""

from typing import Any, Literal

from alembic import context

from lamina_studio.database import Base, UtcDateTime
from lamina_studio.models import tables as _models  # noqa: F401
from lamina_studio.runs import tables as _runs  # noqa: F401


def _render(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    render_item=_render,
    compare_type=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
