"""Recurrent layers."""

from typing import NoReturn

from lamina.refused import absent


def __getattr__(name: str) -> NoReturn:
    raise absent(__name__, name)
