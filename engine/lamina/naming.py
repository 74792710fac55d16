"""Names of layers that a script leaves unnamed: `dense`, `dense_1`, … as in Keras."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

_counts: Counter[str] = Counter()


def snake_case(name: str) -> str:
    """Keras' file and layer name of a class.

    >>> [
    ...     snake_case(n)
    ...     for n in ("Conv2D", "ReLU", "LeakyReLU", "GlobalAveragePooling2D", "LSTM", "RMSprop")
    ... ]
    ['conv2d', 're_lu', 'leaky_re_lu', 'global_average_pooling2d', 'lstm', 'rm_sprop']
    """
    name = re.sub(r"\W+", "", name)
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def safe_id(name: str) -> str:
    """A name as the id of a node: what an id cannot have becomes `_`, and it is cut to 60 letters.

    >>> safe_id("mobilenetv2_1.00_96")
    'mobilenetv2_1_00_96'
    >>> safe_id("卷积/1")
    '卷积_1'
    """
    plain = "".join(mark if _is_of_id(mark) else "_" for mark in name)[:60]
    return plain if plain and _begins_id(plain[0]) else f"_{plain}"[:60]


def _begins_id(mark: str) -> bool:
    kind = unicodedata.category(mark)
    return mark == "_" or kind.startswith("L") or kind == "So"


def _is_of_id(mark: str) -> bool:
    """What `NODE_ID_PATTERN` of graph documents says of each character."""
    kind = unicodedata.category(mark)
    return _begins_id(mark) or mark in "-\u200d" or kind[0] in "MN" or kind == "Sk"


def unique_name(prefix: str) -> str:
    """`prefix` the first time, then `prefix_1`, `prefix_2` …"""
    count = _counts[prefix]
    _counts[prefix] += 1
    return f"{prefix}_{count}" if count else prefix


def clear_session() -> None:
    """Start numbering from the beginning again."""
    _counts.clear()
