"""StringLookup: words as numbers, by a vocabulary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lamina.errors import ShapeError
from lamina.fields import field
from lamina.layer import layer
from lamina.layers.preprocessing.hashing import SALT, Salt, TokenField
from lamina.layers.preprocessing.index_lookup import Array, Lookup
from lamina.layers.preprocessing.vocabulary import (
    Token,
    bucket_of,
)
from lamina.layers.preprocessing.vocabulary_fields import (
    MASK,
    UNKNOWN,
    VOCABULARY,
    Words,
    words,
)
from lamina.layers.shared_fields import REFUSED, Refused
from lamina.strings import STRING, text_array
from lamina.text import Text


@layer(
    group="preprocessing",
    summary=Text("Words as numbers, by a vocabulary.", "按词表把字符串转换为编号。"),
)
class StringLookup(Lookup):
    """The number of each string in a vocabulary, or rows of ones and counts of those.

    Shapes:
        (batch, …) of text -> the same, int64; with another output_mode (batch, …, vocabulary)

    >>> StringLookup(vocabulary=["a", "b"])([["a", "c"], ["b", "a"]]).tolist()
    [[1, 0], [2, 1]]
    """

    mask_token: TokenField = field(None, doc=MASK, advanced=True, after="num_oov_indices")
    oov_token: TokenField = field("[UNK]", doc=UNKNOWN, advanced=True, after="mask_token")
    vocabulary: Words = field(None, doc=VOCABULARY, after="oov_token")
    sparse: Refused = field(False, doc=REFUSED, hidden=True, after="pad_to_max_tokens")
    encoding: str = field(
        "utf-8",
        doc=Text("How bytes stand for letters.", "字节串的字符编码。"),
        advanced=True,
        after="sparse",
    )
    salt: Salt = field(None, doc=SALT, advanced=True, after="encoding")

    def __init__(self, *args: Any, oov_method: Any = None, **kwargs: Any) -> None:
        del oov_method  # of whole numbers
        super().__init__(*args, **kwargs)

    @classmethod
    def config_from_file(cls, config: Mapping[str, Any]) -> Mapping[str, Any]:
        """Without how whole numbers would be hashed."""
        known = super().config_from_file(config)
        return {key: value for key, value in known.items() if key != "oov_method"}

    @staticmethod
    def read_tokens(value: Any) -> list[Token]:
        tokens: list[Token] = words(value)
        return [str(token) for token in tokens]

    def bucket(self, token: Token) -> int:
        return bucket_of(token, self.num_oov_indices, self.salt)

    @staticmethod
    def token_array(data: Any) -> Array:
        return text_array(data)

    def output_dtype(self, *inputs: str) -> str:
        if not self.invert and inputs and inputs[0] != STRING:
            raise ShapeError(
                Text(
                    f'StringLookup "{self.name}" reads text: give its Input dtype="string"; it gets {inputs[0]}.',
                    f'StringLookup“{self.name}”读取文本：请将其 Input 的 dtype 设为 "string"；实际为 {inputs[0]}。',
                )
            )
        return super().output_dtype(*inputs)
