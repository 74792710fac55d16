import json
from pathlib import Path

import pytest

DOCUMENT = Path(__file__).parents[2] / "frontend" / "openapi.json"
METHODS = {"get", "put", "post", "delete", "patch"}


@pytest.fixture
def document(app):
    return app.openapi()


def operations(document):
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in METHODS:
                yield path, method, operation


def test_the_committed_document_is_current(document):
    assert json.loads(DOCUMENT.read_text(encoding="utf-8")) == document, "run: make client"


def test_operations_have_readable_unique_names(document):
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(names) == len(set(names))
    assert all(name.isidentifier() and name.islower() for name in names)
    assert "check_graph" in names


def test_every_answer_with_a_body_has_a_type(document):
    for path, method, operation in operations(document):
        for status, response in operation["responses"].items():
            for kind, content in response.get("content", {}).items():
                if kind == "application/json":
                    assert content["schema"], (path, method, status)


def test_every_refusal_is_a_problem_document(document):
    for path, method, operation in operations(document):
        refusals = {s: r for s, r in operation["responses"].items() if s.startswith(("4", "5"))}
        assert {"400", "401", "403"} <= set(refusals), (path, method)
        for status, response in refusals.items():
            schema = response["content"]["application/problem+json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/ProblemDetails"}, (path, method, status)


def test_every_reference_leads_somewhere(document):
    schemas = document["components"]["schemas"]
    text = json.dumps(document)
    for part in text.split('"$ref": "#/components/schemas/')[1:]:
        assert part.split('"')[0] in schemas


def test_every_operation_says_what_it_does(document):
    for path, method, operation in operations(document):
        assert operation["description"], (path, method)


async def test_the_document_needs_credentials(client, stranger):
    assert (await stranger.get("/api/v1/openapi.json")).status_code == 401
    assert (await client.get("/api/v1/openapi.json")).status_code == 200
