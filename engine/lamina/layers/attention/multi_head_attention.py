"""MultiHeadAttention: every position looks at every other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import torch
import torch.nn.functional as F
from pydantic import BeforeValidator
from torch import Tensor

from lamina.constraints import ConstraintField
from lamina.errors import ShapeError
from lamina.fields import Fraction, PositiveInt, field
from lamina.initializers import InitializerField
from lamina.layer import (
    Layer,
    Ports,
    Shape,
    Weight,
    layer,
    need_known,
    need_rank,
    product,
    shape_text,
)
from lamina.layers.shared_fields import (
    REFUSED,
    WITHOUT_EFFECT,
    Refused,
    constraint,
    penalty,
    refuse,
)
from lamina.regularizers import RegularizerField
from lamina.text import Text


def _only_time(value: Any) -> Any:
    """The one axis that there is between batch and features may be named."""
    return None if value in (1, [1], (1,)) else refuse(value)


@layer(
    group="attention",
    summary=Text("Every position looks at every other.", "每个位置关注所有其他位置。"),
)
class MultiHeadAttention(Layer):
    """Scaled dot-product attention in several heads (Vaswani et al. 2017, arXiv:1706.03762).

    Call it on (query, value) or on (query, value, key); the key is the value when it is left out.

    Shapes:
        (batch, time, features), (batch, other time, …) and the same again -> (batch, time, features)
    """

    num_heads: PositiveInt = field(suggest=4, doc=Text("Number of heads.", "注意力头的数量。"))
    key_dim: PositiveInt = field(
        suggest=16, doc=Text("Size of each head's query and key.", "每个头的查询和键的大小。")
    )
    value_dim: PositiveInt | None = field(
        None,
        doc=Text(
            "Size of each head's value; key_dim when empty.",
            "每个头的值的大小；留空则等于 key_dim。",
        ),
        advanced=True,
    )
    dropout: Fraction = field(
        0.0,
        doc=Text(
            "Share of the attention that is dropped while training.", "训练时丢弃注意力的比例。"
        ),
    )
    use_bias: bool = field(
        True, doc=Text("Add learned offsets.", "是否加上可学习的偏置。"), advanced=True
    )
    partial_output_shape: Refused = field(None, doc=REFUSED, hidden=True)
    attention_axes: Annotated[Any, BeforeValidator(_only_time)] = field(
        None, doc=REFUSED, hidden=True
    )
    sliding_window: Refused = field(None, doc=REFUSED, hidden=True)
    flash_attention: Any = field(None, doc=WITHOUT_EFFECT, hidden=True)
    kernel_initializer: InitializerField = field(
        "glorot_uniform",
        doc=Text("First values of the kernels.", "权重矩阵的初始值。"),
        advanced=True,
    )
    bias_initializer: InitializerField = field(
        "zeros", doc=Text("First values of the biases.", "偏置的初始值。"), advanced=True
    )
    kernel_regularizer: RegularizerField | None = field(None, doc=penalty("kernel"), advanced=True)
    bias_regularizer: RegularizerField | None = field(None, doc=penalty("bias"), advanced=True)
    activity_regularizer: Refused = field(None, doc=REFUSED, hidden=True)
    kernel_constraint: ConstraintField | None = field(None, doc=constraint("kernel"), advanced=True)
    bias_constraint: ConstraintField | None = field(None, doc=constraint("bias"), advanced=True)
    use_gate: Refused = field(False, doc=REFUSED, hidden=True)
    seed: Refused = field(None, doc=REFUSED, hidden=True)

    aliases = {"output_shape": "partial_output_shape"}

    ports = Ports(least_inputs=2, most_inputs=3)

    @property
    def head_value_dim(self) -> int:
        return self.key_dim if self.value_dim is None else self.value_dim

    def output_shape(self, *inputs: Shape) -> Shape:
        for x in inputs:
            need_rank(self, x, 3, "(batch, time, features)")
            need_known(self, x, 2, "features")
        query, value, key = inputs[0], inputs[1], inputs[-1]
        if None not in (value[1], key[1]) and value[1] != key[1]:
            raise ShapeError(
                Text(
                    f'MultiHeadAttention "{self.name}" needs a key for each value, but gets {shape_text(key)} and '
                    f"{shape_text(value)}.",
                    f"MultiHeadAttention“{self.name}”要求键与值一一对应，实际得到 {shape_text(key)} 和 {shape_text(value)}。",
                ),
                port=2,
            )
        return query

    def weights_for(self, *inputs: Shape) -> Iterator[Weight]:
        query, value, key = inputs[0], inputs[1], inputs[-1]
        for part, source, size in (
            ("query", query, self.key_dim),
            ("key", key, self.key_dim),
            ("value", value, self.head_value_dim),
        ):
            features = need_known(self, source, 2, "features")
            shape = (self.num_heads, size)
            group = f"{part}_dense"
            yield Weight(
                f"{part}_kernel",
                (features, *shape),
                self.kernel_initializer,
                to_torch=(1, 2, 0),
                file_group=group,
                regularizer=self.kernel_regularizer,
                constraint=self.kernel_constraint,
            )
            if self.use_bias:
                yield Weight(
                    f"{part}_bias",
                    shape,
                    self.bias_initializer,
                    file_group=group,
                    regularizer=self.bias_regularizer,
                    constraint=self.bias_constraint,
                )
        features = need_known(self, query, 2, "features")
        yield Weight(
            "output_kernel",
            (self.num_heads, self.head_value_dim, features),
            self.kernel_initializer,
            to_torch=(2, 0, 1),
            file_group="output_dense",
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        if self.use_bias:
            yield Weight(
                "output_bias",
                (features,),
                self.bias_initializer,
                file_group="output_dense",
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

    def macs(self, inputs: Sequence[Shape], output: Shape) -> int:
        query, value, key = inputs[0], inputs[1], inputs[-1]
        keys, values = self.num_heads * self.key_dim, self.num_heads * self.head_value_dim
        projections = product(query[1:]) * (keys + values) + product(key[1:]) * keys
        attention = product(query[1:2]) * product(key[1:2]) * (keys + values)
        return projections + product(value[1:]) * values + attention

    def forward(self, *inputs: Tensor) -> Tensor:
        query, value, key = inputs[0], inputs[1], inputs[-1]
        if query is value and value is key:
            q, k, v = self._project_together(query)
        else:
            q = self._heads(query, self._query_kernel, self._bias("query"))
            k = self._heads(key, self._key_kernel, self._bias("key"))
            v = self._heads(value, self._value_kernel, self._bias("value"))
        dropout = self.dropout if self.training else 0.0
        attended = F.scaled_dot_product_attention(q, k, v, dropout_p=dropout)
        together = attended.transpose(1, 2).flatten(2)
        return F.linear(together, self._output_kernel.flatten(1), self._bias("output"))

    def _bias(self, part: str) -> Any:
        """The bias of a projection in a row, None without biases."""
        if not self.use_bias:
            return None
        bias = getattr(self, f"_{part}_bias")
        return bias if part == "output" else bias.flatten()

    def _heads(self, x: Tensor, kernel: Tensor, bias: Any) -> Tensor:
        """(batch, time, features) -> (batch, heads, time, size)."""
        return _split_heads(F.linear(x, kernel.flatten(0, 1), bias), self.num_heads)

    def _project_together(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Query, key and value of self-attention by one multiplication."""
        parts = ("query", "key", "value")
        kernel = torch.cat([getattr(self, f"_{part}_kernel").flatten(0, 1) for part in parts])
        bias = torch.cat([self._bias(part) for part in parts]) if self.use_bias else None
        keys, values = self.num_heads * self.key_dim, self.num_heads * self.head_value_dim
        projected = F.linear(x, kernel, bias)
        q, k, v = (
            _split_heads(projected[..., start:stop], self.num_heads)
            for start, stop in ((0, keys), (keys, 2 * keys), (2 * keys, 2 * keys + values))
        )
        return q, k, v


def _split_heads(x: Tensor, heads: int) -> Tensor:
    """(batch, time, heads size) -> (batch, heads, time, size)."""
    return torch.unflatten(x, 2, (heads, -1)).transpose(1, 2)
