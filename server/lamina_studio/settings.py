"""Every setting of the studio, read from `LAMINA_*` variables and from the command line."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from lamina_studio.errors import ConfigurationError

CommaSeparated = Annotated[tuple[str, ...], NoDecode]


class Settings(BaseSettings):
    """What an operator can choose. Each field is the variable `LAMINA_<NAME>`."""

    model_config = SettingsConfigDict(
        env_prefix="LAMINA_", env_ignore_empty=True, extra="ignore", frozen=True
    )

    home: Path = Field(
        Path("~/.lamina"), description="Folder of the database, runs, data and token."
    )
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8420, ge=0, le=65535, description="Port to listen on; 0 picks a free one.")
    token: SecretStr | None = Field(
        None, description="Access token; without one a random token is kept in the home folder."
    )
    database_url: SecretStr | None = Field(
        None, description="SQLAlchemy address of the database; SQLite in the home folder if unset."
    )
    storage_url: str | None = Field(
        None, description="Where artifacts are kept; so far only the home folder, so unset."
    )
    datasets: Path | None = Field(
        None, description="Folder of downloaded data; `datasets` in the home folder if unset."
    )
    allowed_hosts: CommaSeparated = Field(
        (), description="Further names by which browsers may reach the studio, with port if any."
    )
    allowed_origins: CommaSeparated = Field(
        (), description="Further origins whose pages may use the studio, such as a dev server."
    )
    max_parallel: int = Field(1, ge=1, le=64, description="Runs that may train at the same time.")
    max_body_bytes: int = Field(
        32 * 2**20, ge=1024, description="Largest request body that is accepted."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "warning", description="Least severe log line that is written."
    )
    log_format: Literal["auto", "console", "json"] = Field(
        "auto", description="Log lines for people or for machines; auto looks for a terminal."
    )

    @field_validator("allowed_hosts", "allowed_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip().lower() for part in value.split(",") if part.strip())
        return value

    @field_validator("storage_url")
    @classmethod
    def _refuse_storage(cls, value: str | None) -> None:
        # Better said at the start than found out when the files are looked for.
        if value is not None:
            raise ValueError("artifacts can only be kept in the home folder so far; leave it unset")

    @field_validator("home", "datasets")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        return None if value is None else value.expanduser().absolute()

    @property
    def database_address(self) -> str:
        """The database URL with an asynchronous driver."""
        if self.database_url is None:
            return f"sqlite+aiosqlite:///{self.home / 'lamina.db'}"
        scheme, separator, rest = self.database_url.get_secret_value().partition("://")
        drivers = {
            "sqlite": "sqlite+aiosqlite",
            "postgres": "postgresql+psycopg",
            "postgresql": "postgresql+psycopg",
        }
        return drivers.get(scheme, scheme) + separator + rest

    @property
    def datasets_folder(self) -> Path:
        return self.datasets if self.datasets is not None else self.home / "datasets"

    @property
    def listens_beyond_this_machine(self) -> bool:
        if self.host == "localhost":
            return False
        try:
            return not ip_address(self.host).is_loopback
        except ValueError:
            return True

    @classmethod
    def usual_home(cls) -> Path:
        """The home folder where none is chosen."""
        usual: Path = cls.model_fields["home"].default
        return usual.expanduser().absolute()

    def require_safe_address(self) -> None:
        """Refuse to be reachable from other machines by accident.

        Raises:
            ConfigurationError: If the address is not loopback and either the allowed hosts or the
                token was not chosen explicitly.
        """
        if self.listens_beyond_this_machine and (not self.allowed_hosts or self.token is None):
            raise ConfigurationError(
                f"{self.host} can be reached from other machines: set LAMINA_ALLOWED_HOSTS to the "
                "names the studio is reached by and LAMINA_TOKEN to a secret, or listen on "
                "127.0.0.1."
            )

    def prepare_home(self) -> None:
        """Make the home folder, for this user alone.

        Raises:
            ConfigurationError: If the folder cannot be made or written.
        """
        if self.home.exists() and not self.home.is_dir():
            raise ConfigurationError(
                f"The home folder {self.home} is a file: choose a folder with --home or LAMINA_HOME."
            )
        try:
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
            probe = self.home / ".writable"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise ConfigurationError(
                f"The studio cannot write to its home folder {self.home} "
                f"({error.strerror or error}). Choose another with --home or LAMINA_HOME."
            ) from error
