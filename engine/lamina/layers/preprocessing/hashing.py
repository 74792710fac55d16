"""Hashing and HashedCrossing: categories without a vocabulary, by hashes that are the same everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
import torch
from pydantic import BeforeValidator, WithJsonSchema
from torch import Tensor

from lamina.errors import ConfigError, ShapeError
from lamina.fields import PositiveInt, field
from lamina.layer import Ports, Shape, layer, shape_text
from lamina.layers.preprocessing.encoding import OUTPUT_MODE, encoded, encoded_shape
from lamina.layers.preprocessing.fingerprints import fingerprint64, joined
from lamina.layers.preprocessing.host_layer import HostLayer
from lamina.layers.preprocessing.vocabulary import bucket_of
from lamina.layers.shared_fields import REFUSED, Refused
from lamina.text import Text

Array = np.ndarray[Any, Any]

FIRST = 0xDECAFCAFFE
"""What a crossing begins with: TensorFlow's constant."""
_BINS = Text("Number of bins.", "桶的数量。")


def salt_pair(value: Any) -> Any:
    """Two whole numbers; one stands for both."""
    if value is None:
        return None
    if isinstance(value, str):
        value = [int(part) for part in value.replace(",", " ").split()] or None
        value = value[0] if value is not None and len(value) == 1 else value
    if isinstance(value, int) and not isinstance(value, bool):
        return [value, value]
    if isinstance(value, (list, tuple)) and len(value) == 2:
        return [int(part) for part in value]
    raise ConfigError(
        Text(
            f"can only be a tuple of size 2 integers, or a single integer, got {value!r}.",
            f"只能是一个整数或两个整数，实际为 {value!r}。",
        )
    )


Salt = Annotated[
    Any,
    BeforeValidator(salt_pair),
    WithJsonSchema({"anyOf": [{"type": "array"}, {"type": "null"}], "x-widget": "shape"}),
]
"""Field type: the key of a hash, one whole number or two."""
SALT = Text(
    "Key of the hash: another one puts values into other bins.",
    "哈希的密钥：不同的密钥得到不同的分桶。",
)


def _mask(value: Any) -> Any:
    if value is None or (isinstance(value, (str, int)) and not isinstance(value, bool)):
        return value
    if isinstance(value, (bytes, np.generic)):
        return value.decode() if isinstance(value, bytes) else value.item()
    raise ConfigError(
        Text(
            f"must be text or a whole number, got {value!r}.",
            f"必须是文本或整数，实际为 {value!r}。",
        )
    )


TokenField = Annotated[
    Any,
    BeforeValidator(_mask),
    WithJsonSchema(
        {"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}], "x-widget": "text"}
    ),
]
"""Field type: one token, text or a whole number."""


class _Hashing(HostLayer):
    """What both have: numbers unless rows of ones are asked for, in Keras' type."""

    num_bins: int
    output_mode: str

    def __init__(self, *args: Any, dtype: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        name = dtype.get("config", {}).get("name") if isinstance(dtype, Mapping) else dtype
        self.number_type = "int64" if name is None else str(name).removeprefix("torch.")
        if self.output_mode == "int" and self.number_type not in ("int32", "int64"):
            raise ConfigError(
                Text(
                    f'When `output_mode="int"`, `dtype` should be an integer type, int32 or int64; {self.name} got '
                    f"{self.number_type}.",
                    f"output_mode 为 int 时，dtype 应为 int32 或 int64；{self.name} 实际为 {self.number_type}。",
                ),
                field="dtype",
            )

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        return {**config, "dtype": self.number_type} if self.output_mode == "int" else config

    @classmethod
    def config_from_file(cls, config: Mapping[str, Any]) -> Mapping[str, Any]:
        """Without the type of the numbers, which the output mode says."""
        return {key: value for key, value in config.items() if key != "dtype"}

    def output_dtype(self, *inputs: str) -> str:
        return self.number_type if self.output_mode == "int" else "float32"

    def _encoded(self, bins: Array) -> Tensor:
        out = encoded(torch.from_numpy(bins), self.output_mode, self.num_bins)
        return out.to(getattr(torch, self.output_dtype()))


@layer(
    group="preprocessing", summary=Text("Categories by hashes.", "用哈希把类别分到固定数量的桶。")
)
class Hashing(_Hashing):
    """The bin of each value, text or whole number: FarmHash64 of it, or SipHash with a salt.

    Floats lose what is behind the point.

    Shapes:
        (batch, …) of text or numbers -> the same, int64; with another output_mode as of CategoryEncoding

    >>> Hashing(3)([["A"], ["B"], ["C"]]).tolist()
    [[1], [0], [1]]
    """

    num_bins: PositiveInt = field(suggest=16, doc=_BINS)
    mask_value: TokenField = field(
        None,
        doc=Text(
            "The value of bin 0, which no other then has.",
            "固定放入 0 号桶的值，其他值不会进入该桶。",
        ),
        advanced=True,
    )
    salt: Salt = field(None, doc=SALT, advanced=True)
    output_mode: Literal["int", "one_hot", "multi_hot", "count"] = field("int", doc=OUTPUT_MODE)
    sparse: Refused = field(False, doc=REFUSED, hidden=True)

    def output_shape(self, *inputs: Shape) -> Shape:
        return encoded_shape(inputs[0], self.output_mode, self.num_bins)

    def computed(self, *inputs: Array) -> Tensor:
        (values,) = inputs
        if values.dtype.kind == "f":
            values = values.astype(np.int64)
        distinct, where = np.unique(values, return_inverse=True)
        masked = self.mask_value is not None and self.num_bins > 1
        found = [
            0
            if masked and value == self.mask_value
            else bucket_of(value, self.num_bins - masked, self.salt) + masked
            for value in distinct.tolist()
        ]
        return self._encoded(np.array(found, np.int64)[where].reshape(values.shape))


@layer(
    group="preprocessing",
    summary=Text("Pairs of categories by hashes.", "用哈希把类别组合分到固定数量的桶。"),
)
class HashedCrossing(_Hashing):
    """The bin of each combination of values of two or more inputs.

    Shapes:
        (batch,) or (batch, 1) of text or whole numbers, each -> the same, int64; one_hot: (batch, num_bins)

    >>> HashedCrossing(5)([["A", "B", "A", "B", "A"], [101, 101, 101, 102, 102]]).tolist()
    [1, 4, 1, 1, 3]
    """

    num_bins: PositiveInt = field(suggest=16, doc=_BINS)
    output_mode: Literal["int", "one_hot"] = field(
        "int",
        doc=Text(
            "int for the bin, one_hot for a row of ones.", "int 输出桶号，one_hot 输出 0/1 向量。"
        ),
    )
    sparse: Refused = field(False, doc=REFUSED, hidden=True)

    ports = Ports(least_inputs=2, most_inputs=None)
    takes_list = True

    def output_shape(self, *inputs: Shape) -> Shape:
        first = inputs[0]
        if len(inputs) < 2:
            raise ConfigError(
                Text(
                    f'HashedCrossing "{self.name}" should be called on at least two inputs, got {len(inputs)}.',
                    f"HashedCrossing“{self.name}”至少需要两个输入，实际为 {len(inputs)} 个。",
                )
            )
        for shape in inputs:
            if len(shape) > 2 or (len(shape) == 2 and shape[-1] != 1) or len(shape) != len(first):
                raise ShapeError(
                    Text(
                        f'HashedCrossing "{self.name}" takes inputs of one equal shape, (batch,) or (batch, 1), got '
                        f"{', '.join(map(shape_text, inputs))}.",
                        f"HashedCrossing“{self.name}”的各输入形状须相同，为 (batch,) 或 (batch, 1)，"
                        f"实际为 {'、'.join(map(shape_text, inputs))}。",
                    )
                )
        return encoded_shape(first, self.output_mode, self.num_bins)

    def computed(self, *inputs: Array) -> Tensor:
        for values in inputs:
            if values.dtype.kind not in "iuU":
                raise ConfigError(
                    Text(
                        f'All inputs of HashedCrossing "{self.name}" should be whole numbers or text, got '
                        f"{values.dtype}.",
                        f"HashedCrossing“{self.name}”的输入须为整数或文本，实际为 {values.dtype}。",
                    )
                )
        rows = zip(*(values.reshape(-1).tolist() for values in inputs), strict=True)
        bins = np.array([self._bin(row) for row in rows], np.int64)
        return self._encoded(bins.reshape(inputs[0].shape))

    def _bin(self, values: tuple[Any, ...]) -> int:
        found = FIRST
        for value in values:
            is_number = isinstance(value, int)
            found = joined(found, value % 2**64 if is_number else fingerprint64(value.encode()))
        return found % self.num_bins
