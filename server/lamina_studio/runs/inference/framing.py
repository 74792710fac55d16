"""Messages through a pipe: eight bytes of length, little endian, then the message."""

import struct
from typing import BinaryIO

LENGTH = struct.Struct("<Q")


def framed(message: bytes) -> bytes:
    """A message as it is written."""
    return LENGTH.pack(len(message)) + message


def read_framed(file: BinaryIO) -> bytes | None:
    """The next message, or None at the end."""
    header = file.read(LENGTH.size)
    if len(header) < LENGTH.size:
        return None
    return file.read(LENGTH.unpack(header)[0])
