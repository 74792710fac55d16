"""Chains of layers, as a Sequential has them: how they are laid on tensors, and how they are written without any."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lamina.errors import ConfigError
from lamina.layer import Layer
from lamina.saving_registry import deserialize_keras_object, serialize_keras_object
from lamina.text import Text


def laid(layers: Iterable[Layer], start: Any) -> Any:
    """What the last layer gives for symbolic tensors at the first: one, or a nest of them.

    Raises:
        ConfigError: If a layer cannot stand in a chain.
    """
    end = start
    for layer in layers:
        _check_takes_one(layer)
        layer.__dict__.pop("_calls", None)  # the chain is laid anew; each layer is called once
        end = layer(end)
    return end


def _check_takes_one(layer: Layer) -> None:
    """Raise for a layer of one's own whose `call` asks for more than the input."""
    if not layer.uses_call:
        return
    parameters = layer.call_parameters.values()
    asked = [p.name for p in parameters if p.default is p.empty and p.kind is not p.KEYWORD_ONLY]
    if len(asked) > 1:
        raise ConfigError(
            Text(
                f'Layers of a Sequential can only have a single required positional argument, but "{layer.name}" '
                f"({type(layer).__name__}) needs {', '.join(asked)}. Give the others a default.",
                f"Sequential 中的层只能有一个必需的位置参数，但“{layer.name}”（{type(layer).__name__}）需要 {'、'.join(asked)}。"
                "请为其余参数设置默认值。",
            )
        )


def check_input_shape(name: str, known: Sequence[int | None], given: Sequence[int | None]) -> None:
    """Raise where a model that has an input is told another shape, batch first."""
    if len(known) != len(given) or any(
        None not in pair and pair[0] != pair[1] for pair in zip(known, given, strict=False)
    ):
        raise ConfigError(
            Text(
                f'"{name}" has already been configured for input of shape {tuple(known)}, not {tuple(given)}. Make a '
                "new model for that.",
                f"“{name}”已按输入形状 {tuple(known)} 配置，不能再用于 {tuple(given)}。请为其新建模型。",
            )
        )


def chain_config(layers: Sequence[Layer]) -> list[Any]:
    """Keras' form of the layers of a chain that has no shapes yet."""
    return [serialize_keras_object(layer) for layer in layers]


def layers_of(config: Mapping[str, Any]) -> list[Layer] | None:
    """The layers of a Sequential's configuration that says no shape of the input; None where it says one."""
    entries = config.get("layers")
    if not isinstance(entries, list) or config.get("build_input_shape") is not None:
        return None
    if not all(isinstance(entry, Mapping) for entry in entries):
        return None
    first = entries[0] if entries else {}
    own = first.get("config")
    says = own if isinstance(own, Mapping) else {}
    if any(says.get(key) for key in ("batch_shape", "batch_input_shape", "layers")):
        return None
    return [deserialize_keras_object(entry) for entry in entries]
