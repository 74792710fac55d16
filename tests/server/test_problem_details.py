import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from lamina_studio import errors
from lamina_studio.database import SQLITE_PRAGMAS
from lamina_studio.errors import StudioError
from lamina_studio.paging import BadCursor, decode_cursor, encode_cursor
from lamina_studio.problem_details import problems


async def test_an_address_that_is_nothing_is_a_problem(client):
    response = await client.get("/api/v1/nothing")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json() == {
        "type": "urn:lamina:problem:not_found",
        "title": "Not Found",
        "status": 404,
        "detail": "There is nothing at this address.",
        "code": "not_found",
    }


async def test_a_method_that_is_not_taken_is_a_problem_that_names_those_that_are(client):
    response = await client.get("/api/v1/graphs/check")
    assert response.status_code == 405
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["allow"] == "POST"


async def test_a_request_of_the_wrong_form_says_where(client):
    response = await client.get("/api/v1/models?limit=x", headers={"accept-language": "zh"})
    body = response.json()
    assert response.status_code == 422
    assert body["code"] == "invalid_request"
    assert body["errors"][0]["location"] == ["query", "limit"]
    assert "请求不符合要求的格式" in body["detail"]


async def test_a_locked_database_is_said_and_changes_nothing(
    settings, monkeypatch, open_studio, graph, training
):
    monkeypatch.setitem(SQLITE_PRAGMAS, "busy_timeout", "20")
    async with open_studio(settings) as (app, client):
        async with app.state.database.transaction() as other:
            await other.execute(text("DELETE FROM models"))
            response = await client.post(
                "/api/v1/models", json={"graph": graph, "training": training}
            )
        assert response.status_code == 503
        assert response.json()["code"] == "database_unavailable"
        assert response.headers["retry-after"] == "5"
        assert (await client.get("/api/v1/models")).json()["items"] == []


@pytest.mark.parametrize("error", StudioError.__subclasses__() + errors.Refused.__subclasses__())
def test_every_error_has_a_code_and_a_title_in_both_languages(error):
    assert error.code.isidentifier()
    assert error.title.en.isascii()
    assert not error.title.zh.isascii()


def test_errors_of_one_status_are_declared_together():
    declared = problems(errors.NotFound, errors.Conflict, errors.NotFound)
    assert list(declared) == [404, 409]
    assert "application/problem+json" in declared[404]["content"]


@given(st.text(max_size=60), st.integers(-(2**62), 2**62))
def test_a_cursor_keeps_its_keys(name, number):
    assert decode_cursor(encode_cursor(name, number), str, int) == (name, number)


@given(st.text(max_size=80))
def test_no_invented_cursor_is_an_accident(text):
    with pytest.raises(BadCursor):
        decode_cursor(text, str, int, str, int)
