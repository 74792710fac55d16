"""What the `lamina` command can do. Each command only reads its options and hands on."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console

from lamina_studio import __version__
from lamina_studio.errors import ConfigurationError
from lamina_studio.settings import Settings

app = typer.Typer(
    name="lamina",
    help="Lamina Studio: draw a network, train it, watch it learn, take it with you.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Home = Annotated[
    Path | None, typer.Option(help="Folder of the database, runs, data and token.", metavar="DIR")
]


@app.command()
def studio(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[
        int | None, typer.Option(help="Port to listen on; 0 picks a free one.", min=0, max=65535)
    ] = None,
    home: Home = None,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the page in a browser.")
    ] = True,
    reload: Annotated[
        bool, typer.Option("--reload", help="Start anew when a source file changes.")
    ] = False,
) -> None:
    """Start the studio and print the address that opens it."""
    with _plain_errors():
        from lamina_studio.serving import serve

        serve(
            _settings(host=host, port=port, home=home),
            announce=_announce,
            open_browser=browser and _has_display(),
            reload=reload,
        )


@app.command()
def link(
    home: Home = None,
    port: Annotated[
        int | None, typer.Option(help="Only if the studio runs on this port.", min=1, max=65535)
    ] = None,
) -> None:
    """Print a new address, good for one sign-in, of the studio that is running."""
    with _plain_errors():
        from lamina_studio.auth.codes import OneTimeCodes
        from lamina_studio.home_lock import running_address

        settings = _settings(home=home)
        address = running_address(settings.home)
        if address is None or (port is not None and not address.endswith(f":{port}")):
            where = "" if port is None else f" on port {port}"
            raise ConfigurationError(
                f"No studio with the home folder {settings.home} is running{where}. "
                "Start one with: lamina studio"
            )
        typer.echo(OneTimeCodes(settings.home).address(address))


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


def _settings(**chosen: Any) -> Settings:
    """Settings from the environment, with the options that were given; children inherit both."""
    given = {name: value for name, value in chosen.items() if value is not None}
    settings = Settings(**given)
    os.environ["LAMINA_HOME"] = str(settings.home)
    os.environ["LAMINA_DATASETS"] = str(settings.datasets_folder)
    os.environ["LAMINA_HOST"] = settings.host
    os.environ["LAMINA_PORT"] = str(settings.port)
    return settings


def _announce(address: str) -> None:
    console = Console()
    if console.is_terminal:
        console.print("\n  [bold]Lamina Studio[/bold] is running. Open this address:\n")
        console.print(f"  {address}", style="cyan", soft_wrap=True, highlight=False)
        console.print("\n  It works once; [bold]lamina link[/bold] prints another. Ctrl+C stops.\n")
    else:
        typer.echo(f"Lamina Studio is running: {address}")


def _has_display() -> bool:
    """Whether a page could be shown to the person who typed the command."""
    if not sys.stdout.isatty():
        return False
    return sys.platform == "darwin" or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )


@contextmanager
def _plain_errors() -> Iterator[None]:
    """What keeps the studio from starting becomes one sentence and exit status 1."""
    try:
        yield
    except ConfigurationError as error:
        _fail(str(error))
    except ValidationError as error:
        first = error.errors()[0]
        name = "_".join(str(part) for part in first["loc"]).upper()
        _fail(f"LAMINA_{name} cannot be {first['input']!r}: {first['msg']}.")


def _fail(sentence: str) -> None:
    typer.echo(sentence, err=True)
    raise typer.Exit(1)
