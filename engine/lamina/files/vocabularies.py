"""Vocabularies that Keras keeps beside the configuration: a token in each line of a member of the archive.

They are put into the configuration of their layers before it is read, which is where this library has them.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from lamina.files.archive import Archive
from lamina.files.hdf5 import open_reader
from lamina.files.keras_objects import refuse
from lamina.naming import snake_case

LOOKUPS = ("StringLookup", "IntegerLookup", "TextVectorization")
MODELS = {"Sequential": "sequential", "Functional": "functional", "Model": "functional"}


def with_vocabularies(config: Mapping[str, Any], archive: Archive) -> Mapping[str, Any]:
    """The configuration of a model with the vocabularies of the archive in it."""
    if not any(True for _ in _wanting(config, "layers")):
        return config
    filled = copy.deepcopy(dict(config))
    for entry, group in _wanting(filled, "layers"):
        own, lines = entry["config"], archive.lines(f"assets/{group}/vocabulary.txt")
        if lines is None:
            continue
        tokens: list[Any] = lines
        if entry["class_name"] == "IntegerLookup":
            tokens = _whole(lines, group, archive)
        own["vocabulary"] = tokens
        if own.get("output_mode") == "tf_idf":
            sizes = {(len(tokens),), (own.get("max_tokens") or len(tokens),)}
            with archive.weights() as file, open_reader(file, archive.path) as reader:
                weights: np.ndarray[Any, Any] = reader.read_array(
                    f"{group}/vars/idf_weights", sizes, f"idf_weights of {group}"
                )
            own["idf_weights"] = weights[: len(tokens)].tolist()
    return filled


def _whole(lines: list[str], group: str, archive: Archive) -> list[int]:
    try:
        return [int(line) for line in lines]
    except ValueError as error:
        raise refuse(
            f"{archive.path}: the vocabulary of {group} should be whole numbers ({error}).",
            f"{archive.path}：{group} 的词表应为整数（{error}）。",
        ) from error


def _wanting(model: Any, root: str) -> Iterator[tuple[dict[str, Any], str]]:
    """The layers of a model, and of those in it, that have their vocabulary elsewhere, with their groups."""
    config = model.get("config") if isinstance(model, Mapping) else None
    entries = config.get("layers") if isinstance(config, Mapping) else None
    used: Counter[str] = Counter()
    for entry in entries if isinstance(entries, list) else ():
        name = entry.get("class_name") if isinstance(entry, Mapping) else None
        if not isinstance(name, str):
            continue
        called = MODELS.get(name) or snake_case(name)
        group = f"{root}/{called}_{used[called]}" if used[called] else f"{root}/{called}"
        used[called] += 1
        own = entry.get("config")
        if name in MODELS:
            yield from _wanting(entry, f"{group}/layers")
        elif name in LOOKUPS and isinstance(own, dict) and own.get("vocabulary") is None:
            yield entry, group
