"""The schema of the database and its history: `python -m lamina_studio.migrate --help`."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, make_url, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from lamina_studio.database import Database
from lamina_studio.errors import ConfigurationError
from lamina_studio.settings import Settings

SCRIPTS = Path(__file__).parent / "migrations"
_LOCK = 5271009  # any number; replicas that start together migrate one after the other


def alembic_config(connection: Connection) -> Config:
    """Alembic's settings for one open connection; there is no ini file."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


async def upgrade(engine: AsyncEngine) -> None:
    """Bring the database to the newest schema, in one transaction."""
    async with engine.begin() as connection:
        await connection.run_sync(_upgrade)


def _upgrade(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
    command.upgrade(alembic_config(connection), "head")


async def prepare_database(address: str) -> None:
    """Bring the database at `address` to the newest schema before anything else starts.

    Raises:
        ConfigurationError: If it does not answer, or was written by a newer version.
    """
    name = make_url(address).render_as_string(hide_password=True)
    database = Database(address)
    try:
        await upgrade(database.engine)
    except CommandError as error:
        raise ConfigurationError(
            f"The database {name} was written by a newer version of the studio ({error}). "
            "Update the studio, or choose another home folder."
        ) from error
    except (SQLAlchemyError, OSError) as error:
        reason = str(getattr(error, "orig", error)).strip().splitlines()[0]
        raise ConfigurationError(
            f"The database {name} cannot be used ({reason}). "
            "Check LAMINA_DATABASE_URL, or choose another home folder with --home."
        ) from error
    finally:
        await database.close()


async def _run(arguments: argparse.Namespace) -> None:
    settings = Settings()
    settings.prepare_home()
    database = Database(settings.database_address)
    try:
        await upgrade(database.engine)
        async with database.engine.begin() as connection:
            if arguments.action == "check":
                await connection.run_sync(lambda it: command.check(alembic_config(it)))
            elif arguments.action == "revision":
                await connection.run_sync(
                    lambda it: command.revision(
                        alembic_config(it),
                        message=arguments.message,
                        autogenerate=True,
                        rev_id=f"{len(list(SCRIPTS.glob('versions/*.py'))) + 1:04d}",
                    )
                )
    finally:
        await database.close()


def main() -> None:
    """Upgrade the database of `LAMINA_HOME`, check it against the tables, or draft a revision."""
    parser = argparse.ArgumentParser(
        prog="python -m lamina_studio.migrate", description=main.__doc__
    )
    parser.add_argument(
        "action", choices=("upgrade", "check", "revision"), default="upgrade", nargs="?"
    )
    parser.add_argument("-m", "--message", default="change", help="what the revision does")
    asyncio.run(_run(parser.parse_args()))


if __name__ == "__main__":
    main()
