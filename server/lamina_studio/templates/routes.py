"""`GET /templates`."""

from __future__ import annotations

from fastapi import APIRouter

from lamina_studio.templates.schemas import TemplatePage
from lamina_studio.templates.service import list_templates

router = APIRouter(tags=["templates"])


@router.get("/templates", operation_id="list_templates")
def get_templates() -> TemplatePage:
    """Starter graphs with their training documents; the first is the digit classifier."""
    return TemplatePage(items=list(list_templates()))
