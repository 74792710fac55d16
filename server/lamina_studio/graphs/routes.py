"""`POST /graphs/check` and `POST /graphs/code`."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from lamina_studio.errors import InvalidDocument, NotSupported
from lamina_studio.graphs.schemas import CheckIn, CheckOut, CodeIn, CodeOut
from lamina_studio.graphs.service import check_documents, write_code
from lamina_studio.language import RequestLanguage
from lamina_studio.problem_details import problems

router = APIRouter(prefix="/graphs", tags=["graphs"])


@router.post("/check", response_model=CheckOut)
def check_graph(documents: CheckIn, language: RequestLanguage) -> dict[str, Any]:
    """Problems, shapes and costs of a graph, and of a training document with it.

    The answer is 200 whatever is wrong with the documents.
    """
    return check_documents(documents.graph, documents.training, language)


@router.post("/code", responses=problems(InvalidDocument, NotSupported))
def write_graph_code(wanted: CodeIn) -> CodeOut:
    """The graph as Python source."""
    return CodeOut(style=wanted.style, source=write_code(wanted.graph, wanted.style))
