"""Keep freed memory in the process between steps.

glibc hands every block above 128 KiB back to the system when it is freed, so each step would map, zero and fault in
the same megabytes again.
"""

from __future__ import annotations

import ctypes
import functools
import os
import platform

M_TRIM_THRESHOLD = -1
M_MMAP_THRESHOLD = -3
LARGEST_HEAP_BLOCK = 1 << 25
"""glibc takes no more than 32 MiB here."""


@functools.cache
def keep_heap() -> bool:
    """Tell glibc to keep what is freed; once, on Linux, unless LAMINA_KEEP_HEAP is 0.

    Returns:
        Whether it was done.
    """
    if platform.libc_ver()[0] != "glibc" or os.environ.get("LAMINA_KEEP_HEAP") == "0":
        return False
    libc = ctypes.CDLL(None)
    return bool(
        libc.mallopt(M_MMAP_THRESHOLD, LARGEST_HEAP_BLOCK)
        and libc.mallopt(M_TRIM_THRESHOLD, (1 << 31) - 1)
    )
