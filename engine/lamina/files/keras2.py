"""Spellings of Keras 2 in what a file says of training, put into those of Keras 3.

What an older Keras wrote and what changes nothing is dropped; what would change the result stays, so that
the reader of Keras 3's form refuses it by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lamina.files.keras_objects import as_mapping

OPTIMIZER_LEFTOVERS = {"jit_compile", "is_legacy_optimizer", "initial_accumulator_value_list"}
"""Settings of optimizers that say how they run, not what they compute."""


def modern_training(config: Mapping[str, Any]) -> dict[str, Any]:
    """Keras 3's `compile_config` from the `training_config` of an `.h5` file."""
    return {
        "optimizer": _optimizer(config.get("optimizer_config")),
        "loss": _objects(config.get("loss")),
        "loss_weights": config.get("loss_weights"),
        "metrics": _per_output(_objects(config.get("metrics"))),
        "weighted_metrics": _per_output(_objects(config.get("weighted_metrics"))),
    }


def _optimizer(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    config = {
        key: setting
        for key, setting in as_mapping(value.get("config") or {}, "optimizer_config").items()
        if key not in OPTIMIZER_LEFTOVERS
        and setting is not None
        and not (key == "decay" and setting == 0)
        and not (key == "weight_decay" and setting == 0)
    }
    class_name = value.get("class_name")
    if isinstance(class_name, str):  # a registered name: "Custom>Adam"
        class_name = class_name.rpartition(">")[2]
    return {**value, "class_name": class_name, "config": config}


def _objects(value: Any) -> Any:
    """Losses and metrics in all places of a structure."""
    if isinstance(value, list):
        return [_objects(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    if "class_name" not in value:
        return {key: _objects(item) for key, item in value.items()}
    config = value.get("config")
    if not isinstance(config, Mapping):
        return value
    if value["class_name"] in ("MeanMetricWrapper", "LossFunctionWrapper") and "fn" in config:
        # A function given by name: the wrapper adds nothing to it. `accuracy` stays the suiting one.
        name, function = config.get("name"), config["fn"]
        return name if name in ("accuracy", "acc", "crossentropy", "ce") else function
    if config.get("reduction") == "auto":
        config = {**config, "reduction": "sum_over_batch_size"}
    return {**value, "config": {k: v for k, v in config.items() if v is not None and k != "fn"}}


def _per_output(metrics: Any) -> Any:
    """Keras 2 writes a list for each output, also where there is one."""
    is_nested = isinstance(metrics, list) and len(metrics) == 1 and isinstance(metrics[0], list)
    return metrics[0] if is_nested else metrics
