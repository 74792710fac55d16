import json
import logging

import pytest
import structlog

from lamina_studio.logs import REDACTED, Redaction, configure_logging


@pytest.fixture(autouse=True)
def restored_logging():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer abc123secret",
        "GET /auth?code=abc123secret HTTP/1.1",
        "/x?a=1&token=abc123secret",
        "Cookie: lamina_session=abc123secret; other=1",
        "postgresql+psycopg://user:abc123secret@host/db",
        "the token is T0KEN-abc123secret.",
    ],
)
def test_a_secret_is_hidden_wherever_it_stands(text):
    cleaned = Redaction(("T0KEN-abc123secret",)).clean(text)
    assert "abc123secret" not in cleaned
    assert REDACTED in cleaned


def test_a_secret_is_hidden_by_its_name():
    line = Redaction()(None, "info", {"event": "x", "Authorization": "a", "code": 7, "path": "/"})
    assert line == {"event": "x", "Authorization": REDACTED, "code": REDACTED, "path": "/"}


def test_lines_of_every_library_go_through_the_redaction(capsys):
    configure_logging("info", "json", ("sEcReT",))
    logging.getLogger("some.library").warning("token %s", "sEcReT")
    structlog.get_logger("ours").info("event", url="/auth?code=sEcReT2")
    try:
        raise RuntimeError("with sEcReT inside")
    except RuntimeError:
        logging.getLogger("uvicorn.error").exception("failed")
    lines = capsys.readouterr().err.strip().splitlines()
    assert "sEcReT" not in "".join(lines)
    events = [json.loads(line) for line in lines]
    assert events[0]["event"] == f"token {REDACTED}"
    assert events[1]["url"] == f"/auth?code={REDACTED}"
    assert "RuntimeError" in events[2]["exception"]


def test_a_line_break_in_what_is_logged_makes_no_line_of_its_own(capsys):
    configure_logging("info", "json")
    structlog.get_logger("ours").info("request", path="/a\n2026 [error] forged")
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_lines_below_the_level_are_left_out(capsys):
    configure_logging("warning", "console")
    structlog.get_logger("ours").info("quiet")
    structlog.get_logger("ours").warning("loud")
    written = capsys.readouterr().err
    assert "quiet" not in written
    assert "loud" in written


async def test_a_request_is_logged_without_its_query(client, capsys):
    configure_logging("debug", "json")
    await client.get("/api/v1/nothing?code=abc123secret")
    written = capsys.readouterr().err
    assert "/api/v1/nothing" in written
    assert "abc123secret" not in written
