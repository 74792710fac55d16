"""What `keras.utils` has and this library has not, by name."""

from __future__ import annotations

from typing import Any

from lamina.errors import NotSupportedError
from lamina.text import Text


class FeatureSpace:
    """Not here yet: raises NotSupportedError that says what to use instead."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise NotSupportedError(
            Text(
                "FeatureSpace is not supported. Use the layers Normalization, Discretization, StringLookup and "
                "CategoryEncoding on the columns, and Concatenate.",
                "暂不支持 FeatureSpace。请对各列使用 Normalization、Discretization、StringLookup、CategoryEncoding 等层，"
                "再用 Concatenate 合并。",
            )
        )
