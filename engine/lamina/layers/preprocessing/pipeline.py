"""Pipeline: layers one after the other, as one layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

from lamina.calls import is_tensor, mapped, mask_of
from lamina.errors import ConfigError
from lamina.layer import LAYERS, Layer
from lamina.saving_registry import deserialize_keras_object, serialize_keras_object
from lamina.text import Text


class Pipeline(Layer):
    """Layers one after the other, as one layer; mostly those that change images, on arrays and dicts of them.

    Args:
        layers: First to last.
        name: Its name.
    """

    supports_masking = True

    def __init__(self, layers: Sequence[Layer], name: str | None = None) -> None:
        for one in layers:
            if not isinstance(one, Layer):
                raise ConfigError(
                    Text(
                        f"Pipeline is made of layers, got {type(one).__name__}.",
                        f"Pipeline 由层组成，实际收到 {type(one).__name__}。",
                    ),
                    field="layers",
                )
        super().__init__(name=name)
        self.layers = list(layers)

    def call(self, inputs: Any, training: bool = True, mask: Any = None) -> Any:
        for one in self.layers:
            known = one.call_parameters
            options: dict[str, Any] = {}
            if "mask" in known and mask is not None:
                options["mask"] = mask
            if "training" in known and training is not None:
                options["training"] = training
            inputs = one(inputs, **options)
            mask = mapped(mask_of, inputs, is_tensor)
        return inputs

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "layers": [serialize_keras_object(one) for one in self.layers],
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        given = config.get("layers")
        if not isinstance(given, (list, tuple)):
            raise ConfigError(
                Text(
                    f"The configuration of a Pipeline has a list of `layers`, got {given!r}.",
                    f"Pipeline 的配置应含有 layers 列表，实际为 {given!r}。",
                ),
                field="layers",
            )
        known = {name: LAYERS.get(name) for name in LAYERS.names()}
        made = [
            deserialize_keras_object(one, known) if isinstance(one, Mapping) else one
            for one in given
        ]
        return cls(made, name=config.get("name"))
