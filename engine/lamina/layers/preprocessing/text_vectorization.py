"""TextVectorization: sentences as numbers of words, or as counts of words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any

import numpy as np
import torch
from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema
from torch import Tensor

from lamina.errors import ConfigError, ShapeError
from lamina.fields import Issue, PositiveInt, field
from lamina.layer import Shape, layer, shape_text
from lamina.layers.preprocessing.adapting import batches_of
from lamina.layers.preprocessing.encoding import OUTPUT_MODE
from lamina.layers.preprocessing.host_layer import HostLayer
from lamina.layers.preprocessing.numbers_field import Numbers
from lamina.layers.preprocessing.string_lookup import StringLookup
from lamina.layers.preprocessing.vocabulary import NOTHING, Counts
from lamina.layers.preprocessing.vocabulary_fields import (
    IDF,
    MAX_TOKENS,
    PAD,
    VOCABULARY,
    Mode,
    MostTokens,
    Words,
    from_lines,
)
from lamina.layers.shared_fields import REFUSED, Refused
from lamina.strings import STRING, text_array
from lamina.text import Text

Array = np.ndarray[Any, Any]

_PUNCTUATION = re.compile(r"""[!"#$%&()*+,\-./:;<=>?@\[\\\]^_`{|}~']""")
_LOWER = {ord(letter): ord(letter.lower()) for letter in map(chr, range(ord("A"), ord("Z") + 1))}
"""As in TensorFlow: letters beyond A to Z stay as they are."""
_SPACE = re.compile("[ \t\n\r\x0b\x0c]+")


def lowered(text: str) -> str:
    """Text with small letters a to z."""
    return text.translate(_LOWER)


def bare(text: str) -> str:
    """Text without punctuation."""
    return _PUNCTUATION.sub("", text)


STANDARDS: Mapping[str, Callable[[str], str]] = {
    "lower_and_strip_punctuation": lambda text: bare(lowered(text)),
    "lower": lowered,
    "strip_punctuation": bare,
}
SPLITS: Mapping[str, Callable[[str], list[str]]] = {
    "whitespace": lambda text: [word for word in _SPACE.split(text) if word],
    "character": list,
}


def _named(known: Mapping[str, Any]) -> tuple[Any, ...]:
    """Annotations of a field that is one of the names, None, or a function."""

    def parse(value: Any) -> Any:
        if value is None or callable(value) or value in known:
            return value
        raise ConfigError(
            Text(
                f"must be one of {', '.join(known)}, None or a function, got {value!r}.",
                f"必须是 {'、'.join(known)}、None 或函数之一，实际为 {value!r}。",
            )
        )

    def to_json(value: Any) -> Any:
        return value if value is None or isinstance(value, str) else f"<{value!r}>"

    return (
        BeforeValidator(parse),
        PlainSerializer(to_json),
        WithJsonSchema({"enum": [*known, None], "x-widget": "choice"}),
    )


def _widths(value: Any) -> Any:
    if isinstance(value, str):
        value = [int(part) for part in re.findall(r"\d+", value)] or None
        value = value[0] if value is not None and len(value) == 1 else value
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    if isinstance(value, (list, tuple)) and all(isinstance(item, int) for item in value):
        return list(value)
    raise ConfigError(
        Text(
            f"`ngrams` must be None, an integer, or a tuple of integers, got {value!r}.",
            f"ngrams 必须为 None、整数或整数元组，实际为 {value!r}。",
        )
    )


Widths = Annotated[
    Any,
    BeforeValidator(_widths),
    WithJsonSchema(
        {"anyOf": [{"type": "integer"}, {"type": "array"}, {"type": "null"}], "x-widget": "text"}
    ),
]


@layer(
    group="preprocessing",
    summary=Text("Sentences as numbers of words.", "把文本转换为词编号或词频。"),
)
class TextVectorization(HostLayer):
    """Text made even, cut into words, and each word as its number in a vocabulary that `adapt` learns.

    Number 0 fills rows up, 1 stands for unknown words. With another output_mode there is one row for each text.

    Shapes:
        (batch,) or (batch, 1) of text -> (batch, output_sequence_length), int64, as long as the longest where no length
        is given; with multi_hot, count and tf_idf (batch, vocabulary)

    >>> vectorize = TextVectorization(output_sequence_length=4)
    >>> vectorize.adapt(["foo bar", "foo qux"])
    >>> vectorize(["Bar, foo!", "new foo"]).tolist()
    [[4, 2, 0, 0], [1, 2, 0, 0]]
    """

    learned_from_data = "vocabulary"

    max_tokens: MostTokens | None = field(None, doc=MAX_TOKENS)
    standardize: Annotated[(Any, *_named(STANDARDS))] = field(
        "lower_and_strip_punctuation",
        doc=Text("How text is made even before it is cut.", "切分前如何规范化文本。"),
    )
    split: Annotated[(Any, *_named(SPLITS))] = field(
        "whitespace", doc=Text("Where text is cut.", "如何切分文本。")
    )
    ngrams: Widths = field(
        None,
        doc=Text(
            "Up to how many words in a row are one token, or a list of such numbers.",
            "最多把几个连续的词合为一个词元，或给出长度列表。",
        ),
        advanced=True,
    )
    output_mode: Mode = field("int", doc=OUTPUT_MODE)
    output_sequence_length: PositiveInt | None = field(
        None, doc=Text("Length of each row of numbers.", "每行编号的长度。")
    )
    pad_to_max_tokens: bool = field(False, doc=PAD, advanced=True)
    vocabulary: Words = field(None, doc=VOCABULARY)
    idf_weights: Numbers = field(None, doc=IDF, advanced=True)
    sparse: Refused = field(False, doc=REFUSED, hidden=True)
    ragged: Refused = field(False, doc=REFUSED, hidden=True)
    encoding: str = field(
        "utf-8", doc=Text("How bytes stand for letters.", "字节串的字符编码。"), advanced=True
    )

    def __init__(self, *args: Any, vocabulary_size: Any = None, **kwargs: Any) -> None:
        del vocabulary_size  # Keras' note for itself
        given = self.bind(args, kwargs)
        if given.get("vocabulary") is not None:
            given["vocabulary"] = from_lines(given["vocabulary"])
        super().__init__(**given)
        # Not a part in torch's sense: it has nothing that trains.
        lookup = StringLookup(
            max_tokens=self.max_tokens,
            mask_token="",
            vocabulary=self.vocabulary,
            idf_weights=self.idf_weights,
            output_mode=self.output_mode,
            pad_to_max_tokens=self.pad_to_max_tokens,
            encoding=self.encoding,
            name=self.name,
        )
        self.__dict__["known_words"] = lookup

    @property
    def lookup(self) -> StringLookup:
        """What knows the words."""
        known: StringLookup = self.__dict__["known_words"]
        return known

    @classmethod
    def check_together(cls, values: Mapping[str, Any]) -> Iterable[Issue]:
        own = {"invert": False, "mask_token": "", "num_oov_indices": 1, "oov_token": "[UNK]"}
        yield from StringLookup.check_together({**values, **own})
        if values["output_mode"] != "int" and values["output_sequence_length"] is not None:
            yield Issue(
                "output_sequence_length",
                "bad_parameter",
                Text(
                    "`output_sequence_length` of TextVectorization must not be set if `output_mode` is not 'int', got "
                    f"{values['output_mode']}.",
                    "TextVectorization：output_mode 不为 int 时不能设置 output_sequence_length，实际为 "
                    f"{values['output_mode']}。",
                ),
            )

    @classmethod
    def config_from_file(cls, config: Mapping[str, Any]) -> Mapping[str, Any]:
        """Without what Keras notes for itself."""
        return StringLookup.config_from_file(config)

    # --- vocabulary --------------------------------------------------------------------------------------------

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Give the tokens and, in tf_idf, how much each counts; see `StringLookup.set_vocabulary`."""
        self.lookup.set_vocabulary(vocabulary, idf_weights)
        self._take_vocabulary()

    def _take_vocabulary(self) -> None:
        self.vocabulary, self.idf_weights = self.lookup.vocabulary, self.lookup.idf_weights

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[Any]:
        """The tokens in the order of their numbers."""
        return self.lookup.get_vocabulary(include_special_tokens)

    def vocabulary_size(self) -> int:
        """Number of tokens, with those that stand for nothing and for unknown ones."""
        return self.lookup.vocabulary_size()

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Learn the vocabulary: the tokens of the texts, the most frequent first.

        Args:
            data: A list or array of texts, or batches of them.
            batch_size: Without effect.
            steps: Batches to read at most.

        Raises:
            ConfigError: If the vocabulary was given.
        """
        del batch_size
        self.lookup.need_adaptable()
        counts = Counts()
        if isinstance(data, (list, tuple)) or hasattr(data, "__array__"):
            array = self._texts(data)
            counts.add(
                self._tokens(array if self.split is not None else array.reshape(len(array), -1))
            )
        else:
            for batch in batches_of(data, self, steps):
                array = self._texts(batch)
                is_one = self.split is None and array.ndim < 2
                counts.add(self._tokens(array.reshape(1, -1) if is_one else array))
        self.lookup.learn(counts)
        self._take_vocabulary()

    # --- what it does ------------------------------------------------------------------------------------------

    def _texts(self, data: Any) -> Array:
        return text_array(data, self.encoding)

    def _tokens(self, texts: Array) -> list[list[str]]:
        """The tokens of each text; where nothing is cut, of each row of texts."""
        even = self._even(texts)
        if self.split is None:
            rows = even.reshape(len(even), -1).tolist() if even.ndim else [[even.item()]]
        else:
            if even.ndim > 1 and even.shape[-1] != 1:
                raise self._not_one_text(tuple(even.shape))
            cut = self.split if callable(self.split) else SPLITS[self.split]
            rows = self._cut(cut, even.reshape(-1))
        return [self._grams(row) for row in rows]

    def _cut(self, cut: Callable[[Any], Any], texts: Array) -> list[list[str]]:
        if not callable(self.split):
            return [cut(text) for text in texts.tolist()]
        found = cut(texts)  # as in Keras, a function takes all texts at once
        return [[str(token) for token in row] for row in found]

    def _even(self, texts: Array) -> Array:
        if self.standardize is None:
            return texts
        if callable(self.standardize):
            return text_array(np.asarray(self.standardize(texts)), self.encoding)
        rule = STANDARDS[self.standardize]
        flat = [rule(text) for text in texts.reshape(-1).tolist()]
        return np.array(flat, dtype=str).reshape(texts.shape)

    def _grams(self, tokens: list[str]) -> list[str]:
        if self.ngrams is None:
            return tokens
        widths: Sequence[int] = (
            range(1, self.ngrams + 1) if isinstance(self.ngrams, int) else self.ngrams
        )
        return [
            " ".join(tokens[start : start + width])
            for width in widths
            for start in range(len(tokens) - width + 1)
        ]

    def _not_one_text(self, shape: Shape) -> ShapeError:
        return ShapeError(
            Text(
                f'When using TextVectorization "{self.name}" to tokenize strings, the input rank must be 1 or the last '
                f"shape dimension must be 1, got {shape_text(shape)}.",
                f"TextVectorization“{self.name}”切分文本时，输入应为一维，或最后一维为 1；实际为 {shape_text(shape)}。",
            )
        )

    def output_shape(self, *inputs: Shape) -> Shape:
        (x,) = inputs
        if self.split is not None and len(x) > 1 and x[-1] != 1:
            raise self._not_one_text(x)
        if self.output_mode == "int":
            return (*x[:1], self.output_sequence_length)
        return self.lookup.rows_shape((*x[:1], None))

    def output_dtype(self, *inputs: str) -> str:
        if inputs and inputs[0] != STRING:
            raise ShapeError(
                Text(
                    f'TextVectorization "{self.name}" reads text: give its Input dtype="string"; it gets {inputs[0]}.',
                    f'TextVectorization“{self.name}”读取文本：请将其 Input 的 dtype 设为 "string"；实际为 {inputs[0]}。',
                )
            )
        return "int64" if self.output_mode == "int" else "float32"

    def computed(self, *inputs: Array) -> Tensor:
        texts = self._texts(inputs[0])
        known = self.lookup.need_vocabulary()
        if self.split is None and self.ngrams is None:
            return self.lookup.rows(self._fitted(known.numbers_of(self._even(texts))))
        rows = self._tokens(texts)
        sizes = np.array([len(row) for row in rows])
        flat = known.numbers_of(np.array([token for row in rows for token in row], dtype=str))
        length = self.output_sequence_length or int(sizes.max(initial=0))
        table = np.full((len(rows), length), 0 if self.output_mode == "int" else NOTHING)
        starts = np.cumsum(sizes) - sizes
        for place, (start, size) in enumerate(zip(starts, np.minimum(sizes, length), strict=True)):
            table[place, :size] = flat[start : start + size]
        out = self.lookup.rows(torch.from_numpy(table))
        return out if texts.ndim else out[0]

    def _fitted(self, numbers: Array) -> Tensor:
        """Numbers of tokens that came apart already, with rows of the length that is asked for."""
        length = self.output_sequence_length
        if length is not None:
            numbers = numbers[..., :length]
            behind = (*[(0, 0)] * (numbers.ndim - 1), (0, length - numbers.shape[-1]))
            numbers = np.pad(numbers, behind)
        return torch.from_numpy(numbers)

    # --- files -------------------------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        for name in ("standardize", "split"):
            if callable(getattr(self, name)):
                raise ConfigError(
                    Text(
                        f'{name} of TextVectorization "{self.name}" is a function of your own, which a configuration '
                        "cannot hold. Apply it to the texts before the model.",
                        f"TextVectorization“{self.name}”的 {name} 是自定义函数，配置无法保存。请在模型之前对文本使用它。",
                    ),
                    field=name,
                )
        return super().get_config()

    def named_arrays(self) -> dict[str, dict[str, Array]]:
        """What Keras wants to find beside the configuration: named arrays by group."""
        own = self.lookup.named_arrays()
        return {"": own[""], "_lookup_layer": own[""]} if own else {}
