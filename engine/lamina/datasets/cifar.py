"""CIFAR in its binary form: a tar archive of records, each some labels and then one picture.

A picture is 3072 bytes: 1024 red, then 1024 green, then 1024 blue, row by row. The other form of
these data sets is a pickle, which is never read here.
"""

from __future__ import annotations

import io
import tarfile
import zlib
from collections.abc import Sequence

import numpy as np

from lamina.errors import DatasetError
from lamina.text import Text

PICTURE_BYTES = 3 * 32 * 32


def parse_records(data: bytes, labels: int, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Labels (samples, labels) and pictures (samples, 32, 32, 3), both uint8.

    Args:
        data: The records, one after the other.
        labels: Bytes of labels before each picture.
        name: The file as the user knows it, for the messages.

    Raises:
        DatasetError: If it does not hold a whole number of records.
    """
    size = labels + PICTURE_BYTES
    if not data or len(data) % size:
        raise DatasetError(
            Text(
                f"{name} must hold records of {size} bytes, but has {len(data)} bytes.",
                f"{name} 应由 {size} 字节的记录组成，实际为 {len(data)} 字节。",
            )
        )
    records = np.frombuffer(data, np.uint8).reshape(-1, size)
    pictures = records[:, labels:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return records[:, :labels].copy(), np.ascontiguousarray(pictures)


def read_members(archive: bytes, members: Sequence[str], most: int, name: str) -> list[bytes]:
    """The named files of a packed tar archive, in this order; nothing is written to disk.

    Args:
        archive: The whole file, packed by gzip.
        most: Bytes that a member may have at most.
        name: The archive as the user knows it, for the messages.

    Raises:
        DatasetError: If it is damaged, or lacks one of them.
    """
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r|gz") as tar:
            for member in tar:
                if member.name in members and member.isreg() and member.size <= most:
                    content = tar.extractfile(member)
                    assert content is not None, "a regular file has content"
                    found[member.name] = content.read()
                if len(found) == len(members):
                    break
    except (OSError, EOFError, tarfile.TarError, zlib.error, ValueError) as error:
        raise DatasetError(
            Text(f"{name} cannot be read: {error}.", f"无法读取 {name}：{error}。")
        ) from error
    missing = [member for member in members if member not in found]
    if missing:
        raise DatasetError(
            Text(f"{name} holds no {', '.join(missing)}.", f"{name} 中没有 {'、'.join(missing)}。")
        )
    return [found[member] for member in members]
