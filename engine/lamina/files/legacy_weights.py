"""Weights in the old `.h5` layout, which Keras 2 writes and Keras 3 still does.

One group for each layer, by the layer's name; its attribute `weight_names` lists the paths of the arrays
inside it. `layer_names` of the group above lists the layers in the model's order.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np

from lamina.errors import FileFormatError
from lamina.files.attributes import read_names, read_text, write_names
from lamina.files.hdf5 import Reader
from lamina.files.keras_objects import refuse
from lamina.layer import Layer, Variable
from lamina.text import Text

TOP_LEVEL = "top_level_model_weights"
Arrays = Sequence[np.ndarray[Any, Any]]


@dataclass(frozen=True)
class Stored:
    """What the file holds for one layer: its name there, and the paths of its arrays."""

    name: str
    paths: tuple[str, ...]


# ---------------------------------------------------------------------------------------------
# write


def write_layers(group: h5py.Group, layers: Sequence[Layer], keras_version: str) -> None:
    """Write the weights of all layers."""
    group.attrs["backend"] = b"torch"
    group.attrs["keras_version"] = keras_version.encode()
    write_names(group, "layer_names", [layer.name for layer in layers])
    for layer in sorted(layers, key=lambda layer: layer.name):
        weights = layer.weights
        write_arrays(
            group.create_group(layer.name),
            _paths(layer),
            [variable.numpy() for variable in weights],
        )
    write_arrays(group.create_group(TOP_LEVEL), [], [])


def write_arrays(group: h5py.Group, names: Sequence[str], arrays: Arrays) -> None:
    """The arrays in a group, with their names in order."""
    write_names(group, "weight_names", names)
    for name, array in zip(names, arrays, strict=True):
        group.create_dataset(name, data=array)


def _paths(layer: Layer) -> list[str]:
    """Paths of a layer's weights; those of layers in it, which may have one name, get a number."""
    used: Counter[str] = Counter()
    found = []
    for variable in layer.weights:
        inner = f"{variable.file_group}/" if variable.file_group else ""
        path = f"{layer.name}/{inner}{variable.name}"
        found.append(f"{path}_{used[path]}" if used[path] else path)
        used[path] += 1
    return found


# ----------------------------------------------------------------------------------------------
# read


def is_legacy(reader: Reader) -> bool:
    """Whether the file names its layers, in its root or as a whole model."""
    root = reader.group("")
    assert root is not None
    listed = "layer_names" in root.attrs or "layer_names0" in root.attrs
    return listed or reader.has("model_weights")


def stored_layers(reader: Reader, root: str) -> list[Stored]:
    """The layers in the file that have weights, in the file's order.

    Args:
        root: The group that lists them: "" for a weights file, "model_weights" in a whole model.

    Raises:
        FileFormatError: If there is no such list, or the file is of Keras 1.
    """
    group = reader.group(root)
    names = [] if group is None else read_names(group, "layer_names", reader.path)
    if group is None or not names:
        raise refuse(
            f"{reader.path} lists no layers: it is no .h5 file of Keras.",
            f"{reader.path} 中没有层列表：不是 Keras 的 .h5 文件。",
        )
    version = read_text(group, "keras_version", reader.path) or "1"
    if version.startswith("1"):
        raise refuse(
            f"{reader.path} is a file of Keras {version}, whose weights are laid out in another way. "
            "Save it again with Keras 2 or 3.",
            f"{reader.path} 由 Keras {version} 写入，其权重布局不同。请用 Keras 2 或 3 重新保存。",
        )
    if len(set(names)) < len(names):
        raise refuse(f"{reader.path} lists a layer twice.", f"{reader.path} 重复列出了同一层。")
    return [layer for layer in (_stored(reader, root, name) for name in names) if layer.paths]


def _stored(reader: Reader, root: str, name: str) -> Stored:
    place = f"{root}/{name}" if root else name
    group = reader.group(place)
    if group is None:
        raise refuse(
            f'{reader.path}: the layer "{name}" is listed, but is missing.',
            f"{reader.path}：列出了层“{name}”，但其内容缺失。",
        )
    names = read_names(group, "weight_names", reader.path)
    return Stored(name, tuple(f"{place}/{weight}" for weight in names))


def paired_by_order(
    reader: Reader, root: str, layers: Sequence[Layer]
) -> list[tuple[Layer, Stored]]:
    """Each layer that has weights with what the file holds at its place.

    Raises:
        FileFormatError: If the file holds more or fewer such layers.
    """
    stored = stored_layers(reader, root)
    weighted = [layer for layer in layers if layer.weights]
    if len(stored) != len(weighted):
        raise _wrong_number(reader, len(weighted), len(stored))
    return list(zip(weighted, stored, strict=True))


def paired_by_name(
    reader: Reader, root: str, layers: Sequence[Layer]
) -> list[tuple[Layer, Stored]]:
    """The layers whose name is in the file, with what it holds for them."""
    by_name = {stored.name: stored for stored in stored_layers(reader, root)}
    return [
        (layer, by_name[layer.name]) for layer in layers if layer.weights and layer.name in by_name
    ]


def read_pairs(
    reader: Reader, pairs: Sequence[tuple[Layer, Stored]], *, skip_mismatch: bool = False
) -> None:
    """Set the weights of layers from a file: all, or none when one is wrong.

    Args:
        pairs: Layers, which must be built, with what the file holds for each.
        skip_mismatch: Leave weights of another number or shape as they are, with a warning.

    Raises:
        FileFormatError: Naming the first weight that is missing or has another shape.
    """
    read: list[tuple[Variable, np.ndarray[Any, Any]]] = []
    skip = _warn if skip_mismatch else _raise
    for layer, stored in pairs:
        weights = layer.weights
        if len(weights) != len(stored.paths):
            skip(_wrong_count(reader, layer.name, len(weights), len(stored.paths)))
            continue
        for variable, path in zip(weights, stored.paths, strict=True):
            what = f'{variable.name} of "{layer.name}"'
            found = reader.array_shape(path, what)
            if found != variable.shape:
                skip(_wrong_shape(reader, what, found, variable.shape))
                continue
            read.append((variable, reader.read_array(path, {variable.shape}, what)))
    for variable, values in read:
        variable.assign(values)


def expected_arrays(
    reader: Reader, root: str, expected: Sequence[tuple[str, Sequence[tuple[str, tuple[int, ...]]]]]
) -> Iterator[tuple[str, list[np.ndarray[Any, Any]]]]:
    """The arrays for each (layer, [(weight, shape)]), by order; all are checked before one is read.

    Raises:
        FileFormatError: Naming the first that does not fit.
    """
    stored = stored_layers(reader, root)
    wanted = [(name, weights) for name, weights in expected if weights]
    if len(stored) != len(wanted):
        raise _wrong_number(reader, len(wanted), len(stored))
    for (name, weights), there in zip(wanted, stored, strict=True):
        if len(weights) != len(there.paths):
            raise FileFormatError(_wrong_count(reader, name, len(weights), len(there.paths)))
        for (weight, shape), path in zip(weights, there.paths, strict=True):
            what = f'{weight} of "{name}"'
            if (found := reader.array_shape(path, what)) != shape:
                raise FileFormatError(_wrong_shape(reader, what, found, shape))
    for (name, weights), there in zip(wanted, stored, strict=True):
        yield (
            name,
            [
                reader.read_array(path, {shape}, f'{weight} of "{name}"')
                for (weight, shape), path in zip(weights, there.paths, strict=True)
            ],
        )


def _raise(text: Text) -> None:
    raise FileFormatError(text)


def _warn(text: Text) -> None:
    warnings.warn(f"{text} It keeps its values.", stacklevel=5)


def _wrong_number(reader: Reader, wanted: int, found: int) -> FileFormatError:
    return refuse(
        f"{reader.path} holds the weights of {found} layers, the model has {wanted} layers with weights. "
        "For some of the layers, load with by_name=True.",
        f"{reader.path} 中有 {found} 层的权重，而模型有 {wanted} 个带权重的层。只加载部分层时请使用 by_name=True。",
    )


def _wrong_count(reader: Reader, name: str, wanted: int, found: int) -> Text:
    return Text(
        f'{reader.path}: "{name}" has {wanted} weights, the file holds {found} for it.',
        f"{reader.path}：“{name}”有 {wanted} 个权重，文件中却有 {found} 个。",
    )


def _wrong_shape(
    reader: Reader, what: str, found: tuple[int, ...], wanted: tuple[int, ...]
) -> Text:
    return Text(
        f"{reader.path}: {what} has the shape {found}, not {wanted}.",
        f"{reader.path}：{what} 的形状为 {found}，而不是 {wanted}。",
    )
