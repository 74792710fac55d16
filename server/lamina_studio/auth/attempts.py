"""How often an address may get a sign-in code wrong."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

WRONG_CODES_ALLOWED = 10
RECOVERY_S = 6.0
"""Seconds after which one more wrong code is forgiven."""
_ADDRESSES_REMEMBERED = 1024


class WrongAttempts:
    """A leaky bucket per address: each wrong code adds one, time drains it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def seconds_to_wait(self, address: str) -> float:
        """0 when another attempt is allowed now."""
        excess = self._level(address) - (WRONG_CODES_ALLOWED - 1)
        return max(0.0, excess * RECOVERY_S)

    def add_wrong(self, address: str) -> None:
        self._buckets[address] = (self._level(address) + 1, self._clock())
        self._buckets.move_to_end(address)
        if len(self._buckets) > _ADDRESSES_REMEMBERED:
            self._buckets.popitem(last=False)

    def _level(self, address: str) -> float:
        level, since = self._buckets.get(address, (0.0, 0.0))
        return max(0.0, level - (self._clock() - since) / RECOVERY_S) if level else 0.0
