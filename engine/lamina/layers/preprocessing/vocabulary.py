"""Vocabularies: tokens with their numbers, how one is learned, and what stands for tokens that are in none.

The numbers begin, as in Keras, with the mask (where there is one and numbers are what is wanted), go on with those for
unknown tokens, and end with the tokens themselves.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from lamina.errors import ConfigError
from lamina.layers.preprocessing.fingerprints import fingerprint64, siphash
from lamina.text import Text

Token = str | int
LookupMode = Literal["int", "one_hot", "multi_hot", "count", "tf_idf"]
OLD_MODES = {"binary": "multi_hot", "tf-idf": "tf_idf"}
"""Output modes by the names they once had."""
NOTHING = -1
"""The number of a mask that leaves no trace in rows of ones and counts."""


def bucket_of(token: Token, buckets: int, key: Sequence[int] | None) -> int:
    """The same of `buckets` numbers for the same token, always; another set of them with a key."""
    data = str(token).encode()
    found = fingerprint64(data) if key is None else siphash(data, (key[0], key[1]))
    return found % buckets


@dataclass(frozen=True)
class Vocabulary:
    """Tokens and their numbers.

    Args:
        tokens: Those that are known, in the order of their numbers.
        mask: The token that stands for nothing; None where there is none.
        unknown: What unknown numbers mean, where numbers become tokens.
        unknown_count: How many numbers stand for unknown tokens.
        bucket: Which of those an unknown token gets, where there are several.
        keeps_mask: Whether the mask has a number, 0; else it has none.
        owner: Name of the layer, for messages.
    """

    tokens: tuple[Token, ...]
    mask: Token | None
    unknown: Token | None
    unknown_count: int
    bucket: Callable[[Token], int]
    keeps_mask: bool
    owner: str

    @property
    def first_unknown(self) -> int:
        return 1 if self.mask is not None and self.keeps_mask else 0

    @property
    def first_token(self) -> int:
        return self.first_unknown + self.unknown_count

    def __len__(self) -> int:
        return self.first_token + len(self.tokens)

    def listed(self, *, special: bool = True) -> list[Token | None]:
        """Every token in the order of the numbers."""
        before: list[Token | None] = [self.unknown] * self.unknown_count
        if self.first_unknown:
            before.insert(0, self.mask)
        return [*(before if special else ()), *self.tokens]

    def numbers_of(self, tokens: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """The number of each token.

        Raises:
            ConfigError: For an unknown token where no number stands for those.
        """
        distinct, where = np.unique(tokens, return_inverse=True)
        found = [self._number(token) for token in distinct.tolist()]
        numbers: np.ndarray[Any, Any] = np.array(found, np.int64)[where].reshape(tokens.shape)
        return numbers

    @cached_property
    def _known(self) -> dict[Token, int]:
        return {token: self.first_token + place for place, token in enumerate(self.tokens)}

    def _number(self, token: Token) -> int:
        if self.mask is not None and token == self.mask:
            return 0 if self.keeps_mask else NOTHING
        number = self._known.get(token)
        if number is not None:
            return number
        if self.unknown_count == 0:
            raise ConfigError(
                Text(
                    f"{self.owner}: when `num_oov_indices=0` all inputs should be in vocabulary, but {token!r} is not; "
                    "consider setting `num_oov_indices=1`.",
                    f"{self.owner}：num_oov_indices=0 时所有输入都必须在词表中，而 {token!r} 不在；可设置 num_oov_indices=1。",
                )
            )
        return self.first_unknown + (self.bucket(token) if self.unknown_count > 1 else 0)

    def tokens_of(self, numbers: np.ndarray[Any, Any]) -> list[Any]:
        """The token of each number, in nested lists."""
        listed = self.listed()

        def token(number: int) -> Any:
            return listed[number] if 0 <= number < len(listed) else self.unknown

        found = np.array([token(int(number)) for number in numbers.reshape(-1)], dtype=object)
        nested: list[Any] = found.reshape(numbers.shape).tolist()
        return nested


class Counts:
    """How often tokens occur, and in how many documents: what a vocabulary is learned from."""

    def __init__(self) -> None:
        self.tokens: Counter[Token] = Counter()
        self.documents: Counter[Token] = Counter()
        self.document_count = 0

    def add(self, documents: Iterable[Sequence[Token]]) -> None:
        """Count the tokens of some documents."""
        for document in documents:
            self.tokens.update(document)
            self.documents.update(set(document))
            self.document_count += 1

    def learned(self, without: Iterable[Token | None], most: int | None) -> list[Token]:
        """The most frequent tokens first; of those alike frequent, the last by order.

        Args:
            without: Tokens that have numbers of their own.
            most: How many there may be.
        """
        counts = {token: n for token, n in self.tokens.items() if token not in set(without)}
        ordered = sorted(counts, key=lambda token: (counts[token], token), reverse=True)
        return ordered[:most]

    def rarity(self, tokens: Iterable[Token]) -> list[float]:
        """log(1 + documents / (1 + documents with the token)) for each token."""
        return [math.log(1 + self.document_count / (1 + self.documents[token])) for token in tokens]
