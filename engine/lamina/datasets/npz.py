"""Read `.npz` files: a zip archive of arrays. Nothing is unpickled; see `object_arrays`."""

from __future__ import annotations

import io
import math
import re
import struct
import zipfile
import zlib
from collections.abc import Sequence

import numpy as np

from lamina.datasets.object_arrays import read_int_lists
from lamina.errors import DatasetError
from lamina.text import Text

LARGEST_ARRAY = 256 << 20
"""Bytes that an array of an archive may have, unpacked."""

_MAGIC = b"\x93NUMPY"
_HEADER = re.compile(
    r"\{'descr': '([^']*)', 'fortran_order': (True|False), 'shape': \(([0-9L, ]*)\), ?\}\s*"
)
_NUMBERS = re.compile(r"[<>|=]?[biuf][1248]")


def read_npz(data: bytes, names: Sequence[str], file: str) -> list[np.ndarray]:
    """The named arrays of an archive.

    Args:
        data: The whole file.
        names: Arrays that it must have; others are left alone.
        file: The file as the user knows it, for the messages.

    Raises:
        DatasetError: If it is damaged, lacks one, or holds anything but numbers and lists of integers.

    >>> file = io.BytesIO()
    >>> np.savez(file, x=np.arange(3))
    >>> [array.tolist() for array in read_npz(file.getvalue(), ["x"], "three.npz")]
    [[0, 1, 2]]
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return [
                read_npy(_member(archive, f"{name}.npy", file), f"{name} of {file}")
                for name in names
            ]
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError) as error:
        if isinstance(error, DatasetError):
            raise
        raise _damaged(file, str(error) or type(error).__name__) from error
    except NotImplementedError as error:  # a compression that zipfile does not have
        raise _damaged(file, str(error)) from error


def read_npy(data: bytes, name: str) -> np.ndarray:
    """One array in numpy's own format: numbers, or lists of integers.

    Args:
        data: The whole file.
        name: The array as the user knows it, for the messages.

    Raises:
        DatasetError: If it is damaged or holds anything else.
    """
    if data[:6] != _MAGIC or len(data) < 12:
        raise _damaged(name, "it does not begin as an array of numpy does")
    layout = "<H" if data[6] == 1 else "<I"
    start = 8 + struct.calcsize(layout)
    (length,) = struct.unpack(layout, data[8:start])
    header = _HEADER.fullmatch(data[start : start + length].decode("latin1"))
    if header is None or not 1 <= data[6] <= 3:
        raise _damaged(name, "its header is not one that numpy writes")
    descr, fortran, sizes = header.groups()
    shape = tuple(int(size.rstrip("L")) for size in re.split(r"[, ]+", sizes) if size.rstrip("L"))
    content = data[start + length :]
    if descr == "|O":
        array = read_int_lists(content, name)
        if shape != array.shape:
            raise _damaged(name, f"it declares the shape {shape}, but has {array.shape}")
        return array
    if not _NUMBERS.fullmatch(descr):
        raise _damaged(name, f"its elements are {descr!r}")
    try:
        dtype = np.dtype(descr)
    except TypeError as error:
        raise _damaged(name, f"its elements are {descr!r}") from error
    if len(content) != math.prod(shape) * dtype.itemsize:
        raise _damaged(
            name, f"it declares the shape {shape} of {dtype}, but holds {len(content)} bytes"
        )
    numbers: np.ndarray = np.frombuffer(content, dtype).copy()
    return numbers.reshape(shape, order="F") if fortran == "True" else numbers.reshape(shape)


def _member(archive: zipfile.ZipFile, name: str, file: str) -> bytes:
    try:
        info = archive.getinfo(name)
    except KeyError as error:
        raise _damaged(file, f"it holds no {name}") from error
    with archive.open(info) as member:
        content = member.read(LARGEST_ARRAY + 1)
    if len(content) > LARGEST_ARRAY:
        raise _damaged(file, f"{name} has more than {LARGEST_ARRAY} bytes")
    return content


def _damaged(name: str, why: str) -> DatasetError:
    return DatasetError(Text(f"{name} cannot be read: {why}.", f"无法读取 {name}：{why}。"))
