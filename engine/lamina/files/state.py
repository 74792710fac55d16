"""Where the weights of layers stand that hold other layers: by the attributes they are in, as Keras walks over them.

A layer's own weights stand in `vars` of its group; those of a layer in an attribute in a group of the attribute's
name, of layers in a list or dict in groups by their classes: `layers/block/rest/dense_1/vars/0`. Attributes come in
the order of their names, private ones last, and a layer that two attributes hold stands where the first one is.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from lamina.files.hdf5 import Reader
from lamina.files.keras_objects import refuse
from lamina.layer import Layer
from lamina.naming import snake_case
from lamina.operation import Op


def walk(
    layer: Layer, group: str, seen: set[int] | None = None
) -> Iterator[tuple[Layer, str, bool]]:
    """A layer and all in it with their groups, and whether the layer walks over what is in it.

    Those that do not are of the library: they state where each of their weights stands.
    """
    seen = set() if seen is None else seen
    if id(layer) in seen or isinstance(layer, Op):
        return
    seen.add(id(layer))
    is_open = layer.uses_call or layer.inner_graph is not None
    yield layer, group, is_open
    if not is_open:
        return
    for name, value in _attributes(layer):
        yield from _walk_value(value, _join(group, name), seen)


def _walk_value(value: Any, group: str, seen: set[int]) -> Iterator[tuple[Layer, str, bool]]:
    if isinstance(value, Layer):
        yield from walk(value, group, seen)
    elif isinstance(value, (list, tuple, dict)):
        yield from _walk_container(value, group, seen)


def _walk_container(
    container: Any, group: str, seen: set[int]
) -> Iterator[tuple[Layer, str, bool]]:
    for item, place in places_in(container, group):
        yield from _walk_value(item, place, seen)


def places_in(container: Any, group: str) -> Iterator[tuple[Any, str]]:
    """What of a list or dict can hold weights, with the group of each."""
    used: Counter[str] = Counter()
    for item in list(container.values() if isinstance(container, dict) else container):
        if isinstance(item, Layer) and not isinstance(item, Op):
            name = class_group(item)
        elif isinstance(item, (list, tuple, dict)):
            name = "container"
        else:
            continue
        yield item, _join(group, f"{name}_{used[name]}" if used[name] else name)
        used[name] += 1


def class_group(layer: Layer) -> str:
    """The class of a layer as groups are called; models have the names of Keras' classes."""
    if layer.inner_graph is None or not type(layer).__module__.startswith("lamina."):
        return snake_case(type(layer).__name__)
    is_sequential = getattr(layer, "is_sequential", None)
    if is_sequential is None:
        is_sequential = layer.content.sequential
    return "sequential" if is_sequential else "functional"


def _attributes(layer: Layer) -> Iterator[tuple[str, Any]]:
    model: Any = layer
    if layer.inner_graph is not None:  # what a model is made of goes first
        yield "layers", model.layers
    names = {*layer.__dict__, *layer._modules, *_layers_of_class(type(layer))}
    if hasattr(type(layer), "layers"):
        names.add("layers")
    for name in sorted(
        names - _of_every_layer(), key=lambda name: ("~" if name[0] == "_" else "") + name
    ):
        if not name.startswith("__") and " " not in name:
            yield name, getattr(layer, name)


def _layers_of_class(cls: type[Any]) -> set[str]:
    """Attributes of a user's classes, such as a list of layers that all objects share."""
    kinds = (Layer, list, tuple, dict)
    own = [base for base in cls.__mro__ if not base.__module__.startswith(("lamina.", "torch."))]
    return {key for base in own for key, value in vars(base).items() if isinstance(value, kinds)}


@cache
def _of_every_layer() -> frozenset[str]:
    """Attributes that are no part of what a user wrote."""
    return frozenset({*vars(Layer(name="any")), *dir(Layer), *_OF_MODELS} - {"layers"})


_OF_MODELS = {
    "graph", "layers_by_node", "inputs", "outputs", "input", "output", "input_nest", "output_nest", "_all_layers",
    "_programs", "trainer", "history", "chain", "_calls", "made_with", "build_shapes", "first_weights", "states", "optimizer",
}  # fmt: skip


def _join(group: str, name: str) -> str:
    return f"{group}/{name}" if group else name


def write_assets(model: Layer) -> dict[str, bytes]:
    """The further files that layers with a `save_assets(folder)` write, by their paths."""
    found: dict[str, bytes] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for layer, group, _ in walk(model, ""):
            save = getattr(layer, "save_assets", None)
            if save is not None:
                target = folder / group
                target.mkdir(parents=True, exist_ok=True)
                save(str(target))
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                found[path.relative_to(folder).as_posix()] = path.read_bytes()
    return found


def read_assets(model: Layer, folder: Path | None, group: str = "") -> None:
    """Let layers with a `load_assets(folder)` read theirs."""
    for layer, place, _ in walk(model, group):
        load = getattr(layer, "load_assets", None)
        if load is not None:
            if folder is None:
                raise refuse(
                    f'"{layer.name}" ({type(layer).__name__}) has files of its own, which are missing in this one.',
                    f"“{layer.name}”（{type(layer).__name__}）需要自己的文件，但此文件中没有。",
                )
            load(str(folder / place))


class Store(Mapping[str, np.ndarray[Any, Any]]):
    """The arrays in the `vars` group of a layer, as `load_own_variables` takes them.

    Args:
        reader: The open file.
        group: The layer's group.
    """

    def __init__(self, reader: Reader, group: str) -> None:
        self._reader = reader
        self._group = _join(group, "vars")
        self._names: Sequence[str] = reader.names(self._group)

    def __getitem__(self, key: str) -> np.ndarray[Any, Any]:
        if str(key) not in self._names:
            raise KeyError(key)
        return self._reader.read_any(f"{self._group}/{key}")

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)
