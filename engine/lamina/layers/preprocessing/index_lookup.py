"""`Lookup`: tokens as numbers by a vocabulary, and numbers as tokens; base of StringLookup and IntegerLookup."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lamina.errors import ConfigError, ShapeError
from lamina.fields import Issue, NonNegativeInt, field
from lamina.layer import Shape
from lamina.layers.preprocessing.adapting import batches_of
from lamina.layers.preprocessing.encoding import OUTPUT_MODE, encoded, encoded_shape
from lamina.layers.preprocessing.host_layer import HostLayer
from lamina.layers.preprocessing.numbers_field import Numbers
from lamina.layers.preprocessing.vocabulary import (
    Counts,
    Token,
    Vocabulary,
)
from lamina.layers.preprocessing.vocabulary_fields import (
    IDF,
    INVERT,
    MAX_TOKENS,
    PAD,
    UNKNOWN_COUNT,
    Mode,
    MostTokens,
    from_lines,
)
from lamina.text import Text

Array = np.ndarray[Any, Any]
NOTHING_ELSE = Text("", "")


def _wrong(owner: str, en: str, zh: str) -> ConfigError:
    return ConfigError(Text(f"{owner}: {en}.", f"{owner}：{zh}。"), field="vocabulary")


def plain_tokens(owner: str, values: Mapping[str, Any]) -> list[Token]:
    """The tokens of a vocabulary without the special ones at its head.

    Args:
        owner: The layer, for messages.
        values: Parameters of a lookup.

    Raises:
        ConfigError: If tokens are repeated, reserved or too many, or the weights do not go with them.
    """
    tokens: list[Token] = values["vocabulary"]
    special: list[Any] = [values["oov_token"]] * values["num_oov_indices"]
    if values["mask_token"] is not None and values["output_mode"] == "int":
        special.insert(0, values["mask_token"])
    has_special = bool(special) and tokens[: len(special)] == special
    plain = tokens[len(special) :] if has_special else tokens
    if len(set(plain)) != len(plain):
        twice = [token for token, count in Counter(plain).items() if count > 1]
        raise _wrong(
            owner,
            f"the passed vocabulary has at least one repeated term: {twice}",
            f"词表中有重复的词元：{twice}",
        )
    reserved = [("mask", values["mask_token"])]
    if values["invert"]:
        reserved.append(("OOV", values["oov_token"]))
    for what, token in reserved:
        if token is not None and token in plain:
            raise _wrong(
                owner,
                f"found reserved {what} token at unexpected location in `vocabulary`: {token!r}. Leave the special "
                f"tokens out, or put them at the start in this order: {special}",
                f"保留的 {what} 词元 {token!r} 出现在词表的错误位置。请去掉保留词元，或按此顺序放在开头：{special}",
            )
    most, size = values["max_tokens"], len(special) + len(plain)
    if most is not None and size > most:
        raise _wrong(
            owner,
            f"attempted to set a vocabulary larger than the maximum vocab size: {size} tokens, `max_tokens` is {most}",
            f"词表过长：{size} 个词元，max_tokens 为 {most}",
        )
    shape = np.shape(values["idf_weights"])
    if values["idf_weights"] is not None and shape != (len(tokens),):
        raise _wrong(
            owner,
            f"`idf_weights` must be the same length as vocabulary: {shape}, {len(tokens)} tokens",
            f"idf_weights 的长度须与词表相同：{shape}，词元 {len(tokens)} 个",
        )
    return plain


class Lookup(HostLayer):
    """What lookups share: the vocabulary, how it is given or learned, and the output."""

    learned_from_data = "vocabulary"

    mask_token: Any
    oov_token: Any
    vocabulary: Any

    max_tokens: MostTokens | None = field(None, doc=MAX_TOKENS)
    num_oov_indices: NonNegativeInt = field(1, doc=UNKNOWN_COUNT, advanced=True)
    idf_weights: Numbers = field(None, doc=IDF, advanced=True)
    invert: bool = field(False, doc=INVERT, advanced=True)
    output_mode: Mode = field("int", doc=OUTPUT_MODE)
    pad_to_max_tokens: bool = field(False, doc=PAD, advanced=True)

    def __init__(self, *args: Any, vocabulary_size: Any = None, **kwargs: Any) -> None:
        del vocabulary_size  # Keras' note for itself
        bound = self.bind(args, kwargs)
        if bound.get("vocabulary") is not None:
            bound["vocabulary"] = from_lines(bound["vocabulary"])
        super().__init__(**bound)
        self.is_static = self.vocabulary is not None
        self.known: Vocabulary | None = None
        self.rarity: Array | None = None
        if self.vocabulary is not None:
            self.set_vocabulary(self.vocabulary, self.idf_weights)

    @classmethod
    def check_together(cls, values: Mapping[str, Any]) -> Iterable[Issue]:
        name, mode = cls.__name__, values["output_mode"]
        if values["pad_to_max_tokens"] and values["max_tokens"] is None:
            yield bad_parameter(
                "max_tokens",
                f"If pad_to_max_tokens is True, must set `max_tokens` of {name}.",
                f"{name}：pad_to_max_tokens 为 True 时必须给出 max_tokens。",
            )
        if values["invert"] and mode != "int":
            yield bad_parameter(
                "output_mode",
                f"`output_mode` must be `'int'` when `invert` of {name} is true, got {mode}.",
                f"{name}：invert 为 True 时 output_mode 必须为 int，实际为 {mode}。",
            )
        has_weights, has_tokens = (values[key] is not None for key in ("idf_weights", "vocabulary"))
        if has_weights and mode != "tf_idf":
            yield bad_parameter(
                "idf_weights",
                f"`idf_weights` of {name} should only be set if `output_mode` is tf_idf, got {mode}.",
                f"{name}：只有 output_mode 为 tf_idf 时才能给出 idf_weights，实际为 {mode}。",
            )
        if has_tokens and mode == "tf_idf" and not has_weights:
            yield bad_parameter(
                "idf_weights",
                f"The `idf_weights` of {name} must also be provided beside the vocabulary in tf_idf.",
                f"{name}：tf_idf 模式下给出词表时须同时给出 idf_weights。",
            )
        elif has_tokens:
            try:
                plain_tokens(name, values)
            except ConfigError as error:
                yield Issue("vocabulary", "bad_parameter", error.text)

    @classmethod
    def config_from_file(cls, config: Mapping[str, Any]) -> Mapping[str, Any]:
        """Without what Keras notes for itself."""
        own = ("vocabulary_size", "vocabulary_dtype", "has_input_vocabulary")
        return {key: value for key, value in config.items() if key not in own}

    # --- vocabulary --------------------------------------------------------------------------------------------

    def bucket(self, token: Token) -> int:
        """Which of the numbers for unknown tokens an unknown one gets."""
        raise NotImplementedError

    def _vocabulary_of(self, tokens: Sequence[Token]) -> Vocabulary:
        return Vocabulary(
            tokens=tuple(tokens),
            mask=self.mask_token,
            unknown=self.oov_token,
            unknown_count=self.num_oov_indices,
            bucket=self.bucket,
            keeps_mask=self.output_mode == "int",
            owner=f'{type(self).__name__} "{self.name}"',
        )

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Give the tokens, with or without those that stand for nothing and for unknown ones at their head.

        Args:
            vocabulary: A list, an array, or the name of a file with a token in each line.
            idf_weights: How much each counts, in tf_idf.

        Raises:
            ConfigError: If tokens are repeated, reserved or too many, or the weights do not go with them.
        """
        tokens = type(self).read_tokens(from_lines(vocabulary))
        if (self.output_mode == "tf_idf") == (idf_weights is None):
            raise _wrong(
                f'{type(self).__name__} "{self.name}"',
                "`idf_weights` must be set if output_mode is 'tf_idf', and only then",
                "idf_weights 须且仅须在 output_mode 为 tf_idf 时给出",
            )
        own = {name: getattr(self, name) for name in self.declared_fields}
        weights = None if idf_weights is None else np.asarray(idf_weights, "float32").tolist()
        own |= {"vocabulary": tokens, "idf_weights": weights}
        plain = plain_tokens(f'{type(self).__name__} "{self.name}"', own)
        self.vocabulary, self.known = tokens, self._vocabulary_of(plain)
        if weights is not None:
            self.idf_weights = weights
            before = self.known.first_token if len(plain) == len(tokens) else 0
            self._weigh(np.array(weights, "float32"), before)

    def _weigh(self, weights: Array, before: int) -> None:
        """Keep the weights; unknown tokens weigh what the others do on average."""
        padded = np.pad(weights, (before, 0), constant_values=np.average(weights))
        behind = (self.max_tokens or 0) - len(padded) if self.pad_to_max_tokens else 0
        self.rarity = np.pad(padded, (0, behind)).astype("float32")

    @staticmethod
    def read_tokens(value: Any) -> list[Token]:
        """A vocabulary as a list of tokens of the layer's kind."""
        raise NotImplementedError

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[Any]:
        """The tokens in the order of their numbers.

        Args:
            include_special_tokens: Whether with those that stand for nothing and for unknown ones.
        """
        known = self.known or self._vocabulary_of(())
        return known.listed(special=include_special_tokens)

    def vocabulary_size(self) -> int:
        """Number of tokens, with those that stand for nothing and for unknown ones."""
        return len(self.known or self._vocabulary_of(()))

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Learn the vocabulary: the tokens of the data, the most frequent first.

        Args:
            data: A list, array or tensor of tokens, (documents, tokens) or one token a document; or batches of those.
            steps: Batches to read at most.

        Raises:
            ConfigError: If the vocabulary was given.
        """
        self.need_adaptable()
        counts = Counts()
        if isinstance(data, (list, tuple)) or hasattr(data, "__array__"):
            array = self.token_array(data)
            counts.add(array.reshape(len(array), -1).tolist() if array.ndim else [[array.item()]])
        else:
            for batch in batches_of(data, self, steps):
                array = self.token_array(batch)
                rows = (
                    array.reshape(-1, array.shape[-1]) if array.ndim > 1 else array.reshape(1, -1)
                )
                counts.add(rows.tolist())
        self.learn(counts)

    def need_adaptable(self) -> None:
        """Raise a `ConfigError` where the vocabulary was given."""
        if self.is_static:
            raise ConfigError(
                Text(
                    f"Cannot adapt layer '{self.name}' after setting a static vocabulary via `vocabulary` argument.",
                    f"层“{self.name}”已通过 vocabulary 参数给定词表，不能再 adapt。",
                )
            )

    def learn(self, counts: Counts) -> None:
        """Take the vocabulary from what was counted."""
        if not counts.tokens:
            return
        most = None
        if self.max_tokens is not None:
            most = self.max_tokens - self._vocabulary_of(()).first_token
        tokens = counts.learned((self.mask_token, self.oov_token), most)
        self.vocabulary, self.known = tokens, self._vocabulary_of(tokens)
        if self.output_mode == "tf_idf":
            weights = np.array(counts.rarity(tokens), "float32")
            self.idf_weights = weights.tolist()
            self._weigh(weights, self.known.first_token)

    @staticmethod
    def token_array(data: Any) -> Array:
        """Data as an array of tokens of the layer's kind."""
        raise NotImplementedError

    # --- what it does ------------------------------------------------------------------------------------------

    @property
    def depth(self) -> int:
        """Length of a row of ones and counts."""
        if self.pad_to_max_tokens:
            assert self.max_tokens is not None
            return self.max_tokens
        otherwise = Text(
            " Or give max_tokens with pad_to_max_tokens: rows are then as long as that.",
            "也可给出 max_tokens 并打开 pad_to_max_tokens：输出即为该长度。",
        )
        return len(self.need_vocabulary(otherwise))

    def need_vocabulary(self, otherwise: Text = NOTHING_ELSE) -> Vocabulary:
        """The vocabulary; raises a `ShapeError` where there is none yet.

        Args:
            otherwise: What else could be done, for the message.
        """
        if self.known is None:
            raise ShapeError(
                Text(
                    f'{type(self).__name__} "{self.name}": you must set the layer\'s vocabulary before calling it. Either '
                    f"pass a `vocabulary` argument to the layer, or call `adapt` with some sample data.{otherwise.en}",
                    f"{type(self).__name__}“{self.name}”还没有词表；请给出 vocabulary，或先用样本数据调用 adapt。{otherwise.zh}",
                ),
                field="vocabulary",
            )
        return self.known

    def output_shape(self, *inputs: Shape) -> Shape:
        return inputs[0] if self.output_mode == "int" else self.rows_shape(inputs[0])

    def rows_shape(self, shape: Shape) -> Shape:
        """Shape of rows of ones or counts for tokens of a shape."""
        mode = "count" if self.output_mode == "tf_idf" else self.output_mode
        return encoded_shape(shape, mode, self.depth)

    def output_dtype(self, *inputs: str) -> str:
        if self.invert:
            raise ShapeError(
                Text(
                    f'{type(self).__name__} "{self.name}" gives tokens, which a model cannot; apply it to what the model '
                    "predicts.",
                    f"{type(self).__name__}“{self.name}”输出词元，不能放在模型中；请对模型的预测结果使用它。",
                ),
                field="invert",
            )
        return "int64" if self.output_mode == "int" else "float32"

    def computed(self, *inputs: Array) -> Any:
        known = self.need_vocabulary()
        if self.invert:
            return self.inverted(known, inputs[0])
        return self.rows(torch.from_numpy(known.numbers_of(self.token_array(inputs[0]))))

    def inverted(self, known: Vocabulary, numbers: Array) -> Any:
        """The tokens of numbers."""
        return known.tokens_of(numbers)

    def rows(self, numbers: Tensor) -> Tensor:
        """The output for the numbers of tokens."""
        if self.output_mode != "tf_idf":
            return encoded(
                numbers, self.output_mode, self.depth if self.output_mode != "int" else 0
            )
        return encoded(numbers, "count", self.depth) * torch.from_numpy(self.rarity)

    # --- files -------------------------------------------------------------------------------------------------

    def named_arrays(self) -> dict[str, dict[str, Array]]:
        """What Keras wants to find beside the configuration: named arrays by group."""
        return {} if self.rarity is None else {"": {"idf_weights": self.rarity}}


def bad_parameter(name: str, en: str, zh: str) -> Issue:
    """The issue of one parameter that does not go with the others."""
    return Issue(name, "bad_parameter", Text(en, zh))
