"""GroupQueryAttention: several heads of the query share one of the key and value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lamina.errors import ShapeError
from lamina.fields import Fraction, Issue, PositiveInt, field
from lamina.layer import Shape, layer, shape_text
from lamina.layers.attention.base import DROPOUT
from lamina.layers.attention.heads import HeadsAttention
from lamina.layers.attention.multi_head_attention import USE_BIAS
from lamina.text import Text


@layer(
    group="attention",
    summary=Text("Heads of the query share keys and values.", "多个查询头共用一组键和值。"),
    name="GroupQueryAttention",
    aliases=("GroupedQueryAttention",),
)
class GroupedQueryAttention(HeadsAttention):
    """Attention in which groups of the query's heads share one key and value (Ainslie et al. 2023, arXiv:2305.13245).

    It is called like `MultiHeadAttention`; here `query_mask` counts, too.

    Shapes:
        (batch, time, features), (batch, other time, features) and the same again -> (batch, time, features)
    """

    head_dim: PositiveInt = field(suggest=16, doc=Text("Size of each head.", "每个头的大小。"))
    num_query_heads: PositiveInt = field(
        suggest=4, doc=Text("Number of heads of the query.", "查询头的数量。")
    )
    num_key_value_heads: PositiveInt = field(
        suggest=2,
        doc=Text(
            "Number of heads of key and value; it divides that of the query.",
            "键和值的头数；必须整除查询头数。",
        ),
    )
    dropout: Fraction = field(0.0, doc=DROPOUT)
    use_bias: bool = field(True, doc=USE_BIAS, advanced=True)

    dense_groups = "_{}_dense"
    passes_query_mask = True

    @classmethod
    def check_together(cls, values: Mapping[str, Any]) -> Iterable[Issue]:
        heads, shared = values["num_query_heads"], values["num_key_value_heads"]
        if heads % shared:
            yield Issue(
                "num_key_value_heads",
                "out_of_range",
                Text(
                    f"GroupQueryAttention.num_key_value_heads must divide num_query_heads, got {shared} for {heads}.",
                    f"GroupQueryAttention.num_key_value_heads 必须整除 num_query_heads，实际为 {shared} 和 {heads}。",
                ),
                shared,
                1,
            )

    @property
    def sizes(self) -> Mapping[str, tuple[int, int]]:
        shared = (self.num_key_value_heads, self.head_dim)
        return {
            "query": (self.num_query_heads, self.head_dim),
            "key": shared,
            "value": shared,
        }

    def output_shape(self, *inputs: Shape) -> Shape:
        self.need_sequences(*inputs)
        query, value = inputs[0], inputs[1]
        if query[2] != value[2]:
            raise ShapeError(
                Text(
                    f'GroupQueryAttention "{self.name}" needs a query and a value of as many features, but gets '
                    f"{shape_text(query)} and {shape_text(value)}.",
                    f"GroupQueryAttention“{self.name}”要求查询与值的特征数相同，实际得到 {shape_text(query)} 和 "
                    f"{shape_text(value)}。",
                ),
                port=1,
            )
        return super().output_shape(*inputs)
