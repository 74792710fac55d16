"""What the machine can do at most: arithmetic in products of matrices, and memory in copies."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

MATRIX_SIZES = {"cpu": (256, 512, 1024), "cuda": (2048, 4096, 8192)}
COPY_BYTES = {"cpu": 1 << 26, "cuda": 1 << 29}
SECONDS_EACH = 0.08


@dataclass(frozen=True)
class Limits:
    """The most that was reached.

    Args:
        flops_per_s: Additions and multiplications per second in a product of float32 matrices.
        bytes_per_s: Bytes read and written per second in a copy that no cache holds.
    """

    flops_per_s: float
    bytes_per_s: float


def limits_of(device: torch.device) -> Limits:
    """The limits of a device with as many threads as torch has now; measured once, in about half a second."""
    return _measured(str(device), torch.get_num_threads())


@functools.lru_cache(maxsize=16)
def _measured(device_name: str, threads: int) -> Limits:
    del threads  # a part of the key
    device = torch.device(device_name)
    kind = "cuda" if device.type == "cuda" else "cpu"
    with torch.no_grad():
        flops = 0.0
        for size in MATRIX_SIZES[kind]:
            a, b = (torch.rand(size, size, device=device) for _ in range(2))
            out = torch.empty_like(a)
            best = _best_s(functools.partial(torch.mm, a, b, out=out), device)
            flops = max(flops, 2 * size**3 / best)
        source = torch.ones(COPY_BYTES[kind] // 4, device=device)
        target = torch.empty_like(source)
        copied = 2 * COPY_BYTES[kind] / _best_s(functools.partial(target.copy_, source), device)
    return Limits(flops, copied)


def _best_s(run: Callable[[], object], device: torch.device) -> float:
    """The least seconds of several runs: a limit is what nothing disturbed."""
    run()
    best, end = float("inf"), time.perf_counter() + SECONDS_EACH
    while True:
        start = now(device)
        run()
        done = now(device)
        best = min(best, done - start)
        if done > end:
            return best


def now(device: torch.device) -> float:
    """The time, once the device has done what it was told."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()
