"""What the `lamina` command can do. Each command only reads its options and hands on."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer
from annotated_types import Ge, Le
from pydantic import ValidationError
from rich.console import Console

from lamina_studio import __version__
from lamina_studio.errors import ConfigurationError
from lamina_studio.invocation import to_type
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
        str | None,
        typer.Option(help="Port to listen on, to 65535; 0 picks a free one.", metavar="PORT"),
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
    chosen = {"host": host, "port": port, "home": home}
    with _plain_errors(chosen):
        from lamina_studio.serving import serve

        serve(
            _settings(**chosen),
            announce=_announce,
            open_browser=browser and _has_display(),
            reload=reload,
        )
        typer.echo("Lamina Studio has stopped; trainings that are running go on without it.")


@app.command()
def link(
    home: Home = None,
    port: Annotated[
        str | None, typer.Option(help="Only if the studio runs on this port.", metavar="PORT")
    ] = None,
) -> None:
    """Print a new address, good for one sign-in, of the studio that is running."""
    chosen = {"home": home, "port": port}
    with _plain_errors(chosen):
        from lamina_studio.auth.codes import OneTimeCodes
        from lamina_studio.home_lock import running_address

        settings = _settings(**chosen)
        address = running_address(settings.home)
        if address is None or (port is not None and urlsplit(address).port != settings.port):
            where = "" if port is None else f" on port {port}"
            raise ConfigurationError(
                f"No studio with the home folder {settings.home} is running{where}. "
                f"Start one with: {to_type('studio')}"
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
        console.print(
            f"\n  It works once; [bold]{to_type('link')}[/bold] prints another. Ctrl+C stops.\n",
            soft_wrap=True,
        )
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
def _plain_errors(chosen: Mapping[str, Any]) -> Iterator[None]:
    """What keeps the studio from starting becomes one sentence and exit status 1.

    Args:
        chosen: The options of the command, None where they were not given.
    """
    try:
        yield
    except ConfigurationError as error:
        _fail(str(error))
    except ValidationError as error:
        _fail(_cannot_be(error.errors()[0], chosen))


def _cannot_be(fault: Any, chosen: Mapping[str, Any]) -> str:
    """What a setting must be, by the name under which it was given."""
    name = str(fault["loc"][0])
    field = Settings.model_fields[name]
    where = f"LAMINA_{name.upper()}" if chosen.get(name) is None else f"--{name}"
    limits = {type(limit): limit for limit in field.metadata}
    if field.annotation is int:
        need = "a whole number"
        if Ge in limits and Le in limits:
            need += f" from {limits[Ge].ge} to {limits[Le].le}"
        elif Ge in limits:
            need += f" of at least {limits[Ge].ge}"
        return f"{where} must be {need}, got {fault['input']}."
    if fault["type"] == "literal_error":
        return f"{where} must be {fault['ctx']['expected']}, got {fault['input']}."
    return f"{where} cannot be {fault['input']!r}: {fault['msg'].removeprefix('Value error, ')}."


def _fail(sentence: str) -> None:
    typer.echo(sentence, err=True)
    raise typer.Exit(1)
