"""Wrapper: the base of layers around another layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from lamina.errors import ConfigError
from lamina.foreign import shown
from lamina.layer import LAYERS, Layer
from lamina.saving_registry import deserialize_keras_object, serialize_keras_object
from lamina.text import Text


class Wrapper(Layer):
    """A layer around another one, which it builds and writes into its configuration; subclass it with a `call`.

    Args:
        layer: The layer inside.
    """

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        if not isinstance(layer, Layer):
            name = type(self).__name__
            raise ConfigError(
                Text(
                    f"{name} needs a layer, {shown(layer).en}",
                    f"{name} 需要一个层，{shown(layer).zh}",
                ),
                field="layer",
            )
        super().__init__(**kwargs)
        self.layer = layer

    def build(self, input_shape: Any = None) -> None:
        if not self.layer.built:
            self.layer.build(input_shape)
            self.layer.built = True
        self.built = True

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "layer": serialize_keras_object(self.layer)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        config = dict(config)
        layer = config.pop("layer")
        if isinstance(layer, Mapping):
            layer = deserialize_keras_object(
                layer, {name: LAYERS.get(name) for name in LAYERS.names()}
            )
        return cls(layer, **config)
