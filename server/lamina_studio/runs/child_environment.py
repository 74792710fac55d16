"""The environment of every process that the studio starts for a run."""

import os

from lamina_studio.settings import Settings

# What the server knows and a training has no use for.
_SECRETS = frozenset({"LAMINA_TOKEN", "LAMINA_DATABASE_URL"})


def child_environment(settings: Settings) -> dict[str, str]:
    """The server's environment without its secrets, and with the folders that it uses."""
    kept = {name: value for name, value in os.environ.items() if name not in _SECRETS}
    return {
        **kept,
        "LAMINA_HOME": str(settings.home),
        "LAMINA_DATASETS": str(settings.datasets_folder),
    }
