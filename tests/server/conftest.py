"""An application with a home and a database of its own, and clients that may or may not come in."""

import asyncio
import contextlib
import functools
import os
import secrets
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
import uvicorn

import lamina.checking  # noqa: F401 - loaded here, so that no test meets it half loaded
from lamina_studio.auth.credentials import access_token
from lamina_studio.main import create_app
from lamina_studio.serving import bind, server_config
from lamina_studio.settings import Settings
from tests.support.documents import small_graph, small_training

HOST = "127.0.0.1:8420"
ORIGIN = f"http://{HOST}"
POSTGRES = os.environ.get("TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")


@contextlib.contextmanager
def open_postgres() -> Iterator[str]:
    """The address of an empty PostgreSQL database; skips where no server is reachable."""
    try:
        server = psycopg.connect(POSTGRES, autocommit=True, connect_timeout=2)
    except psycopg.OperationalError as error:
        pytest.skip(f"no PostgreSQL at {POSTGRES}: {error}")
    name = f"lamina_test_{secrets.token_hex(6)}"
    with server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            yield POSTGRES.rpartition("/")[0] + "/" + name
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def fresh_postgres() -> Iterator[str]:
    """The address of an empty PostgreSQL database."""
    with open_postgres() as address:
        yield address


@pytest.fixture
def settings(own_home: Path) -> Settings:
    return Settings(home=own_home, port=8420)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def settings_on_each_database(request, own_home: Path) -> Iterator[Settings]:
    if request.param == "sqlite":
        yield Settings(home=own_home, port=8420)
        return
    with open_postgres() as address:
        yield Settings(home=own_home, port=8420, database_url=address)


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator:
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
def connect(app) -> Callable[..., httpx.AsyncClient]:
    """Make a client that speaks to the application without a socket, with these headers."""
    return functools.partial(connect_to, app)


@pytest.fixture
def token(app) -> dict[str, str]:
    """What a program sends to come in."""
    return token_of(app)


@pytest.fixture
def cookie(app) -> dict[str, str]:
    """What a signed-in browser sends on its own."""
    return {"cookie": f"lamina_session={app.state.credentials.new_session()}"}


@pytest.fixture
async def client(connect, token) -> AsyncIterator[httpx.AsyncClient]:
    """A program with the token."""
    async with connect(**token) as client:
        yield client


@pytest.fixture
async def stranger(connect) -> AsyncIterator[httpx.AsyncClient]:
    """Someone without credentials."""
    async with connect() as client:
        yield client


@contextlib.asynccontextmanager
async def _open_studio(settings: Settings) -> AsyncIterator[tuple]:
    app = create_app(settings)
    async with app.router.lifespan_context(app), connect_to(app, **token_of(app)) as client:
        yield app, client


@pytest.fixture
def open_studio() -> Callable:
    """Open an application with settings of the test's own, and a program's client of it."""
    return _open_studio


@pytest.fixture
async def client_on_each_database(settings_on_each_database) -> AsyncIterator[httpx.AsyncClient]:
    async with _open_studio(settings_on_each_database) as (_, client):
        yield client


def connect_to(app, **headers: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers=headers)


def token_of(app) -> dict[str, str]:
    token = (app.state.settings.home / "token").read_text().strip()
    return {"authorization": f"Bearer {token}"}


class Server:
    """The application behind uvicorn as `lamina studio` runs it."""

    def __init__(self, home):
        settings = Settings(home=home)
        self.app = create_app(settings)
        self.token = access_token(settings)
        self.cookie = f"lamina_session={self.app.state.credentials.new_session()}"
        self.listener = bind("127.0.0.1", 0)
        self.port = self.listener.getsockname()[1]
        self.host = f"127.0.0.1:{self.port}"
        self._uvicorn = uvicorn.Server(server_config(self.app))
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._uvicorn._serve([self.listener]))
        )

    def __enter__(self):
        self._thread.start()
        while not self._uvicorn.started:
            assert self._thread.is_alive()
            time.sleep(0.01)
        return self

    def __exit__(self, *_):
        self._uvicorn.should_exit = True
        self._thread.join()
        self.listener.close()

    def send(self, request: bytes) -> bytes:
        """The answer to raw bytes, until the server closes or says no more."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall(request)
            answer = b""
            with contextlib.suppress(TimeoutError, ConnectionResetError):
                connection.settimeout(1)
                while chunk := connection.recv(65536):
                    answer += chunk
                    if b"\r\n\r\n" in answer:
                        break
            return answer

    def status(self, method: str, path: str, *headers: str) -> int:
        if not any(header.startswith("Connection:") for header in headers):
            headers = (*headers, "Connection: close")
        lines = [f"{method} {path} HTTP/1.1", *headers, "", ""]
        return int(self.send("\r\n".join(lines).encode("latin-1")).split(b" ", 2)[1])


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Server]:
    """The application on a real socket, for the tests of a module."""
    with Server(tmp_path_factory.mktemp("server") / "home") as server:
        yield server


@pytest.fixture
def graph() -> dict:
    """A small classifier for `digits`, without any problem."""
    return small_graph()


@pytest.fixture
def training() -> dict:
    """How to train `graph`."""
    return small_training()
