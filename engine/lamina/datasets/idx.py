"""Read IDX, the format in which MNIST was published: a big-endian header, then raw bytes.

Header: two zero bytes, the element type (0x08 = unsigned byte), the number of axes, then one 32-bit
size for each axis.
"""

import math
import struct

import numpy as np

from lamina.errors import DatasetError

UNSIGNED_BYTE = 0x08


def parse_idx(data: bytes, name: str) -> np.ndarray:
    """The array in `data`, as read-only uint8.

    Args:
        data: The whole file.
        name: The file as the user knows it, for the messages.

    Raises:
        DatasetError: If the header is not that of unsigned bytes, or the sizes it declares are not
            the size of the data.

    >>> parse_idx(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9]), "three labels").tolist()
    [7, 8, 9]
    """
    if len(data) < 4 or data[:2] != b"\0\0":
        raise DatasetError(
            f"{name} is not an IDX file: it begins with {data[:4].hex(' ') or 'nothing'}."
        )
    element_type, axes = data[2], data[3]
    if element_type != UNSIGNED_BYTE or axes == 0:
        raise DatasetError(
            f"{name} holds IDX type 0x{element_type:02x} with {axes} axes; "
            "only unsigned bytes (0x08) are read."
        )
    start = 4 + 4 * axes
    if len(data) < start:
        raise DatasetError(f"{name} ends inside its header.")
    shape = struct.unpack(f">{axes}I", data[4:start])
    if len(data) - start != math.prod(shape):
        raise DatasetError(
            f"{name} declares the shape {shape}, which is {math.prod(shape)} bytes, "
            f"but holds {len(data) - start}."
        )
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)
