"""`keras.preprocessing.sequence`: sequences of different lengths."""

from typing import NoReturn

from lamina.refused import absent
from lamina.utils.sequences import pad_sequences

__all__ = ["pad_sequences"]


def __getattr__(name: str) -> NoReturn:
    raise absent(__name__, name)
