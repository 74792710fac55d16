"""The guard as hostile programs meet it: bytes on a real socket, http and websocket."""

import pytest
import websockets.sync.client
from websockets.exceptions import ConnectionClosedError, InvalidStatus


def test_a_program_with_the_token_comes_in(server):
    assert (
        server.status(
            "GET", "/api/v1/models", f"Host: {server.host}", f"Authorization: Bearer {server.token}"
        )
        == 200
    )


@pytest.mark.parametrize(
    "hosts",
    [
        [],
        ["Host: evil.example"],
        ["Host: 127.0.0.1"],
        ["Host: 127.0.0.1:1"],
        ["Host: "],
        ["Host: {own}", "Host: evil.example"],
        ["Host: evil.example", "Host: {own}"],
        ["Host: {own}", "Host: {own}"],
        ["Host: evil.example", "X-Forwarded-Host: {own}"],
        ["Host: {own}, evil.example"],
    ],
)
def test_any_other_host_is_turned_away_before_routing(server, hosts):
    sent = [line.format(own=server.host) for line in hosts]
    for path in ("/healthz", "/api/v1/models", "/"):
        status = server.status("GET", path, *sent, f"Authorization: Bearer {server.token}")
        assert status in {400, 403}


def test_an_absolute_request_target_does_not_replace_the_host(server):
    target = f"http://{server.host}/api/v1/models"
    status = server.status(
        "GET", target, "Host: evil.example", f"Authorization: Bearer {server.token}"
    )
    assert status in {400, 403}


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/models/../../healthz",
        "/healthz/../api/v1/models",
        "/%2e%2e/healthz",
        "//healthz",
        "/healthz?x",
        "/healthz%00",
    ],
)
def test_no_spelling_of_a_path_gets_around_the_token(server, path):
    expected = 200 if path == "/healthz?x" else 401
    assert server.status("GET", path, f"Host: {server.host}") == expected


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://{own}", 422),
        (None, 403),
        ("null", 403),
        ("https://evil.example", 403),
        ("http://127.0.0.1:1", 403),
        ("http://{own}.evil.example", 403),
        ("https://{own}", 403),
    ],
)
def test_a_browser_changes_something_only_from_our_page(server, origin, status):
    headers = [f"Host: {server.host}", f"Cookie: {server.cookie}", "Content-Type: application/json"]
    if origin is not None:
        headers.append(f"Origin: {origin.format(own=server.host)}")
    assert server.status("POST", "/api/v1/models", *headers, "Content-Length: 0") == status


def test_two_origins_are_none_of_ours(server):
    own = f"Origin: http://{server.host}"
    headers = [f"Host: {server.host}", f"Cookie: {server.cookie}", own, "Origin: null"]
    assert server.status("POST", "/api/v1/models", *headers, "Content-Length: 0") == 403


def handshake(server, *headers: str, path: str = "/api/v1/live") -> int:
    return server.status(
        "GET",
        path,
        *headers,
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
    )


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "https://evil.example",
        "http://127.0.0.1:1",
        "https://{own}",
        "http://{own}.evil.example",
    ],
)
def test_a_foreign_page_opens_no_websocket(server, origin):
    foreign = f"Origin: {origin.format(own=server.host)}"
    for credentials in (
        f"Cookie: {server.cookie}",
        f"Authorization: Bearer {server.token}",
        "X: y",
    ):
        assert handshake(server, f"Host: {server.host}", foreign, credentials) == 403


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1:1", "127.0.0.1"])
def test_no_websocket_opens_under_a_foreign_host(server, host):
    status = handshake(
        server, f"Host: {host}", f"Origin: http://{host}", f"Cookie: {server.cookie}"
    )
    assert status == 403


def test_a_websocket_without_origin_needs_the_token(server):
    assert handshake(server, f"Host: {server.host}") == 401
    assert handshake(server, f"Host: {server.host}", f"Cookie: {server.cookie}") == 403
    assert handshake(server, f"Host: {server.host}", "Authorization: Bearer wrong") == 401


@pytest.mark.parametrize("subprotocols", [None, ["lamina.v1"]])
def test_our_page_without_a_session_is_told_by_a_close_code(server, subprotocols):
    with websockets.sync.client.connect(
        f"ws://{server.host}/api/v1/live",
        origin=f"http://{server.host}",
        subprotocols=subprotocols,
        proxy=None,
    ) as connection:
        with pytest.raises(ConnectionClosedError) as closed:
            connection.recv(timeout=5)
        assert closed.value.rcvd.code == 4501


def test_a_websocket_at_no_route_is_refused(server):
    with pytest.raises(InvalidStatus):
        websockets.sync.client.connect(
            f"ws://{server.host}/api/v1/nothing",
            additional_headers={"Authorization": f"Bearer {server.token}"},
            proxy=None,
        )


@pytest.mark.parametrize(
    "rubbish",
    [
        b"\x00\xff\xfe",
        b"GET",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\r\n\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: {own}\r\n\r\n",
        b"POST /api/v1/models HTTP/1.1\r\nHost: {own}\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: {own}\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0",
        b"GET / HTTP/1.1\r\nHost: {own}\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
    ],
)
def test_rubbish_does_not_disturb_the_server(server, rubbish):
    answer = server.send(rubbish.replace(b"{own}", server.host.encode()))
    assert b" 200 " not in answer.split(b"\r\n")[0]
    assert b" 500 " not in answer.split(b"\r\n")[0]
    assert server.status("GET", "/healthz", f"Host: {server.host}") == 200
