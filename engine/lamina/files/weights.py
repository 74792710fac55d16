"""The layout of `model.weights.h5` and `*.weights.h5`, which hold the same.

A layer's arrays stand under `layers/<class in snake case, then _1, _2 …>/vars/0, 1 …`, numbered in
the order in which Keras lists the layers and not by their names; trainable ones first. Recurrent
layers keep theirs one group deeper, in `cell`. The optimizer's follow under `optimizer/vars`.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.errors import FileFormatError
from lamina.files.hdf5 import Reader, Writer
from lamina.files.keras_objects import refuse
from lamina.graph.blocks import BlockLayer
from lamina.graph.document import Graph
from lamina.graph.order import keras_order
from lamina.graph.report import Report
from lamina.layer import Layer, Weight
from lamina.naming import snake_case

ROOT = "layers"
OLD_ROOT = "_layer_checkpoint_dependencies"
"""Of files from before Keras 3.0."""


@dataclass(frozen=True)
class Place:
    """Where one weight of a layer stands in the file."""

    group: str
    index: int
    shape: tuple[int, ...]
    what: str


def layer_groups(layers: Sequence[Layer], root: str = ROOT) -> Iterator[tuple[Layer, str]]:
    """Each layer with its group. The layers must come in Keras' order."""
    used: Counter[str] = Counter()
    for layer in layers:
        name = _group_name(layer)
        yield layer, f"{root}/{name}_{used[name]}" if used[name] else f"{root}/{name}"
        used[name] += 1


def _group_name(layer: Layer) -> str:
    """The class of a layer as groups are called; models have the names of Keras' classes."""
    if layer.inner_graph is None:
        return snake_case(type(layer).__name__)
    is_sequential = getattr(layer, "is_sequential", None)
    if is_sequential is None:
        is_sequential = layer.content.sequential
    return "sequential" if is_sequential else "functional"


def places(name: str, group: str, weights: Sequence[Weight]) -> list[Place]:
    """The places of a layer's weights, in the order of the weights."""
    used: Counter[str] = Counter()
    found = []
    for weight in weights:
        path = f"{group}/{weight.file_group}" if weight.file_group else group
        found.append(Place(path, used[path], weight.shape, f'{weight.name} of "{name}"'))
        used[path] += 1
    return found


def in_file_order(weights: Sequence[Weight]) -> list[Weight]:
    """Trainable weights first, as Keras numbers them; freezing a layer does not change this."""
    return sorted(weights, key=lambda weight: not weight.trainable)


# ---------------------------------------------------------------------------------------------
# write


def write_layers(writer: Writer, layers: Sequence[Layer], model_name: str) -> None:
    """Write the weights of all layers."""
    _write_into(writer, layers, ROOT)
    writer.write_vars("", [], name=model_name)


def _write_into(writer: Writer, layers: Sequence[Layer], root: str) -> None:
    for layer, group in layer_groups(layers, root):
        if layer.inner_graph is not None:
            _write_into(writer, layer.layers, f"{group}/{ROOT}")
            writer.write_vars(group, [], name=layer.name)
            continue
        inner: dict[str, list[int]] = {}
        for position, variable in enumerate(layer.weights):
            inner.setdefault(variable.file_group, []).append(position)
        values = layer.get_weights()
        for file_group, positions in inner.items():
            if file_group:
                arrays = [values[position] for position in positions]
                name = f"{layer.name}_{file_group}"
                writer.write_vars(f"{group}/{file_group}", arrays, name=name)
        writer.write_vars(group, [values[p] for p in inner.get("", ())], name=layer.name)


# ----------------------------------------------------------------------------------------------
# read


def check_layers(reader: Reader, graph: Graph, report: Report) -> None:
    """Make sure that the file holds every weight of the graph, before one is allocated.

    Raises:
        FileFormatError: Naming the first weight that is missing or has another shape.
    """
    for _, expected in _expected(reader, graph, report):
        for place in expected:
            reader.check_var(place.group, place.index, place.shape, place.what)


def read_arrays(
    reader: Reader, graph: Graph, report: Report
) -> dict[str, list[np.ndarray[Any, Any]]]:
    """The arrays of each node that owns weights, in Keras' layout and order."""
    return {
        node_id: [reader.read_var(p.group, p.index, p.shape, p.what) for p in expected]
        for node_id, expected in _expected(reader, graph, report)
        if expected
    }


def _expected(reader: Reader, graph: Graph, report: Report) -> Iterator[tuple[str, list[Place]]]:
    """Where the weights of each node should stand, from the closed-form shapes alone."""
    yield from _expected_in(reader, graph, report, _root(reader))


def _expected_in(
    reader: Reader, graph: Graph, report: Report, root: str
) -> Iterator[tuple[str, list[Place]]]:
    nodes = keras_order(graph)
    owners = [report.layers[node.id] for node in nodes]
    for node, (layer, group) in zip(nodes, layer_groups(owners, root), strict=True):
        if isinstance(layer, BlockLayer):
            inner = _expected_in(reader, layer.inner_graph, layer.report, f"{group}/{ROOT}")
            yield node.id, [place for _, found in inner for place in found]
            continue
        shapes = [report.nodes[edge.node].outputs[edge.output].shape for edge in node.inputs]
        weights = in_file_order(list(layer.weights_for(*shapes)))
        yield node.id, _counted(reader, places(node.id, group, weights))


def read_layers(reader: Reader, layers: Sequence[Layer], *, skip_mismatch: bool = False) -> None:
    """Read the weights of all layers, which must be built. Sets all or, when one is wrong, none.

    Args:
        reader: The open file.
        layers: Layers in Keras' order.
        skip_mismatch: Leave a layer whose weights differ in number or shape as it is, with a warning.

    Raises:
        FileFormatError: Naming the first weight that is missing or has another shape.
    """
    read = _arrays_in(reader, layers, _root(reader), skip_mismatch=skip_mismatch)
    for layer, arrays in read:
        layer.set_weights(arrays)


def _arrays_in(
    reader: Reader, layers: Sequence[Layer], root: str, *, skip_mismatch: bool
) -> list[tuple[Layer, list[np.ndarray[Any, Any]]]]:
    """The arrays of each layer, also of those in models inside the model."""
    read: list[tuple[Layer, list[np.ndarray[Any, Any]]]] = []
    for layer, group in layer_groups(layers, root):
        if layer.inner_graph is not None:
            inner = f"{group}/{ROOT}"
            read.extend(_arrays_in(reader, layer.layers, inner, skip_mismatch=skip_mismatch))
            continue
        weights = [variable.spec for variable in layer.weights]
        try:
            expected = _counted(reader, places(layer.name, group, weights))
            arrays = [reader.read_var(p.group, p.index, p.shape, p.what) for p in expected]
        except FileFormatError as error:
            if not skip_mismatch:
                raise
            warnings.warn(f'{error} "{layer.name}" keeps its values.', stacklevel=4)
            continue
        read.append((layer, arrays))
    return read


def _counted(reader: Reader, expected: list[Place]) -> list[Place]:
    """The same places, after a look that the file has no more arrays there than the layer has."""
    for group in dict.fromkeys(place.group for place in expected):
        wanted = sum(place.group == group for place in expected)
        there = reader.count_vars(group)
        if there > wanted:
            what = expected[0].what.partition(" of ")[2]
            raise refuse(
                f"{reader.path}: {what} has {wanted} weights, the file holds {there} for it.",
                f"{reader.path}：{what} 有 {wanted} 个权重，文件中却有 {there} 个。",
            )
    return expected


def _root(reader: Reader) -> str:
    return OLD_ROOT if not reader.has(ROOT) and reader.has(OLD_ROOT) else ROOT
