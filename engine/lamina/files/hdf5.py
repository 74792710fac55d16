"""HDF5 as weights files use it: groups of groups, with a `vars` group of numbered arrays in each.

Reading believes nothing: only hard links are followed, data must lie inside the file, and an array
is read only when its shape is the expected one and the bytes it takes are really there.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import h5py
import numpy as np

from lamina.errors import FileFormatError
from lamina.text import Text

MAX_EXPANSION = 1000
BUILT_IN_FILTERS = {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32}
"""Filters that the library itself holds; any other would be loaded from a plug-in."""

SIGNATURE = b"\x89HDF\r\n\x1a\n"


def is_hdf5(path: Path) -> bool:
    """Whether the file begins as HDF5 does; its name does not matter."""
    with path.open("rb") as file:
        return file.read(8) == SIGNATURE


# ---------------------------------------------------------------------------------------------
# write


class Writer:
    """Writes `vars` groups in the order of the calls; the same calls make the same bytes."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = h5py.File(file, "w")

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *exception: object) -> None:
        self._file.close()

    def write_vars(self, path: str, arrays: Sequence[np.ndarray[Any, Any]], *, name: str) -> None:
        """The group `<path>/vars` with the arrays as `0`, `1` …, and the object's name."""
        self.write_store(path, {str(i): array for i, array in enumerate(arrays)}, name=name)

    def write_store(self, path: str, arrays: Mapping[str, Any], *, name: str) -> None:
        """The group `<path>/vars` with the arrays by name, and the object's name."""
        group = self._file.create_group(f"{path}/vars" if path else "vars")
        group.attrs["name"] = name
        for key, array in arrays.items():
            group.create_dataset(key, data=as_array(array))


def as_array(value: Any) -> np.ndarray[Any, Any]:
    """A weight, a tensor or a number as an array."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
    return np.asarray(value)


# ----------------------------------------------------------------------------------------------
# read


class Reader:
    """A weights file from anyone. Use `open_reader`."""

    def __init__(self, file: h5py.File, path: Path) -> None:
        self._file = file
        self.path = path

    def has(self, path: str) -> bool:
        """Whether there is a group at the path, reached by hard links only."""
        return self._group(path) is not None

    def count_vars(self, path: str) -> int:
        """Number of arrays in `<path>/vars`; 0 when there is no such group."""
        group = self._group(f"{path}/vars" if path else "vars")
        return 0 if group is None else len(group)

    def names(self, path: str) -> list[str]:
        """Names of what a group holds; none when there is no such group."""
        group = self._group(path)
        return [] if group is None else sorted(group)

    def read_any(self, path: str) -> np.ndarray[Any, Any]:
        """The array at the path, of any shape, as long as its bytes are really there."""
        dataset = self._dataset(path, path)
        if dataset.shape is None:
            raise self._refuse(path, "has no values")
        self._check_storage(dataset, path)
        return self._values(dataset, path)

    def check_var(self, path: str, index: int, shape: tuple[int, ...], what: str) -> None:
        """Raise what `read_var` would, without reading the values."""
        self._checked(path, index, {shape}, what)

    def read_var(
        self, path: str, index: int, shape: tuple[int, ...], what: str
    ) -> np.ndarray[Any, Any]:
        """The array `<path>/vars/<index>`.

        Args:
            shape: What it must be.
            what: The weight as the user knows it, for messages.

        Raises:
            FileFormatError: If it is missing, of another shape, or not plainly stored.
        """
        return self._values(self._checked(path, index, {shape}, what), what)

    def read_one_of(
        self, path: str, index: int, shapes: Collection[tuple[int, ...]]
    ) -> np.ndarray[Any, Any]:
        """The array `<path>/vars/<index>`, whose shape must be one of `shapes`."""
        what = f"{path}/vars/{index}"
        return self._values(self._checked(path, index, shapes, what), what)

    def _values(self, dataset: h5py.Dataset, what: str) -> np.ndarray[Any, Any]:
        try:
            values = np.asarray(dataset[()])
        except (OSError, RuntimeError, ValueError) as error:
            raise self._refuse(what, f"cannot be read ({error})") from error
        # numpy has no bfloat16: it is stored as the upper half of a float32.
        return _from_bfloat16(values) if values.dtype.kind == "V" else values

    def group(self, path: str) -> h5py.Group | None:
        """The group at the path, reached by hard links only; None when there is none."""
        return self._file if not path else self._group(path)

    def array_shape(self, path: str, what: str) -> tuple[int, ...]:
        """Shape of the array at the path; raises when it is missing or empty."""
        shape = self._dataset(path, what).shape
        if shape is None:
            raise self._refuse(what, "has no values")
        return tuple(shape)

    def read_array(
        self, path: str, shapes: Collection[tuple[int, ...]], what: str
    ) -> np.ndarray[Any, Any]:
        """The array at the path, which must have one of the shapes and be plainly stored."""
        return self._values(self._fitting(self._dataset(path, what), shapes, what), what)

    def _dataset(self, path: str, what: str) -> h5py.Dataset:
        parent, _, name = path.rpartition("/")
        group = self.group(parent)
        dataset = None if group is None or not name else self._member(group, name)
        if not isinstance(dataset, h5py.Dataset):
            raise self._refuse(what, "is missing")
        return dataset

    def _checked(
        self, path: str, index: int, shapes: Collection[tuple[int, ...]], what: str
    ) -> h5py.Dataset:
        dataset = self._dataset(f"{path}/vars/{index}" if path else f"vars/{index}", what)
        return self._fitting(dataset, shapes, what)

    def _fitting(
        self, dataset: h5py.Dataset, shapes: Collection[tuple[int, ...]], what: str
    ) -> h5py.Dataset:
        if dataset.shape not in shapes:
            needed = (
                " or ".join(map(str, sorted(shapes))) if len(shapes) < 4 else "that of a weight"
            )
            raise self._refuse(what, f"has the shape {dataset.shape}, not {needed}")
        self._check_storage(dataset, what)
        return dataset

    def _check_storage(self, dataset: h5py.Dataset, what: str) -> None:
        plain = dataset.dtype.kind in "fiu" or (
            dataset.dtype.kind == "V" and dataset.dtype.itemsize == 2
        )
        if not plain or dataset.dtype.fields is not None:
            raise self._refuse(what, f"holds {dataset.dtype}, not plain numbers")
        if dataset.is_virtual or dataset.external is not None:
            raise self._refuse(what, "keeps its values in another file")
        filters = dataset.id.get_create_plist()
        codes = {filters.get_filter(i)[0] for i in range(filters.get_nfilters())}
        if codes - BUILT_IN_FILTERS:
            raise self._refuse(what, "is packed in a way that is not supported")
        size = math.prod(dataset.shape) * dataset.dtype.itemsize
        stored = dataset.id.get_storage_size()
        if size > stored * (MAX_EXPANSION if codes else 1):
            raise self._refuse(what, f"declares {size} bytes, but {stored} are stored")

    def _group(self, path: str) -> h5py.Group | None:
        group: Any = self._file
        for name in path.split("/"):
            group = self._member(group, name)
            if not isinstance(group, h5py.Group):
                return None
        return group

    def _member(self, group: h5py.Group, name: str) -> Any:
        """A member of a group, None when there is none."""
        try:
            link = group.get(name, getlink=True)
            if link is None:
                return None
            if not isinstance(link, h5py.HardLink):
                raise FileFormatError(
                    Text(
                        f'{self.path}: "{group.name}/{name}" is a link to elsewhere; it is not followed.',
                        f"{self.path}：“{group.name}/{name}”是指向别处的链接，不会跟随。",
                    )
                )
            return group[name]
        except (OSError, RuntimeError, KeyError, ValueError) as error:
            raise unreadable(self.path, error) from error

    def _refuse(self, what: str, reason: str) -> FileFormatError:
        return FileFormatError(
            Text(f"{self.path}: {what} {reason}.", f"{self.path}：{what} 无法使用：{reason}。")
        )


@contextmanager
def open_reader(file: IO[bytes] | Path, path: Path) -> Iterator[Reader]:
    """Open a weights file for reading.

    Args:
        file: An open file, or the path itself.
        path: The file as the user knows it, for messages.

    Raises:
        FileFormatError: If it is not HDF5.
    """
    try:
        opened = h5py.File(file, "r")
    except (OSError, RuntimeError, ValueError) as error:
        raise unreadable(path, error) from error
    with opened:
        yield Reader(opened, path)


def unreadable(path: Path, error: Exception) -> FileFormatError:
    """The error for a file whose HDF5 structure is broken."""
    if isinstance(error, FileFormatError):
        return error
    return FileFormatError(
        Text(
            f"{path} holds no readable weights: {error}.",
            f"{path} 中没有可读取的权重：{error}。",
        )
    )


def _from_bfloat16(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return (values.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
