"""Hashes of text that are the same everywhere and always, which is what Keras' hashing layers promise.

FarmHash's Fingerprint64 (Pike and Alakuijala 2014) and SipHash-2-4 (Aumasson and Bernstein 2012), written from their
descriptions, over the UTF-8 bytes of a string.
"""

from __future__ import annotations

import struct

_MASK = (1 << 64) - 1
_K0, _K1, _K2 = 0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F


def _rotated(value: int, bits: int) -> int:
    """The 64 bits turned to the right."""
    return (value >> bits | value << (64 - bits)) & _MASK


def _shifted(value: int) -> int:
    return value ^ (value >> 47)


def _word(data: bytes, at: int) -> int:
    found: int = struct.unpack_from("<Q", data, at)[0]
    return found


def _mixed(first: int, second: int, factor: int) -> int:
    """Two words as one."""
    a = _shifted((first ^ second) * factor & _MASK)
    b = _shifted((second ^ a) * factor & _MASK)
    return b * factor & _MASK


def fingerprint64(data: bytes) -> int:
    """FarmHash's 64-bit fingerprint.

    >>> fingerprint64(b"")
    11160318154034397263
    """
    size = len(data)
    if size <= 16:
        return _up_to_16(data)
    if size <= 32:
        return _up_to_32(data)
    return _up_to_64(data) if size <= 64 else _longer(data)


def _up_to_16(data: bytes) -> int:
    size = len(data)
    factor = _K2 + 2 * size & _MASK
    if size >= 8:
        a, b = _word(data, 0) + _K2 & _MASK, _word(data, size - 8)
        c = _rotated(b, 37) * factor + a & _MASK
        d = (_rotated(a, 25) + b) * factor & _MASK
        return _mixed(c, d, factor)
    if size >= 4:
        first, last = (struct.unpack_from("<I", data, at)[0] for at in (0, size - 4))
        return _mixed(size + (first << 3), last, factor)
    if size:
        first, middle, last = data[0], data[size >> 1], data[-1]
        y, z = first + (middle << 8), size + (last << 2)
        return _shifted(y * _K2 & _MASK ^ z * _K0 & _MASK) * _K2 & _MASK
    return _K2


def _up_to_32(data: bytes) -> int:
    size = len(data)
    factor = _K2 + 2 * size & _MASK
    a, b = _word(data, 0) * _K1 & _MASK, _word(data, 8)
    c, d = _word(data, size - 8) * factor & _MASK, _word(data, size - 16) * _K2 & _MASK
    first = _rotated(a + b & _MASK, 43) + _rotated(c, 30) + d & _MASK
    return _mixed(first, a + _rotated(b + _K2 & _MASK, 18) + c & _MASK, factor)


def _up_to_64(data: bytes) -> int:
    size = len(data)
    factor = _K2 + 2 * size & _MASK
    a, b = _word(data, 0) * _K2 & _MASK, _word(data, 8)
    c, d = _word(data, size - 8) * factor & _MASK, _word(data, size - 16) * _K2 & _MASK
    y = _rotated(a + b & _MASK, 43) + _rotated(c, 30) + d & _MASK
    z = _mixed(y, a + _rotated(b + _K2 & _MASK, 18) + c & _MASK, factor)
    e, f = _word(data, 16) * factor & _MASK, _word(data, 24)
    g = (y + _word(data, size - 32)) * factor & _MASK
    h = (z + _word(data, size - 24)) * factor & _MASK
    first = _rotated(e + f & _MASK, 43) + _rotated(g, 30) + h & _MASK
    return _mixed(first, e + _rotated(f + a & _MASK, 18) + g & _MASK, factor)


def _weak(data: bytes, at: int, a: int, b: int) -> tuple[int, int]:
    """Four words and two seeds as two words."""
    w, x, y, z = struct.unpack_from("<4Q", data, at)
    a = a + w & _MASK
    b = _rotated(b + a + z & _MASK, 21)
    c = a
    a = a + x + y & _MASK
    b = b + _rotated(a, 44) & _MASK
    return a + z & _MASK, b + c & _MASK


def _longer(data: bytes) -> int:
    """Blocks of 64 bytes, the last of which may overlap the one before."""
    size, seed = len(data), 81
    y = seed * _K1 + 113 & _MASK
    z = _shifted(y * _K2 + 113 & _MASK) * _K2 & _MASK
    x = seed * _K2 + _word(data, 0) & _MASK
    v, w = (0, 0), (0, 0)
    rest = size - 1 & 63
    for at in range(0, size - 1 - rest, 64):
        x = _rotated(x + y + v[0] + _word(data, at + 8) & _MASK, 37) * _K1 & _MASK
        y = _rotated(y + v[1] + _word(data, at + 48) & _MASK, 42) * _K1 & _MASK
        x ^= w[1]
        y = y + v[0] + _word(data, at + 40) & _MASK
        z = _rotated(z + w[0] & _MASK, 33) * _K1 & _MASK
        v = _weak(data, at, v[1] * _K1 & _MASK, x + w[0] & _MASK)
        w = _weak(data, at + 32, z + w[1] & _MASK, y + _word(data, at + 16) & _MASK)
        x, z = z, x
    factor, at = _K1 + ((z & 0xFF) << 1) & _MASK, size - 64
    first = w[0] + rest & _MASK
    v = (v[0] + first & _MASK, v[1])
    w = (first + v[0] & _MASK, w[1])
    x = _rotated(x + y + v[0] + _word(data, at + 8) & _MASK, 37) * factor & _MASK
    y = _rotated(y + v[1] + _word(data, at + 48) & _MASK, 42) * factor & _MASK
    x ^= w[1] * 9 & _MASK
    y = y + v[0] * 9 + _word(data, at + 40) & _MASK
    z = _rotated(z + w[0] & _MASK, 33) * factor & _MASK
    v = _weak(data, at, v[1] * factor & _MASK, x + w[0] & _MASK)
    w = _weak(data, at + 32, z + w[1] & _MASK, y + _word(data, at + 16) & _MASK)
    x, z = z, x
    low = _mixed(v[0], w[0], factor) + _shifted(y) * _K0 + z & _MASK
    return _mixed(low, _mixed(v[1], w[1], factor) + x & _MASK, factor)


def joined(first: int, second: int) -> int:
    """One fingerprint of two; their order counts."""
    factor = 0xC6A4A7935BD1E995
    found = first ^ factor
    found ^= _shifted(second * factor & _MASK) * factor & _MASK
    found = _shifted(found * factor & _MASK) * factor & _MASK
    return _shifted(found)


def siphash(data: bytes, key: tuple[int, int]) -> int:
    """SipHash-2-4: a hash that nobody without the key can foresee.

    >>> hex(siphash(bytes(range(15)), (0x0706050403020100, 0x0F0E0D0C0B0A0908)))
    '0xa129ca6149be45e5'
    """
    low, high = (part & _MASK for part in key)
    state = [
        low ^ 0x736F6D6570736575, high ^ 0x646F72616E646F6D,
        low ^ 0x6C7967656E657261, high ^ 0x7465646279746573,
    ]  # fmt: skip
    whole = len(data) // 8 * 8
    end = data[whole:].ljust(7, b"\0") + bytes([len(data) & 0xFF])
    for word in (*struct.unpack(f"<{whole // 8}Q", data[:whole]), _word(end, 0)):
        state[3] ^= word
        _rounds(state, 2)
        state[0] ^= word
    state[2] ^= 0xFF
    _rounds(state, 4)
    return state[0] ^ state[1] ^ state[2] ^ state[3]


def _rounds(state: list[int], count: int) -> None:
    a, b, c, d = state
    for _ in range(count):
        a, c = a + b & _MASK, c + d & _MASK
        b, d = _rotated(b, 51) ^ a, _rotated(d, 48) ^ c
        a, c = _rotated(a, 32) + d & _MASK, c + b & _MASK
        d, b = _rotated(d, 43) ^ a, _rotated(b, 47) ^ c
        c = _rotated(c, 32)
    state[:] = a, b, c, d
