"""What fields of layers say that look words up: vocabularies as lists, texts or files, and their options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from annotated_types import Ge
from pydantic import BeforeValidator, WithJsonSchema

from lamina.errors import ConfigError
from lamina.fields import Int
from lamina.layers.preprocessing.vocabulary import (
    OLD_MODES,
    LookupMode,
)
from lamina.text import Text


def words(value: Any) -> Any:
    """A vocabulary as a list; a form gives it as text with commas or a line for each."""
    if value is None:
        return None
    if isinstance(value, str):
        if "," not in value and "\n" not in value:
            raise ConfigError(
                Text(
                    f"must be a list of tokens, got {value!r}. A file is read only where a script makes the layer.",
                    f"必须是词元列表，实际为 {value!r}。只有在脚本中创建层时才会读取文件。",
                )
            )
        value = [word.strip() for word in value.replace("\n", ",").split(",") if word.strip()]
    listed = value.tolist() if hasattr(value, "tolist") else list(value)
    if not listed:
        raise ConfigError(
            Text("Cannot set an empty vocabulary.", "词表不能为空。"), field="vocabulary"
        )
    return [word.decode() if isinstance(word, bytes) else word for word in listed]


def from_lines(value: Any) -> Any:
    """The lines of a file that a script names, or the value itself."""
    is_path = isinstance(value, Path) or (
        isinstance(value, str) and "," not in value and "\n" not in value
    )
    if not is_path:
        return value
    path = Path(value).expanduser()
    if not path.is_file():
        raise ConfigError(
            Text(f"Vocabulary file {path} does not exist.", f"词表文件 {path} 不存在。"),
            field="vocabulary",
        )
    lines = path.read_text("utf-8").splitlines()
    while lines and not lines[-1]:
        lines.pop()
    return lines


def whole_numbers(value: Any) -> Any:
    """A vocabulary of whole numbers as a list, from whatever `words` takes."""
    listed = words(value)
    return None if listed is None else [int(token) for token in listed]


_SCHEMA = WithJsonSchema(
    {"anyOf": [{"type": "array"}, {"type": "string"}, {"type": "null"}], "x-widget": "text"}
)
Words = Annotated[Any, BeforeValidator(words), _SCHEMA]
"""Field type: the tokens of a vocabulary."""
WholeNumbers = Annotated[Any, BeforeValidator(whole_numbers), _SCHEMA]
MostTokens = Annotated[Int, Ge(2)]
"""Field type: length of a vocabulary with what stands for unknown tokens."""
Mode = Annotated[LookupMode, BeforeValidator(lambda mode: OLD_MODES.get(mode, mode))]

MAX_TOKENS = Text(
    "Length of the vocabulary at most, with what stands for unknown tokens.",
    "词表的最大长度（含未知词元）。",
)
UNKNOWN_COUNT = Text(
    "How many numbers stand for unknown tokens; with 0 they are refused.",
    "用多少个编号表示未知词元；为 0 时拒绝未知词元。",
)
MASK = Text("The token that stands for nothing, number 0.", "表示“空”的词元，编号为 0。")
UNKNOWN = Text(
    "What unknown numbers mean when numbers become tokens.", "反向转换时未知编号对应的词元。"
)
VOCABULARY = Text(
    "The tokens, separated by commas; adapt finds them when empty.",
    "词元列表，以逗号分隔；留空则由 adapt 统计。",
)
IDF = Text(
    "How much each token counts in tf_idf, where the vocabulary is given.",
    "给定词表时，tf_idf 中各词元的权重。",
)
INVERT = Text("Turn numbers into tokens.", "把编号还原为词元。")
PAD = Text(
    "Rows as long as max_tokens even where the vocabulary is shorter.",
    "即使词表较短，输出也补齐到 max_tokens。",
)
