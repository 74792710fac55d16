"""Models in other forms: Python source in Keras' style and as plain PyTorch."""

from typing import NoReturn

from lamina.export.pytorch import pytorch_source
from lamina.export.source import keras_source
from lamina.refused import absent

__all__ = ["keras_source", "pytorch_source"]


def __getattr__(name: str) -> NoReturn:
    raise absent(__name__, name)
