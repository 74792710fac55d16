"""IntegerLookup: whole numbers as places in a vocabulary."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from lamina.errors import ShapeError
from lamina.fields import Int, Issue, field
from lamina.layer import layer
from lamina.layers.preprocessing.hashing import SALT, Salt
from lamina.layers.preprocessing.index_lookup import Array, Lookup, bad_parameter
from lamina.layers.preprocessing.vocabulary import (
    Token,
    Vocabulary,
    bucket_of,
)
from lamina.layers.preprocessing.vocabulary_fields import (
    MASK,
    UNKNOWN,
    VOCABULARY,
    WholeNumbers,
    whole_numbers,
)
from lamina.layers.shared_fields import REFUSED, Refused
from lamina.strings import STRING
from lamina.text import Text


@layer(
    group="preprocessing",
    summary=Text("Whole numbers as places in a vocabulary.", "按词表把整数转换为编号。"),
)
class IntegerLookup(Lookup):
    """The place of each whole number in a vocabulary, or rows of ones and counts of those.

    Shapes:
        (batch, …) of whole numbers -> the same, int64; with another output_mode (batch, …, vocabulary)

    >>> IntegerLookup(vocabulary=[12, 36])([[12, 7], [36, 12]]).tolist()
    [[1, 0], [2, 1]]
    """

    mask_token: Int | None = field(None, doc=MASK, advanced=True, after="num_oov_indices")
    oov_token: Int | None = field(-1, doc=UNKNOWN, advanced=True, after="mask_token")
    vocabulary: WholeNumbers = field(None, doc=VOCABULARY, after="oov_token")
    vocabulary_dtype: Literal["int64"] = field(
        "int64",
        doc=Text("Type of the tokens.", "词元的类型。"),
        advanced=True,
        after="vocabulary",
    )
    sparse: Refused = field(False, doc=REFUSED, hidden=True, after="output_mode")
    oov_method: Literal["floormod", "farmhash"] = field(
        "floormod",
        doc=Text(
            "How unknown numbers are shared out: by the remainder or by a hash.",
            "未知整数的分配方式：取余或哈希。",
        ),
        advanced=True,
        after="pad_to_max_tokens",
    )
    salt: Salt = field(None, doc=SALT, advanced=True, after="oov_method")

    @classmethod
    def check_together(cls, values: Mapping[str, Any]) -> Iterable[Issue]:
        yield from super().check_together(values)
        if values["salt"] is not None and values["oov_method"] != "farmhash":
            yield bad_parameter(
                "salt",
                "`salt` of IntegerLookup can only be used when `oov_method='farmhash'`.",
                "IntegerLookup：只有 oov_method 为 farmhash 时才能使用 salt。",
            )

    @staticmethod
    def read_tokens(value: Any) -> list[Token]:
        tokens: list[Token] = whole_numbers(value)
        return tokens

    def bucket(self, token: Token) -> int:
        if self.oov_method == "floormod":
            return int(token) % self.num_oov_indices
        return bucket_of(token, self.num_oov_indices, self.salt)

    @staticmethod
    def token_array(data: Any) -> Array:
        array = data.detach().cpu().numpy() if isinstance(data, Tensor) else np.asarray(data)
        return array.astype(np.int64)

    def output_dtype(self, *inputs: str) -> str:
        if inputs and inputs[0] == STRING:
            raise ShapeError(
                Text(
                    f'IntegerLookup "{self.name}" reads whole numbers, not text; use a StringLookup.',
                    f"IntegerLookup“{self.name}”读取整数而不是文本；请使用 StringLookup。",
                )
            )
        return super().output_dtype(*inputs)

    def inverted(self, known: Vocabulary, numbers: Array) -> Tensor:
        return torch.tensor(known.tokens_of(numbers), dtype=torch.int64)
