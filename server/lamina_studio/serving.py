"""Running the server: its socket, its process, and telling where it is."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import threading
import webbrowser
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.supervisors import ChangeReload

from lamina_studio.auth.codes import OneTimeCodes
from lamina_studio.auth.credentials import access_token
from lamina_studio.errors import ConfigurationError
from lamina_studio.home_lock import locked_home, refuse_second
from lamina_studio.invocation import to_type
from lamina_studio.logs import configure_logging
from lamina_studio.main import create_app
from lamina_studio.migrate import prepare_database
from lamina_studio.settings import Settings

BACKLOG = 2048
LARGEST_FRAME_BYTES = 256 * 1024
SHUTDOWN_S = 3
"""A client that never reads must not keep the server from ending."""

Announce = Callable[[str], None]


def serve(settings: Settings, *, announce: Announce, open_browser: bool, reload: bool) -> None:
    """Serve until a signal ends it.

    Args:
        announce: Called once, with the address that signs a browser in, when it answers.
        open_browser: Open that address, too.
        reload: Restart the server process when a source file changes.

    Raises:
        ConfigurationError: If it cannot start; the message is for the terminal.
    """
    os.umask(0o077)  # what the studio and its children write is for this user alone
    settings.require_safe_address()
    settings.prepare_home()
    refuse_second(settings.home)
    with ExitStack() as stack:
        listener = stack.enter_context(bind(settings.host, settings.port))
        settings = settings.model_copy(update={"port": listener.getsockname()[1]})
        address = public_address(settings)
        stack.enter_context(locked_home(settings.home, address))
        asyncio.run(prepare_database(settings.database_address))

        def ready() -> None:
            announce(OneTimeCodes(settings.home).address(address))
            if open_browser:
                _open_later(OneTimeCodes(settings.home).address(address))

        with suppress(KeyboardInterrupt):
            if reload:
                _serve_reloading(settings, listener, ready)
            else:
                _serve(settings, listener, ready)


def bind(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        ConfigurationError: If the address is taken, forbidden or not of this machine.
    """
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise ConfigurationError(f"{host} is not an address of this machine ({error}).") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(place)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise ConfigurationError(_why_not(error, host, port)) from error
    return listener


def _why_not(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} on {host} is in use by another program. Stop it, "
            f"or choose another port: {to_type('studio', '--port', str(port % 65535 + 1))}"
        )
    if error.errno == errno.EACCES:
        return f"Port {port} needs more rights than this user has. Choose one above 1023."
    return f"The studio cannot listen on {host} port {port} ({error.strerror or error})."


def public_address(settings: Settings) -> str:
    """The address that a browser can use, as good as it is known here."""
    host = settings.host
    if settings.listens_beyond_this_machine and settings.allowed_hosts:
        host = settings.allowed_hosts[0]
    elif ":" in host:
        host = f"[{host}]"
    has_port = ":" in host.rpartition("]")[2]
    return f"http://{host}" if has_port else f"http://{host}:{settings.port}"


def create_app_from_environment() -> Any:
    """The application of the process that `--reload` starts anew."""
    settings = Settings()
    _configure_logging(settings)
    return create_app(settings)


def _serve(settings: Settings, listener: socket.socket, ready: Callable[[], None]) -> None:
    _configure_logging(settings)
    app = create_app(settings)

    def say_goodbye() -> None:
        app.state.live.close()  # before the sockets go, so that viewers know to come back

    _Server(server_config(app), ready, say_goodbye).run(sockets=[listener])


def _serve_reloading(
    settings: Settings, listener: socket.socket, ready: Callable[[], None]
) -> None:
    _configure_logging(settings)
    source = Path(__file__).resolve().parents[2]
    config = server_config(
        f"{__name__}:{create_app_from_environment.__name__}",
        factory=True,
        reload=True,
        reload_dirs=[
            str(folder) for folder in (source, source.parent / "engine") if folder.is_dir()
        ],
    )
    ready()
    ChangeReload(config, target=uvicorn.Server(config).run, sockets=[listener]).run()


class _Server(uvicorn.Server):
    """Tells when it answers, and when it is about to end."""

    def __init__(
        self, config: uvicorn.Config, ready: Callable[[], None], closing: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._ready = ready
        self._closing = closing

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._closing()
        await super().shutdown(sockets)


def server_config(app: Any, **more: Any) -> uvicorn.Config:
    """How uvicorn serves the application: hardened, quiet, and never in the way of its end."""
    return uvicorn.Config(
        app,
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        ws_max_size=LARGEST_FRAME_BYTES,
        timeout_graceful_shutdown=SHUTDOWN_S,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        **more,
    )


def _configure_logging(settings: Settings) -> None:
    secrets = (access_token(settings),)
    configure_logging(settings.log_level, settings.log_format, secrets)


def _open_later(address: str) -> None:
    """Open the browser beside the server: some browsers only return when they are closed."""
    threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
