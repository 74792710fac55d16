"""Models in other forms: Python source in Keras' style and as plain PyTorch."""

from lamina.export.pytorch import pytorch_source
from lamina.export.source import keras_source

__all__ = ["keras_source", "pytorch_source"]
