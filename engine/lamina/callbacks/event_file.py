"""TensorBoard's event files, written without TensorBoard.

A file is a row of TFRecords (length, checksum, bytes, checksum; CRC-32C, masked) of `Event` messages in protocol
buffers' wire form. Only the few fields that scalars, histograms and text need are here. Formats:
tensorflow/core/util/event.proto, framework/summary.proto and lib/io/record_writer.h.
"""

from __future__ import annotations

import itertools
import os
import socket
import struct
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np

_numbers = itertools.count()


def _make_table() -> list[int]:
    table = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


TABLE = _make_table()


def crc32c(data: bytes) -> int:
    """Castagnoli's checksum.

    >>> hex(crc32c(b"123456789"))
    '0xe3069283'
    """
    crc = 0xFFFFFFFF
    for byte in data:
        crc = TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def masked(data: bytes) -> int:
    """The checksum as TFRecords hold it."""
    crc = crc32c(data)
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def record(data: bytes) -> bytes:
    """One TFRecord."""
    length = struct.pack("<Q", len(data))
    return length + struct.pack("<I", masked(length)) + data + struct.pack("<I", masked(data))


# --- protocol buffers -------------------------------------------------------------------------------------------------


def _varint(value: int) -> bytes:
    out = bytearray()
    value &= (1 << 64) - 1
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _bytes(number: int, value: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _integer(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _double(number: int, value: float) -> bytes:
    return _varint(number << 3 | 1) + struct.pack("<d", value)


def _doubles(number: int, values: Iterable[float]) -> bytes:
    return _bytes(number, b"".join(struct.pack("<d", value) for value in values))


def scalar(tag: str, value: float) -> bytes:
    """A `Summary.Value` of one number."""
    return _bytes(1, tag.encode()) + _varint(2 << 3 | 5) + struct.pack("<f", value)


def histogram(tag: str, values: np.ndarray, bins: int = 30) -> bytes:
    """A `Summary.Value` of how values are spread; what is not finite is left out."""
    flat = values.astype(np.float64).ravel()
    flat = flat[np.isfinite(flat)]
    counts, edges = np.histogram(flat, bins) if flat.size else (np.zeros(1), np.zeros(2))
    message = b"".join(
        (
            _double(1, float(flat.min(initial=np.inf)) if flat.size else 0.0),
            _double(2, float(flat.max(initial=-np.inf)) if flat.size else 0.0),
            _double(3, float(flat.size)),
            _double(4, float(flat.sum())),
            _double(5, float(np.square(flat).sum())),
            _doubles(6, edges[1:]),
            _doubles(7, counts),
        )
    )
    return _bytes(1, tag.encode()) + _bytes(5, message)


def text(tag: str, value: str) -> bytes:
    """A `Summary.Value` of text, in Markdown."""
    strings = 7
    tensor = _integer(1, strings) + _bytes(8, value.encode())
    plugin = _bytes(1, _bytes(1, b"text"))
    return _bytes(1, tag.encode()) + _bytes(8, tensor) + _bytes(9, plugin)


class EventFile:
    """A file in a folder that TensorBoard watches.

    Args:
        folder: Made when it does not exist.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{int(time.time()):010d}.{socket.gethostname()}.{os.getpid()}.{next(_numbers)}"
        self.path = folder / f"events.out.tfevents.{name}.v2"
        self._file = self.path.open("wb")
        self._write(_bytes(3, b"brain.Event:2"))

    def add(self, step: int, *values: bytes) -> None:
        """Write values of one step."""
        summary = b"".join(_bytes(1, value) for value in values)
        self._write(_integer(2, step) + _bytes(5, summary))

    def _write(self, event: bytes) -> None:
        self._file.write(record(_double(1, time.time()) + event))

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._file.close()
