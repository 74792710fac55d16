"""The layout of `model.weights.h5` and `*.weights.h5`, which hold the same.

A layer's arrays stand under `layers/<class in snake case, then _1, _2 …>/vars/0, 1 …`, numbered in
the order in which Keras lists the layers and not by their names; trainable ones first. Recurrent
layers keep theirs one group deeper, in `cell`. The optimizer's follow under `optimizer/vars`.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from lamina.calls import Slot
from lamina.errors import FileFormatError
from lamina.files.hdf5 import Reader, Writer
from lamina.files.keras_objects import refuse
from lamina.files.state import Store, places_in, read_assets, walk
from lamina.graph.blocks import BlockLayer
from lamina.graph.document import Graph, call_structure
from lamina.graph.order import keras_order
from lamina.graph.report import Report
from lamina.layer import Layer, Weight
from lamina.operation import Op

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


def write_state(writer: Writer, model: Layer) -> None:
    """Write the weights of a model and of all layers in it."""
    for layer, group, is_open in walk(model, ""):
        if is_open:
            store: dict[str, Any] = {}
            layer.save_own_variables(store)
            writer.write_store(group, store, name=layer.name)
        else:
            _write_stated(writer, layer, group)


def _write_stated(writer: Writer, layer: Layer, group: str) -> None:
    """The weights of a layer that states where each of them stands."""
    inner: dict[str, list[int]] = {}
    for position, variable in enumerate(layer.weights):
        inner.setdefault(variable.file_group, []).append(position)
    values = layer.get_weights()
    for file_group, positions in inner.items():
        if file_group:
            arrays = [values[position] for position in positions]
            writer.write_vars(f"{group}/{file_group}", arrays, name=f"{layer.name}_{file_group}")
    named = {"": {}, **layer.named_arrays()}
    numbered = {str(i): values[p] for i, p in enumerate(inner.get("", ()))}
    for sub, arrays_by_name in named.items():
        own = arrays_by_name if sub else {**numbered, **arrays_by_name}
        writer.write_store(f"{group}/{sub}" if sub else group, own, name=layer.name)


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
    """The arrays of each node that owns weights, in Keras' layout and order; `block/node` inside a block."""
    return {
        node_id: [reader.read_var(p.group, p.index, p.shape, p.what) for p in expected]
        for node_id, expected in _expected(reader, graph, report)
        if expected
    }


def read_given(
    reader: Reader, graph: Graph, report: Report, assets: Path | None
) -> list[np.ndarray[Any, Any]]:
    """Read the weights of the layers that the graph does not describe, which are built; gives what they are then."""
    found: list[np.ndarray[Any, Any]] = []
    for _, layer, group, _ in _owners(graph, report, _root(reader)):
        if layer.uses_call or (layer.inner_graph is not None and not isinstance(layer, BlockLayer)):
            read_state(reader, layer, group)
            read_assets(layer, assets, group)
            found.extend(layer.get_weights())
    return found


def _owners(
    graph: Graph, report: Report, root: str, within: str = ""
) -> Iterator[tuple[str, Layer, str, Sequence[tuple[int | None, ...]]]]:
    """Each node that owns a layer, also in blocks: its path, its layer, its group, and the shapes of its inputs."""
    nodes = [node for node in keras_order(graph) if not isinstance(report.layers[node.id], Op)]
    groups = [group for _, group in places_in([report.layers[node.id] for node in nodes], root)]
    for node, group in zip(nodes, groups, strict=True):
        layer, path = report.layers[node.id], f"{within}{node.id}"
        if isinstance(layer, BlockLayer):
            inner = f"{group}/{ROOT}"
            yield from _owners(layer.inner_graph, layer.report, inner, f"{path}/")
            continue
        slots = [slot.index for slot in call_structure(node)[0] if isinstance(slot, Slot)]
        edges = [node.inputs[index] for index in slots]
        yield path, layer, group, [report.nodes[e.node].outputs[e.output].shape for e in edges]


def _expected(reader: Reader, graph: Graph, report: Report) -> Iterator[tuple[str, list[Place]]]:
    """Where the weights of each node should stand, from the closed-form shapes alone."""
    for path, layer, group, shapes in _owners(graph, report, _root(reader)):
        if not layer.uses_call and layer.inner_graph is None:
            weights = in_file_order(list(layer.weights_for(*shapes)))
            name = path.rpartition("/")[2]
            yield path, _counted(reader, places(name, group, weights))


def read_state(
    reader: Reader, model: Layer, group: str = "", *, skip_mismatch: bool = False
) -> None:
    """Read the weights of a model or a layer, which must be built. Sets all or, when one is wrong, none.

    Args:
        reader: The open file.
        model: The model or layer.
        group: Its group.
        skip_mismatch: Leave a layer whose weights differ in number or shape as it is, with a warning.

    Raises:
        FileFormatError: Naming the first weight that is missing or has another shape.
    """
    ready: list[Callable[[], None]] = []
    old = not group and _root(reader) == OLD_ROOT
    for layer, place, is_open in walk(model, group):
        at = f"{OLD_ROOT}{place.removeprefix(ROOT)}" if old and place.startswith(ROOT) else place
        try:
            ready.append(_reading(reader, layer, at, is_open=is_open))
        except FileFormatError as error:
            if not skip_mismatch:
                raise
            warnings.warn(f'{error} "{layer.name}" keeps its values.', stacklevel=4)
    for assign in ready:
        assign()


def _reading(reader: Reader, layer: Layer, group: str, *, is_open: bool) -> Callable[[], None]:
    """What sets the weights of a layer, after a look that the file has them."""
    if is_open and type(layer).load_own_variables is not Layer.load_own_variables:
        return lambda: layer.load_own_variables(Store(reader, group))
    variables = layer.stored_variables if is_open else layer.weights
    weights = [variable.spec for variable in variables]
    if is_open:
        weights = [replace(weight, file_group="") for weight in weights]
    expected = _counted(reader, places(layer.name, group, weights))
    arrays = [reader.read_var(p.group, p.index, p.shape, p.what) for p in expected]

    def assign() -> None:
        for variable, array in zip(variables, arrays, strict=True):
            variable.assign(array)

    return assign


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
