"""Whole models as `.h5`, the format before `.keras`: written for tools that want it, read from Keras 2 and 3."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import h5py
import numpy as np

from lamina.files.attributes import read_json, read_names, read_text
from lamina.files.hdf5 import Reader, open_reader
from lamina.files.keras2 import modern_training
from lamina.files.keras_objects import as_mapping, refuse
from lamina.files.legacy_weights import expected_arrays, write_arrays, write_layers
from lamina.files.topology import ReadModel, model_from_keras
from lamina.files.weights import in_file_order
from lamina.graph.order import keras_order
from lamina.layer import Layer

WEIGHTS = "model_weights"
OPTIMIZER = "optimizer_weights"
Arrays = Sequence[np.ndarray[Any, Any]]


# ---------------------------------------------------------------------------------------------
# write


def write_model(
    file: IO[bytes],
    *,
    config: Mapping[str, Any],
    compile_config: Mapping[str, Any] | None,
    layers: Sequence[Layer],
    optimizer_state: Arrays,
    keras_version: str,
) -> None:
    """Write the whole file.

    Args:
        config: Keras' form of the model.
        compile_config: Keras' form of what `compile` was given; None for a model not compiled.
        layers: The layers in Keras' order.
        optimizer_state: The optimizer's arrays; empty for none.
        keras_version: The Keras whose form the file has.
    """
    with h5py.File(file, "w") as root:
        root.attrs["keras_version"] = keras_version.encode()
        root.attrs["backend"] = b"torch"
        root.attrs["model_config"] = json.dumps(_legacy_entry(config)).encode()
        if compile_config is not None:
            root.attrs["training_config"] = json.dumps(_training(compile_config)).encode()
        write_layers(root.create_group(WEIGHTS), layers, keras_version)
        if optimizer_state:
            names = [f"optimizer/{number}" for number in range(len(optimizer_state))]
            write_arrays(root.create_group(OPTIMIZER), names, optimizer_state)


def write_weights(file: IO[bytes], layers: Sequence[Layer], keras_version: str) -> None:
    """Write a file of weights alone."""
    with h5py.File(file, "w") as root:
        write_layers(root, layers, keras_version)


def _legacy_entry(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A model or layer without its module: by that absence Keras knows the old form."""
    config = dict(entry["config"])
    if entry.get("registered_name") and not str(entry.get("module")).startswith("keras"):
        entry = {**entry, "class_name": entry["registered_name"]}
    if "layers" in config:
        config["layers"] = [_legacy_entry(layer) for layer in config["layers"]]
    kept = {k: v for k, v in entry.items() if k not in ("module", "registered_name")}
    return {**kept, "config": config}


def _training(compile_config: Mapping[str, Any]) -> dict[str, Any]:
    optimizer = compile_config["optimizer"]
    return {
        **{k: compile_config[k] for k in ("loss", "loss_weights", "metrics", "weighted_metrics")},
        "optimizer_config": {k: optimizer[k] for k in ("class_name", "config")},
    }


# ----------------------------------------------------------------------------------------------
# read


@dataclass(frozen=True)
class LegacyFile:
    """What an `.h5` file holds, checked; the parts are those of `ModelFile`."""

    read: ReadModel
    weights: Mapping[str, Arrays]
    compile_config: Mapping[str, Any] | None
    optimizer_state: Arrays


def read_legacy(path: Path) -> LegacyFile:
    """Read a whole model; nothing in the file is run and no module it names is imported.

    Raises:
        FileFormatError: If it is damaged, hostile, holds no model, or something that does not exist here.
    """
    with open_reader(path, path) as reader:
        root = reader.group("")
        assert root is not None
        config = read_json(root, "model_config", path)
        if config is None:
            raise refuse(
                f"{path} holds no model, only weights. Build the model and call model.load_weights.",
                f"{path} 中没有模型，只有权重。请先构建模型，再调用 model.load_weights。",
            )
        read = model_from_keras(_with_named_layers(config))
        training = read_json(root, "training_config", path)
        weights = dict(expected_arrays(reader, WEIGHTS, _expected(read)))
        version = read_text(root, "keras_version", path) or ""
        # Keras 2 keeps other slots in another order: its state would be taken for something else.
        has_state = training is not None and version.startswith("3")
        return LegacyFile(
            read=read,
            weights=weights,
            compile_config=None if training is None else modern_training(training),
            optimizer_state=_optimizer_state(reader, weights) if has_state else [],
        )


def _with_named_layers(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """The entry; the oldest files of Keras 2 hold a Sequential as the bare list of its layers."""
    config = entry.get("config")
    if entry.get("class_name") == "Sequential" and isinstance(config, list):
        return {**entry, "config": {"name": "sequential", "layers": config}}
    as_mapping(config, "config of the model")
    return entry


def _expected(read: ReadModel) -> list[tuple[str, list[tuple[str, tuple[int, ...]]]]]:
    """The weights of each node, from the closed-form shapes alone."""
    found = []
    for node in keras_order(read.graph):
        layer = read.report.layers[node.id]
        if layer.uses_call:  # it has its weights, as it had to be run to be known
            found.append((node.id, [(v.name, v.shape) for v in layer.weights]))
            continue
        shapes = [read.report.nodes[edge.node].output_shape for edge in node.inputs]
        weights = in_file_order(list(read.report.layers[node.id].weights_for(*shapes)))
        found.append((node.id, [(weight.name, weight.shape) for weight in weights]))
    return found


def _optimizer_state(reader: Reader, weights: Mapping[str, Arrays]) -> list[np.ndarray[Any, Any]]:
    group = reader.group(OPTIMIZER)
    names = [] if group is None else read_names(group, "weight_names", reader.path)
    if len(names) > 3 + 6 * sum(len(arrays) for arrays in weights.values()):
        raise refuse(
            f"{reader.path}: the optimizer has {len(names)} arrays, far more than the model's weights explain.",
            f"{reader.path}：优化器包含 {len(names)} 个数组，远超模型权重所需。",
        )
    shapes = {array.shape for arrays in weights.values() for array in arrays} | {()}
    return [reader.read_array(f"{OPTIMIZER}/{name}", shapes, name) for name in names]
