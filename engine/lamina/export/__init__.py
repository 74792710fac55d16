"""Models in other forms: Python source."""

from lamina.export.source import keras_source

__all__ = ["keras_source"]
