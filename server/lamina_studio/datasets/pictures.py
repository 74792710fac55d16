"""PNG pictures from arrays: enough for thumbnails, with nothing but zlib."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np

_COLOUR_TYPES = {1: 0, 3: 2}
"""PNG's colour type by the number of channels."""


def png_data_url(pixels: np.ndarray) -> str:
    """A picture as a data URL.

    Args:
        pixels: uint8 (height, width, channels) with 1 or 3 channels.
    """
    return "data:image/png;base64," + base64.b64encode(encode_png(pixels)).decode()


def encode_png(pixels: np.ndarray) -> bytes:
    """A PNG file of uint8 (height, width, channels) with 1 or 3 channels."""
    height, width, channels = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, 8, _COLOUR_TYPES[channels], 0, 0, 0)
    rows = np.ascontiguousarray(pixels, dtype=np.uint8).reshape(height, width * channels)
    unfiltered = np.hstack([np.zeros((height, 1), np.uint8), rows])  # each row begins with filter 0
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", header),
            _chunk(b"IDAT", zlib.compress(unfiltered.tobytes())),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
