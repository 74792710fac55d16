"""One seed for everything random, and a generator of its own for each thing that asks.

Two weights never share a stream: each is drawn from a generator seeded by (seed, owner, name), so the same
seed gives the same initial weights in whatever order layers are created.
"""

from __future__ import annotations

import hashlib
import random
import secrets
from collections import Counter

import numpy as np
import torch
from torch import Tensor, nn

from lamina.errors import ConfigError
from lamina.text import Text

_seed: int | None = None
_numbered: Counter[str] = Counter()


def set_random_seed(seed: int) -> None:
    """Seed Python, NumPy, torch and the initial weights of every layer built from now on.

    Args:
        seed: Any integer in [0, 2**32).
    """
    global _seed
    if not hasattr(seed, "__index__") or not 0 <= seed < 2**32:
        raise ConfigError(
            Text(
                f"A seed is a whole number from 0 to 2**32 - 1, got {seed!r}.",
                f"随机种子应为 0 到 2**32 - 1 的整数，实际为 {seed!r}。",
            ),
            field="seed",
        )
    seed = int(seed)
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    _seed = seed
    _numbered.clear()


def numbered(prefix: str) -> str:
    """`prefix`, then `prefix_1` …, counted since the last `set_random_seed`.

    It stands for a layer without a name of its own when its weights are drawn, so that the same script run twice in
    one process, with the same seed, begins with the same weights.
    """
    count = _numbered[prefix]
    _numbered[prefix] += 1
    return f"{prefix}_{count}" if count else prefix


def current_seed() -> int:
    """The seed set by `set_random_seed`, or one drawn once for this process."""
    global _seed
    if _seed is None:
        _seed = secrets.randbits(32)
    return _seed


def generator_for(seed: int, *path: str) -> torch.Generator:
    """A CPU generator that depends on the seed and the path alone."""
    return torch.Generator().manual_seed(derived_seed(seed, *path))


def derived_seed(seed: int, *path: str) -> int:
    """A seed that depends on another one and a path alone."""
    digest = hashlib.sha256("\x1f".join((str(seed), *path)).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


States = dict[torch.device, Tensor]


class SeededStreams(nn.Module):
    """Base of modules that draw random numbers of their own: a stream for each device, all from one seed."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.seed = seed
        self.streams: dict[torch.device, torch.Generator] = {}

    def stream(self, device: torch.device) -> torch.Generator:
        """The stream of a device, begun when it is first asked for."""
        found = self.streams.get(device)
        if found is None:
            found = self.streams[device] = torch.Generator(device).manual_seed(self.seed)
        return found

    def states(self) -> States:
        """Where the streams stand."""
        return {device: stream.get_state() for device, stream in self.streams.items()}

    def put_back(self, states: States) -> None:
        """Have the streams where they stood; those that had not begun begin anew."""
        for device, stream in self.streams.items():
            if device in states:
                stream.set_state(states[device])
            else:
                stream.manual_seed(self.seed)
