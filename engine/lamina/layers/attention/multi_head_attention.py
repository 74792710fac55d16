"""MultiHeadAttention: every position looks at every other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from lamina.errors import ShapeError
from lamina.fields import Axes, Fraction, PositiveInt, field
from lamina.layer import Shape, layer, need_known, shape_text
from lamina.layers.attention.base import DROPOUT
from lamina.layers.attention.heads import HeadsAttention
from lamina.text import Text

USE_BIAS = Text("Add learned offsets.", "是否加上可学习的偏置。")


def _listed(value: Any) -> Any:
    return (value.__index__(),) if hasattr(value, "__index__") else value


AttentionAxes = Annotated[
    tuple[int, ...],
    BeforeValidator(_listed),
    WithJsonSchema({"type": "array", "items": {"type": "integer"}, "x-widget": "shape"}),
]
"""Axes of the inputs, the batch being 0; negative ones count from the end, the features being -1."""


@layer(
    group="attention",
    summary=Text("Every position looks at every other.", "每个位置关注所有其他位置。"),
)
class MultiHeadAttention(HeadsAttention):
    """Scaled dot-product attention in several heads (Vaswani et al. 2017, arXiv:1706.03762).

    Call it on (query, value) or on (query, value, key); the key is the value when it is left out. Further keywords of
    a call: `attention_mask` (batch, queries, keys), `use_causal_mask`, `return_attention_scores`, which makes the
    shares (batch, heads, queries, keys) a second output, `value_mask` and `key_mask`.

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
    dropout: Fraction = field(0.0, doc=DROPOUT)
    use_bias: bool = field(True, doc=USE_BIAS, advanced=True)
    partial_output_shape: Axes | None = field(
        None,
        doc=Text(
            "Sizes of the output's axes in place of the features; the query's features when empty.",
            "输出中代替特征轴的各轴大小；留空则与查询的特征数相同。",
        ),
        advanced=True,
    )
    attention_axes: AttentionAxes | None = field(
        None,
        doc=Text(
            "Axes that attention runs over; all between batch and features when empty.",
            "注意力作用的轴；留空则为批次与特征之间的所有轴。",
        ),
        advanced=True,
    )

    aliases = {"output_shape": "partial_output_shape"}
    passes_query_mask = False

    def get_config(self) -> dict[str, Any]:
        """The configuration; what Keras 3.0 did not have stands in it only where it differs from the default."""
        config = super().get_config()
        config["output_shape"] = config.pop("partial_output_shape")
        new = {"sliding_window": None, "use_gate": False, "seed": None}
        return {k: v for k, v in config.items() if k not in new or v != new[k]}

    @property
    def sizes(self) -> Mapping[str, tuple[int, int]]:
        value = self.key_dim if self.value_dim is None else self.value_dim
        heads = self.num_heads
        return {
            "query": (heads, self.key_dim),
            "key": (heads, self.key_dim),
            "value": (heads, value),
        }

    @property
    def output_sizes(self) -> tuple[int, ...] | None:
        return self.partial_output_shape

    def axes_for(self, rank: int) -> tuple[int, ...]:
        if self.attention_axes is None:
            return tuple(range(1, rank - 1))
        return tuple(axis if axis >= 0 else rank + axis for axis in self.attention_axes)

    def output_shape(self, *inputs: Shape) -> Shape:
        rank = len(inputs[0])
        axes = self.axes_for(rank)
        for port, x in enumerate(inputs):
            if len(x) != rank or rank < 3:
                raise ShapeError(
                    Text(
                        f'MultiHeadAttention "{self.name}" needs (batch, time, features), or one more axis for each '
                        f"input, but gets {' and '.join(map(shape_text, inputs))}.",
                        f"MultiHeadAttention“{self.name}”需要 (batch, time, features)，或各输入同样多的轴，实际得到 "
                        f"{' 和 '.join(map(shape_text, inputs))}。",
                    ),
                    port=port,
                )
            need_known(self, x, -1, "features")
        if not axes or any(not 0 < axis < rank - 1 for axis in axes) or len({*axes}) < len(axes):
            raise ShapeError(
                Text(
                    f'MultiHeadAttention "{self.name}": attention_axes {self.attention_axes} do not fit '
                    f"{shape_text(inputs[0])}; they lie between the batch and the features.",
                    f"MultiHeadAttention“{self.name}”的 attention_axes {self.attention_axes} 不适用于 "
                    f"{shape_text(inputs[0])}；它们应位于批次轴与特征轴之间。",
                ),
                field="attention_axes",
                suggest={"attention_axes": None},
            )
        self.need_key_for_each_value(inputs[1], inputs[-1])
        return super().output_shape(*inputs)
