"""Text that people read, stated once in every language of the interface."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Language = Literal["en", "zh-CN"]
LANGUAGES: tuple[Language, ...] = ("en", "zh-CN")


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence or label in English and in Simplified Chinese.

    >>> Text("Size of the kernel.", "卷积核大小。").to_json()
    {'en': 'Size of the kernel.', 'zh-CN': '卷积核大小。'}
    """

    en: str
    zh: str

    def to_json(self) -> dict[str, str]:
        return {"en": self.en, "zh-CN": self.zh}

    def in_language(self, language: str) -> str:
        """The text for a language tag such as "zh", "zh-CN" or "en-GB"; English for any other."""
        return self.zh if language.lower().startswith("zh") else self.en

    def __str__(self) -> str:
        return self.en


def same(words: str) -> Text:
    """A text that is the same in every language, such as a citation."""
    return Text(words, words)


def number_text(value: float) -> str:
    """A number as people type it, to six digits; an exponent only where zeros would hide how large it is.

    >>> number_text(1e6), number_text(0.001), number_text(1e30)
    ('1000000', '0.001', '1e+30')
    """
    rounded = float(f"{value:.6g}")
    return f"{rounded:.0f}" if 1 <= abs(rounded) < 1e15 and rounded.is_integer() else f"{rounded:g}"


def size_text(bytes_: int) -> str:
    """The size of a file or download in decimal units, as the pages write it.

    >>> size_text(11_594_722), size_text(109_870), size_text(170_498_071)
    ('11.6 MB', '110 kB', '170 MB')
    """
    size, units = float(bytes_), iter(("B", "kB", "MB", "GB"))
    unit = next(units)
    while size >= 999.5 and (larger := next(units, None)):
        size, unit = size / 1000, larger
    return f"{size:.{0 if size >= 99.95 else 1}f}".removesuffix(".0") + f" {unit}"
