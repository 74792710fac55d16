"""IMDB: 50,000 film reviews as numbers of words, half of them friendly, as packed for Keras.

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
)
from lamina.datasets.npz import read_npz
from lamina.datasets.object_arrays import ragged
from lamina.datasets.sources import DataFile
from lamina.datasets.storage import Storage
from lamina.errors import ConfigError
from lamina.text import Text

__all__ = ["get_word_index", "load_data"]

REVIEWS = DataFile(
    "imdb.npz",
    size=17_464_789,
    sha256="69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f",
)
WORDS = DataFile("imdb_word_index.json", size=1_641_221, md5="bfafd718b763782e994055a2d397834f")
REVIEW_FILES = keras_file("imdb", REVIEWS)
WORD_FILES = keras_file("imdb", WORDS)


def load_data(
    path: str = "imdb.npz",  # noqa: ARG001 - see below
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int | None = 3,
) -> Pairs:
    """`(x_train, y_train), (x_test, y_test)`: lists of word numbers, and 1 for a friendly review.

    Words are numbered by how often they occur, from `index_from` on.

    Args:
        path: Taken for the sake of Keras scripts; the file always lies in `$LAMINA_DATASETS/imdb`.
        num_words: Rarer words become `oov_char`; None keeps all.
        skip_top: So many of the most frequent words become `oov_char`.
        maxlen: Only reviews of fewer words are kept.
        seed: Decides the order.
        start_char: Put before each review; None puts nothing.
        oov_char: Stands for words left out; None leaves them out without a trace.
        index_from: Added to the number of each word.

    Raises:
        ConfigError: If `maxlen` leaves nothing.
        DatasetError: If the data is not here and cannot be fetched.
    """
    return _pairs(
        bring(REVIEW_FILES), num_words, skip_top, maxlen, seed, start_char, oov_char, index_from
    )


def _pairs(
    storage: Storage,
    num_words: int | None,
    skip_top: int,
    maxlen: int | None,
    seed: int,
    start_char: int | None,
    oov_char: int | None,
    index_from: int | None,
) -> Pairs:
    names = ["x_train", "y_train", "x_test", "y_test"]
    x_train, y_train, x_test, y_test = read_npz(storage.read(REVIEWS.name), names, REVIEWS.name)
    # One stream of random numbers for both parts, as in Keras.
    random = np.random.RandomState(seed)
    parts = []
    for x, y in ((x_train, y_train), (x_test, y_test)):
        x, y = shuffled(random, x, y)  # noqa: PLW2901 - the same part, in its order
        texts = mark_words(list(x), start_char, index_from)
        if maxlen:
            texts, y = keep_shorter(maxlen, texts, y)  # noqa: PLW2901 - the same part, cut
        if not texts:
            raise ConfigError(
                Text(
                    f"No review has fewer than maxlen={maxlen} words. Increase maxlen.",
                    f"没有少于 maxlen={maxlen} 个词的评论，请增大 maxlen。",
                ),
                field="maxlen",
            )
        parts.append((texts, y))
    (train, y_train), (test, y_test) = parts
    limited = limit_words(train + test, num_words, skip_top, oov_char)
    return (ragged(limited[: len(train)]), y_train), (ragged(limited[len(train) :]), y_test)


def get_word_index(path: str = "imdb_word_index.json") -> dict[str, int]:  # noqa: ARG001 - see below
    """The number of each word by its rank, from 1 on; in the data `index_from` is added to it.

    Args:
        path: Taken for the sake of Keras scripts; the file always lies in `$LAMINA_DATASETS/imdb`.

    Raises:
        DatasetError: If the file is not here and cannot be fetched.
    """
    words: dict[str, int] = json.loads(bring(WORD_FILES).read(WORDS.name))
    return words
