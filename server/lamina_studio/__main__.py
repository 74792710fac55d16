"""`python -m lamina_studio` is the `lamina` command."""

from lamina_studio.cli import app

app()
