"""One seed for everything random, and a generator of its own for each thing that asks.

Two weights never share a stream: each is drawn from a generator seeded by (seed, owner, name), so the same
seed gives the same initial weights in whatever order layers are created.
"""

from __future__ import annotations

import hashlib
import random
import secrets

import numpy as np
import torch

_seed: int | None = None


def set_random_seed(seed: int) -> None:
    """Seed Python, NumPy, torch and the initial weights of every layer built from now on.

    Args:
        seed: Any integer in [0, 2**32).
    """
    global _seed
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    _seed = seed


def current_seed() -> int:
    """The seed set by `set_random_seed`, or one drawn once for this process."""
    global _seed
    if _seed is None:
        _seed = secrets.randbits(32)
    return _seed


def generator_for(seed: int, *path: str) -> torch.Generator:
    """A CPU generator that depends on the seed and the path alone."""
    digest = hashlib.sha256("\x1f".join((str(seed), *path)).encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)
