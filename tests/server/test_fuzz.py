"""Whatever is sent, the answer is a declared one: never a 500, never a file of this machine."""

import copy
import json
import sys
import urllib.parse
from pathlib import Path

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

DOCUMENT = json.loads(
    (Path(__file__).parents[2] / "frontend" / "openapi.json").read_text(encoding="utf-8")
)
OPERATIONS = {
    operation["operationId"]: (method, path, operation)
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
}
LEAVES_THIS_MACHINE = {"start_dataset_download"}
TRAVERSALS = [
    "../../../../etc/passwd",
    "..%2f..%2f..%2fetc%2fpasswd",
    "....//....//etc/passwd",
    "/etc/passwd",
    "file:///etc/passwd",
    "C:\\Windows\\win.ini",
    "..\\..\\token",
    "../token",
    "token",
    "lamina.db",
    "studio.lock",
    "%2e%2e%2ftoken",
    "%252e%252e%252ftoken",
    "..%c0%af..%c0%aftoken",
    "token%00.png",
    "\x00",
    "~/.ssh/id_rsa",
    "model.keras/../../token",
    "'; DROP TABLE models;--",
    "{{7*7}}",
    "${jndi:x}",
    "a" * 5000,
]
SECRETS = ("root:x:0", "SQLite format 3")
QUIET = settings(
    deadline=None,
    max_examples=30,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    database=None,
)
TEXT = st.text(max_size=40)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXT
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=15,
)


def headers(server) -> dict[str, str]:
    return {"Authorization": f"Bearer {server.token}"}


@pytest.fixture(scope="module")
def http(server):
    with httpx.Client(base_url=f"http://{server.host}", headers=headers(server)) as client:
        yield client


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(OPERATIONS.keys() - LEAVES_THIS_MACHINE))
def test_every_operation_answers_as_it_declares(server, name):
    method, path, _ = OPERATIONS[name]
    operation = schemathesis.openapi.from_dict(DOCUMENT)[path][method.upper()]

    @QUIET
    @given(case=operation.as_strategy())
    def answers_as_declared(case):
        case.call_and_validate(
            base_url=f"http://{server.host}",
            headers=headers(server),
            checks=[
                not_a_server_error,
                status_code_conformance,
                content_type_conformance,
                response_schema_conformance,
            ],
        )

    answers_as_declared()


def spoiled(document: dict, path: list, value) -> dict:
    """The document with the place that `path` leads to (as far as it goes) replaced."""
    document = copy.deepcopy(document)
    at = document
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return document


def places(value, path=()):
    """Every place in a document."""
    if path:
        yield list(path)
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from places(inner, (*path, index))


@pytest.mark.slow
@pytest.mark.parametrize("address", ["graphs/check", "graphs/code", "models"])
def test_a_document_spoiled_anywhere_is_answered(http, graph, training, address):
    document = {"graph": graph, "training": training}
    everywhere = [place for place in places(document) if len(place) > 1]

    @settings(QUIET, max_examples=150)
    @given(place=st.sampled_from(everywhere), value=JSON)
    def is_answered(place, value):
        body = json.dumps(spoiled(document, place, value)).encode("utf-8", "surrogatepass")
        response = http.post(
            f"/api/v1/{address}", content=body, headers={"content-type": "application/json"}
        )
        assert response.status_code in {200, 201, 422}, (place, value, response.text)

    is_answered()


@pytest.mark.parametrize("name", sorted(OPERATIONS.keys() - LEAVES_THIS_MACHINE))
@pytest.mark.parametrize("traversal", TRAVERSALS)
def test_no_string_parameter_is_a_path(server, http, name, traversal):
    method, path, operation = OPERATIONS[name]
    parameters = operation.get("parameters", [])
    raw = urllib.parse.quote(traversal, safe="")
    for parameter in parameters:
        if parameter["in"] == "path":
            path = path.replace("{" + parameter["name"] + "}", raw)
    query = {each["name"]: traversal for each in parameters if each["in"] == "query"}
    body = {"json": {}} if "requestBody" in operation else {}
    response = http.request(method, path, params=query, **body)
    assert response.status_code < 500
    assert server.token not in response.text
    assert not any(secret in response.text for secret in SECRETS)


def test_no_string_parameter_opens_a_file(server, http):
    """The same, seen from below: the names of all files that the server opens meanwhile."""
    opened = []

    def watch(event, arguments):
        if watching and event == "open" and isinstance(arguments[0], str):
            opened.append(arguments[0])

    watching = True
    sys.addaudithook(watch)
    try:
        for method, path, operation in OPERATIONS.values():
            if "{" in path and "download" not in path:
                for name in ("../token", "..", "passwd", "token"):
                    filled = path
                    for parameter in operation["parameters"]:
                        filled = filled.replace(
                            "{" + parameter["name"] + "}", urllib.parse.quote(name, safe="")
                        )
                    http.request(method, filled)
    finally:
        watching = False
    assert not [name for name in opened if name.endswith(("token", "passwd")) or ".." in name]


@QUIET
@given(code=TEXT)
def test_no_text_is_a_code(server, code):
    response = httpx.get(f"http://{server.host}/auth", params={"code": code})
    assert response.status_code in {401, 422, 429}
