"""Reuters: 11,228 newswires of 46 topics as numbers of words, as packed for Keras.

Not in the studio, which trains on pictures and tables.
"""

import json

import numpy as np

from lamina.datasets.catalogue import bring
from lamina.datasets.keras_files import (
    Pairs,
    keep_shorter,
    keras_file,
    limit_words,
    mark_words,
    shuffled,
    split_off,
)
from lamina.datasets.npz import read_npz
from lamina.datasets.object_arrays import ragged
from lamina.datasets.sources import DataFile

__all__ = ["get_label_names", "get_word_index", "load_data"]

NEWSWIRES = DataFile(
    "reuters.npz",
    size=2_110_848,
    sha256="d6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916",
)
WORDS = DataFile("reuters_word_index.json", size=550_378, md5="4d44cc38712099c9e383dc6e5f11a921")
NEWSWIRE_FILES = keras_file("reuters", NEWSWIRES)
WORD_FILES = keras_file("reuters", WORDS)

LABELS = [
    "cocoa",
    "grain",
    "veg-oil",
    "earn",
    "acq",
    "wheat",
    "copper",
    "housing",
    "money-supply",
    "coffee",
    "sugar",
    "trade",
    "reserves",
    "ship",
    "cotton",
    "carcass",
    "crude",
    "nat-gas",
    "cpi",
    "money-fx",
    "interest",
    "gnp",
    "meal-feed",
    "alum",
    "oilseed",
    "gold",
    "tin",
    "strategic-metal",
    "livestock",
    "retail",
    "ipi",
    "iron-steel",
    "rubber",
    "heat",
    "jobs",
    "lei",
    "bop",
    "zinc",
    "orange",
    "pet-chem",
    "dlr",
    "gas",
    "silver",
    "wpi",
    "hog",
    "lead",
]
"""Names of the topics, in the order of their labels."""


def load_data(
    path: str = "reuters.npz",  # noqa: ARG001 - see below
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    test_split: float = 0.2,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int | None = 3,
) -> Pairs:
    """`(x_train, y_train), (x_test, y_test)`: lists of word numbers, and the number of the topic.

    Words are numbered by how often they occur, from `index_from` on.

    Args:
        path: Taken for the sake of Keras scripts; the file lies in `$LAMINA_DATASETS/reuters`.
        num_words: Rarer words become `oov_char`; None keeps all.
        skip_top: So many of the most frequent words become `oov_char`.
        maxlen: Only newswires of fewer words are kept.
        test_split: Share of the newswires that are for testing.
        seed: Decides the order.
        start_char: Put before each newswire; None puts nothing.
        oov_char: Stands for words left out; None leaves them out without a trace.
        index_from: Added to the number of each word.

    Raises:
        DatasetError: If the data is not here and cannot be fetched.
    """
    data = bring(NEWSWIRE_FILES).read(NEWSWIRES.name)
    x, y = shuffled(np.random.RandomState(seed), *read_npz(data, ["x", "y"], NEWSWIRES.name))
    texts = mark_words(list(x), start_char, index_from)
    if maxlen:
        texts, y = keep_shorter(maxlen, texts, y)
    return split_off(test_split, ragged(limit_words(texts, num_words, skip_top, oov_char)), y)


def get_word_index(path: str = "reuters_word_index.json") -> dict[str, int]:  # noqa: ARG001 - see below
    """The number of each word by its rank, from 1 on; in the data `index_from` is added to it.

    Args:
        path: Taken for the sake of Keras scripts; the file lies in `$LAMINA_DATASETS/reuters`.

    Raises:
        DatasetError: If the file is not here and cannot be fetched.
    """
    words: dict[str, int] = json.loads(bring(WORD_FILES).read(WORDS.name))
    return words


def get_label_names() -> tuple[str, ...]:
    """The names of the topics; the label of a newswire is an index into them.

    >>> get_label_names()[3]
    'earn'
    """
    return tuple(LABELS)
