"""Every route × method × origin × host × credentials, through the whole application."""

import asyncio

import pytest
from starlette.exceptions import HTTPException

from lamina_studio.auth import guard as guard_module
from lamina_studio.auth.guard import PUBLIC
from lamina_studio.auth.headers import SECURITY_HEADERS

HOST = "127.0.0.1:8420"
ORIGINS = {
    "own": f"http://{HOST}",
    "own by name": "http://localhost:8420",
    "other": "https://evil.example",
    "other that looks alike": "http://127.0.0.1:8420.evil.example",
    "null": "null",
    "none": None,
    "wrong port": "http://127.0.0.1:9999",
    "wrong scheme": "https://127.0.0.1:8420",
}
OUR_ORIGINS = {"own", "own by name"}
FOREIGN_HOSTS = ["evil.example", "evil.example:8420", "127.0.0.1:9999", "127.0.0.1", ""]
UNSAFE = ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "INVENTED"]
PUBLIC_PATHS = {path for _, path in PUBLIC}


@pytest.fixture
def addresses(app) -> list[str]:
    """Every route of the application, and addresses that are none."""
    filled = {path.replace("{", "").replace("}", "") for path in app.openapi()["paths"]}
    return sorted(
        filled | {"/", "/runs", "/api/v1/openapi.json", "/api/v1/nothing", "/assets/x.js"}
    )


def is_refused(response) -> bool:
    """Whether the guard, and nothing behind it, has answered."""
    return response.status_code in {400, 401, 403} and response.json()["code"] in {
        "unauthenticated",
        "host_not_allowed",
        "foreign_origin",
        "bad_request",
    }


async def test_nothing_but_the_public_list_answers_without_credentials(app, addresses, connect):
    async with connect(origin=ORIGINS["own"]) as stranger:
        for address in addresses:
            for method in ["GET", "HEAD", *UNSAFE]:
                if (method, address) in PUBLIC:
                    continue
                response = await stranger.request(method, address)
                assert response.status_code == 401, (method, address)


def test_the_public_list_is_short():
    assert sorted(PUBLIC_PATHS) == ["/auth", "/healthz", "/readyz"]
    assert {method for method, _ in PUBLIC} <= {"GET", "HEAD"}


@pytest.mark.parametrize(
    "path",
    [
        "//healthz",
        "/healthz/",
        "/HEALTHZ",
        "/healthz/../api/v1/models",
        "/healthz%2f..",
        "/healthz;x",
        "/auth/",
        "/readyz/x",
    ],
)
async def test_nothing_that_resembles_a_public_address_is_public(stranger, path):
    response = await stranger.get(path)
    assert response.status_code == 401


async def test_wrong_credentials_are_none(app, connect):
    wrong = [
        {"authorization": "Bearer wrong"},
        {"authorization": "Bearer "},
        {"authorization": "Basic " + (app.state.settings.home / "token").read_text().strip()},
        {"authorization": (app.state.settings.home / "token").read_text().strip()},
        {"cookie": "lamina_session=browser"},
        {"cookie": "lamina_session=" + app.state.credentials.new_session()[:-1]},
        {"cookie": "other=" + app.state.credentials.new_session()},
        {"cookie": "lamina_session=" + (app.state.settings.home / "token").read_text().strip()},
    ]
    for headers in wrong:
        async with connect(**headers) as client:
            response = await client.get("/api/v1/models")
            assert response.status_code == 401, headers
            assert response.headers["www-authenticate"] == "Bearer"


async def test_a_wrong_token_is_not_rescued_by_a_cookie(connect, cookie):
    async with connect(authorization="Bearer wrong", **cookie) as client:
        assert (await client.get("/api/v1/models")).status_code == 401


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
async def test_no_route_answers_under_a_foreign_host(connect, addresses, token, host):
    async with connect(**token) as client:
        for address in addresses:
            for method in ["GET", "HEAD", "POST"]:
                response = await client.request(method, address, headers={"host": host})
                assert response.status_code == 403, (method, address)


@pytest.mark.parametrize("origin", ORIGINS)
async def test_what_changes_something_comes_from_our_own_page(
    connect, addresses, token, cookie, origin
):
    sent = {} if ORIGINS[origin] is None else {"origin": ORIGINS[origin]}
    for credentials in (token, cookie):
        welcome = origin in OUR_ORIGINS or (origin == "none" and credentials is token)
        async with connect(**credentials, **sent) as client:
            for address in addresses:
                for method in UNSAFE:
                    if "download" in address and welcome:
                        continue  # would start one
                    response = await client.request(method, address)
                    refused = (
                        response.status_code == 403 and response.json()["code"] == "foreign_origin"
                    )
                    assert refused != welcome, (method, address, response.status_code)


@pytest.mark.parametrize("origin", ORIGINS)
async def test_reading_needs_credentials_whatever_the_origin(connect, token, cookie, origin):
    sent = {} if ORIGINS[origin] is None else {"origin": ORIGINS[origin]}
    for credentials, status in ((token, 200), (cookie, 200), ({}, 401)):
        async with connect(**credentials, **sent) as client:
            response = await client.get("/api/v1/models")
            assert response.status_code == status
            assert not [name for name in response.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    ("site", "status"),
    [("same-origin", 200), ("none", 200), ("same-site", 403), ("cross-site", 403), ("x", 403)],
)
async def test_a_page_of_another_port_reads_nothing_with_our_cookie(
    connect, cookie, token, site, status
):
    async with connect(**cookie, **{"sec-fetch-site": site}) as browser:
        assert (await browser.get("/api/v1/models")).status_code == status
        assert (await browser.get("/runs")).status_code in {200, 503}  # a link from elsewhere
    async with connect(**token, **{"sec-fetch-site": site}) as program:
        assert (await program.get("/api/v1/models")).status_code == 200


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "text/json",
        "application",
        "",
    ],
)
async def test_a_body_that_is_not_json_is_refused(client, content_type):
    response = await client.post(
        "/api/v1/models", content=b"{}", headers={"content-type": content_type}
    )
    assert response.status_code == 415
    assert response.json()["code"] == "unsupported_media_type"


async def test_a_compressed_body_is_refused(client):
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    response = await client.post("/api/v1/graphs/check", content=b"\x1f\x8b", headers=headers)
    assert response.status_code == 415
    assert "Content-Encoding" in response.json()["detail"]


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON",
        "application/vnd.lamina+json",
    ],
)
async def test_json_by_any_of_its_names_is_read(client, content_type):
    response = await client.post(
        "/api/v1/models", content=b"{}", headers={"content-type": content_type}
    )
    assert response.status_code == 422


async def test_a_body_over_the_cap_is_refused_by_its_announced_size(settings, client):
    response = await client.post(
        "/api/v1/models",
        content=b"x",
        headers={
            "content-type": "application/json",
            "content-length": str(settings.max_body_bytes + 1),
        },
    )
    assert response.status_code == 413
    assert response.json()["code"] == "body_too_large"


async def test_a_body_over_the_cap_is_refused_while_it_arrives(settings, client):
    async def chunks():
        for _ in range(settings.max_body_bytes // 2**20 + 2):
            yield b" " * 2**20

    response = await client.post(
        "/api/v1/graphs/check", content=chunks(), headers={"content-type": "application/json"}
    )
    assert response.status_code == 413
    assert response.json()["code"] == "body_too_large"


async def test_every_answer_carries_the_security_headers(client, stranger, addresses):
    for sender in (client, stranger):
        for address in addresses:
            response = await sender.get(address)
            for name, value in SECURITY_HEADERS.items():
                assert response.headers[name] == value, (address, name)


def test_the_policy_allows_no_inline_script_and_no_foreign_source():
    policy = SECURITY_HEADERS["content-security-policy"]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == "'self'"
    assert rules["frame-ancestors"] == "'none'"
    assert "http" not in policy
    assert "unsafe-eval" not in policy


async def test_an_unexpected_error_is_guarded_and_tells_nothing(app, client, capsys):
    async def fail():
        raise RuntimeError("/secret/place")

    app.router.add_api_route("/api/v1/broken", fail)
    response = await client.get("/api/v1/broken")
    log = capsys.readouterr().out
    assert log.count("unexpected error") == 1
    assert "RuntimeError" in log
    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.json()["code"] == "internal"
    assert "secret" not in response.text
    assert "Traceback" not in response.text


async def test_a_body_that_never_arrives_is_given_up(monkeypatch):
    """The timeout alone, on the guard's own door: nothing of the application is needed."""
    monkeypatch.setattr(guard_module, "BODY_TIMEOUT_S", 0.01)

    async def never():
        await asyncio.Event().wait()

    guard = guard_module.Guard(None, None, None, default_port=1, max_body_bytes=1)
    with pytest.raises(HTTPException) as caught:
        await guard._limited(never)()
    assert caught.value.status_code == 408


async def test_waiting_for_the_end_of_a_connection_has_no_limit(monkeypatch):
    monkeypatch.setattr(guard_module, "BODY_TIMEOUT_S", 0.01)
    messages = [{"type": "http.request", "body": b"", "more_body": False}]
    closed = asyncio.Event()

    async def receive():
        if messages:
            return messages.pop()
        await closed.wait()
        return {"type": "http.disconnect"}

    limited = guard_module.Guard(None, None, None, default_port=1, max_body_bytes=1)._limited(
        receive
    )
    await limited()
    waiting = asyncio.create_task(limited())
    await asyncio.wait([waiting], timeout=0.05)
    assert not waiting.done()
    closed.set()
    assert await waiting == {"type": "http.disconnect"}
