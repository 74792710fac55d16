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
