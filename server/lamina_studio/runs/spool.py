"""The spool: an append-only file of records through which a trainer speaks to the server.

A file is the 8 bytes of `MAGIC`, then records of

    length of the payload   4 bytes, little endian
    CRC-32 of the payload   4 bytes, little endian
    payload                 that many bytes (JSON by convention; the spool does not look inside)

One process writes; any number read, each from an offset that it remembers. A record counts as
recorded once it is whole and its CRC fits. A torn tail, left by a kill or a power cut, ends the
file for readers; the writer cuts it off before it appends. Standard library only: the file is
written before the trainer has imported anything heavy.
"""

import os
import struct
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Self

MAGIC = b"LMSPOOL1"
MAX_PAYLOAD_BYTES = 16 * 2**20

_HEADER = struct.Struct("<II")
_READ_BYTES = 1 << 20
_sync_data = getattr(os, "fdatasync", os.fsync)  # macOS has no fdatasync


class SpoolWriter:
    """Appends records; call it from one thread.

    Args:
        path: Created when it does not exist. An existing file is continued after its last whole
            record.
    """

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._end = self._recover(path)
        self._is_synced = True

    def _recover(self, path: Path) -> int:
        if os.fstat(self._fd).st_size < len(MAGIC):
            os.ftruncate(self._fd, 0)
            os.pwrite(self._fd, MAGIC, 0)
            return len(MAGIC)
        with SpoolReader(path) as reader:
            while reader.read():
                pass
            os.ftruncate(self._fd, reader.offset)
            return reader.offset

    def append(self, payloads: Iterable[bytes]) -> None:
        """Write all the records in one go, or none of them.

        Raises:
            OSError: The disk is full, for example. The file then ends where it ended before, so
                the same call can be tried again.
        """
        block = b"".join(part for payload in payloads for part in _framed(payload))
        written = 0
        try:
            while written < len(block):
                written += os.pwrite(self._fd, block[written:], self._end + written)
        except OSError:
            os.ftruncate(self._fd, self._end)
            raise
        self._end += len(block)
        self._is_synced = self._is_synced and not block

    def sync(self) -> None:
        """Return when everything appended would survive a power cut."""
        if not self._is_synced:
            _sync_data(self._fd)
            self._is_synced = True

    def close(self) -> None:
        """Sync and close."""
        self.sync()
        os.close(self._fd)


def _framed(payload: bytes) -> tuple[bytes, bytes]:
    assert len(payload) <= MAX_PAYLOAD_BYTES
    return _HEADER.pack(len(payload), zlib.crc32(payload)), payload


class SpoolReader:
    """Reads records as they arrive.

    Args:
        path: The file may still be growing.
        offset: Where an earlier reader stopped (its `offset`); 0 reads from the start.

    Attributes:
        offset: Just behind the last record that `read` has returned.
    """

    def __init__(self, path: Path, offset: int = 0) -> None:
        self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self.offset = offset

    def read(self, limit: int = 4096) -> list[bytes]:
        """Return the next whole records, at most about `limit`; none when there is nothing new.

        Raises:
            ValueError: The file is not a spool.
        """
        if self.offset == 0 and not self._read_magic():
            return []
        payloads: list[bytes] = []
        while len(payloads) < limit:
            found = self._read_block(limit - len(payloads))
            if not found:
                break
            payloads += found
        return payloads

    def _read_magic(self) -> bool:
        start = os.pread(self._fd, len(MAGIC), 0)
        if not MAGIC.startswith(start):
            raise ValueError(f"Not a spool: the file starts with {start!r}, not with {MAGIC!r}.")
        if len(start) < len(MAGIC):
            return False
        self.offset = len(MAGIC)
        return True

    def _read_block(self, limit: int) -> list[bytes]:
        block = os.pread(self._fd, _READ_BYTES, self.offset)
        if len(block) >= _HEADER.size:
            length = _HEADER.unpack_from(block)[0]
            if _READ_BYTES < _HEADER.size + length <= _HEADER.size + MAX_PAYLOAD_BYTES:
                block = os.pread(self._fd, _HEADER.size + length, self.offset)
        payloads, used = _whole_records(block, limit)
        self.offset += used
        return payloads

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _whole_records(block: bytes, limit: int) -> tuple[list[bytes], int]:
    payloads: list[bytes] = []
    at = 0
    while len(payloads) < limit and at + _HEADER.size <= len(block):
        length, crc = _HEADER.unpack_from(block, at)
        end = at + _HEADER.size + length
        payload = block[at + _HEADER.size : end]
        if end > len(block) or zlib.crc32(payload) != crc:
            break
        payloads.append(payload)
        at = end
    return payloads, at
