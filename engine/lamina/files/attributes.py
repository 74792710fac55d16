"""Attributes of HDF5 groups as the old `.h5` files use them: JSON texts and lists of names.

An attribute may be as large as its file says, so its declared size is looked at before it is read. A list
too long for one attribute (HDF5 gives one 64 KiB) is spread over `name0`, `name1` …
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from lamina.files.archive import MAX_JSON_BYTES, MAX_JSON_VALUES
from lamina.files.hdf5 import unreadable
from lamina.files.keras_objects import refuse

MAX_ATTRIBUTE_BYTES = 64_512
MAX_NAMES = 200_000
MAX_CHUNKS = 2_000


def write_names(group: h5py.Group, name: str, values: Sequence[str]) -> None:
    """A list of names, in as many attributes as it takes."""
    encoded = np.array([value.encode() for value in values], dtype="S") if values else np.array([])
    chunks = [encoded]
    while any(chunk.nbytes > MAX_ATTRIBUTE_BYTES for chunk in chunks):
        chunks = np.array_split(encoded, len(chunks) + 1)
    for number, chunk in enumerate(chunks):
        group.attrs[name if len(chunks) == 1 else f"{name}{number}"] = chunk


def read_json(group: h5py.Group, name: str, path: Path) -> dict[str, Any] | None:
    """The JSON object in an attribute; None when there is none.

    Raises:
        FileFormatError: If it is no JSON object, or larger than any model needs.
    """
    value = _read(group, name, path)
    if value is None:
        return None
    data = _encoded(value, name, path)
    if len(data) > MAX_JSON_BYTES or sum(data.count(c) for c in b"[{,:") > MAX_JSON_VALUES:
        raise refuse(
            f"{path}: {name} holds more values than any model needs.",
            f"{path}：{name} 包含过多的值。",
        )
    try:
        parsed = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise refuse(
            f"{path}: {name} is no valid JSON ({error}).",
            f"{path}：{name} 不是有效的 JSON（{error}）。",
        ) from error
    if not isinstance(parsed, dict):
        raise refuse(f"{path}: {name} is not an object.", f"{path}：{name} 不是对象。")
    return parsed


def read_text(group: h5py.Group, name: str, path: Path) -> str | None:
    """A short text in an attribute; None when there is none."""
    value = _read(group, name, path)
    return None if value is None else _encoded(value, name, path).decode(errors="replace")


def read_names(group: h5py.Group, name: str, path: Path) -> list[str]:
    """A list of names, from one attribute or from its parts; empty when there is none."""
    return [
        _encoded(value, name, path).decode(errors="replace")
        for values in _parts(group, name, path)
        for value in np.asarray(values).reshape(-1)
    ]


def _parts(group: h5py.Group, name: str, path: Path) -> Iterator[Any]:
    whole = _read(group, name, path)
    if whole is not None:
        yield whole
        return
    for number in range(MAX_CHUNKS):
        part = _read(group, f"{name}{number}", path)
        if part is None:
            return
        yield part


def _read(group: h5py.Group, name: str, path: Path) -> Any:
    try:
        if name not in group.attrs:
            return None
        attribute = h5py.h5a.open(group.id, name.encode())
        count = int(np.prod(attribute.shape, dtype=np.float64))
        is_text = attribute.dtype.kind in "SO" or count == 0
        size = count * attribute.dtype.itemsize
        if not is_text or count > MAX_NAMES or size > MAX_JSON_BYTES:
            raise refuse(
                f"{path}: the attribute {name} declares {count} values of {attribute.dtype}, "
                "which is no list of names.",
                f"{path}：属性 {name} 声明了 {count} 个 {attribute.dtype} 值，不是名称列表。",
            )
        return group.attrs[name]
    except (OSError, RuntimeError, KeyError, TypeError, ValueError) as error:
        raise unreadable(path, error) from error


def _encoded(value: Any, name: str, path: Path) -> bytes:
    if isinstance(value, str):
        return value.encode(errors="replace")
    if isinstance(value, bytes):
        return bytes(value)
    raise refuse(f"{path}: {name} holds no text.", f"{path}：{name} 不是文本。")
