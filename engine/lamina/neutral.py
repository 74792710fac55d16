"""Settings of Keras' objects that this library does not have, and the values of them that change nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

HARMLESS = {
    "autocast",
    "implementation",  # of recurrent layers: the same numbers by another way
    "input_length",  # Embedding, Keras 2
    "renorm_momentum",  # without renorm
    "synchronized",  # statistics over replicas, of which there is one
    "time_major",
    "unroll",
    "use_cudnn",
    "zero_output_for_mask",  # without a mask
    "lora_alpha",  # without lora_rank
}
"""Keys that may have any value: the result does not depend on them."""

NEUTRAL: Mapping[str, tuple[Any, ...]] = {
    "attention_axes": ([1],),  # the one axis there is between batch and features
    "recurrent_dropout": (0,),
}
"""Keys with the values, beside null and false, that change nothing."""


def is_neutral(key: str, value: object) -> bool:
    """Whether leaving out a setting leaves the behaviour as it is."""
    return value is None or value is False or key in HARMLESS or value in NEUTRAL.get(key, ())


def known_settings(cls: Any, config: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration without the settings that the class does not declare and that change nothing."""
    fields, aliases = cls.declared_fields, cls.aliases
    kept: dict[str, Any] = {}
    for key, value in config.items():
        spec = fields.get(aliases.get(key, key))
        if (spec is not None and not spec.hidden) or not is_neutral(key, value):
            kept[key] = value
    return kept
