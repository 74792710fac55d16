"""Attention and AdditiveAttention: one head without projections."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor

from lamina import initializers
from lamina.errors import ShapeError
from lamina.fields import Fraction, Int, field
from lamina.initializers import Ones
from lamina.layer import Shape, Weight, layer, need_known, product, shape_text
from lamina.layers.attention import pairs
from lamina.layers.attention.base import DROPOUT, SEED, AttentionLayer
from lamina.text import Text


class _PlainAttention(AttentionLayer):
    """What both share: they take a list of query, value and key, and a list of their masks."""

    takes_list: ClassVar[bool] = True
    use_scale: bool

    def _by_port(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        if len(args) > 1 and isinstance(args[0], (list, tuple)):
            names = ("mask", "training", "return_attention_scores", "use_causal_mask")
            kwargs = {**dict(zip(names, args[1:], strict=False)), **kwargs}
            args = args[:1]
        return super()._by_port(args, kwargs)

    def output_shape(self, *inputs: Shape) -> Shape:
        self.need_sequences(*inputs)
        query, value, key = inputs[0], inputs[1], inputs[-1]
        if query[2] != key[2]:
            raise ShapeError(
                Text(
                    f'{self.type_name} "{self.name}" compares query and key, so they need as many features, but gets '
                    f"{shape_text(query)} and {shape_text(key)}.",
                    f"{self.type_name}“{self.name}”比较查询与键，二者的特征数必须相同，实际得到 {shape_text(query)} 和 "
                    f"{shape_text(key)}。",
                ),
                port=len(inputs) - 1,
            )
        return (query[0], query[1], value[2])

    def scores_shape(self, *inputs: Shape) -> Shape:
        return (inputs[0][0], inputs[0][1], inputs[-1][1])

    def macs(self, inputs: Sequence[Shape], output: Shape) -> int:
        query, value, key = inputs[0], inputs[1], inputs[-1]
        return product(query[1:2]) * product(key[1:2]) * (product(key[2:]) + product(value[2:]))

    def scores(self, query: Tensor, key: Tensor) -> Tensor:
        """(batch, queries, keys)."""
        raise NotImplementedError

    def forward(
        self,
        *inputs: Tensor,
        mask: Any = None,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        query, value, key = inputs[0], inputs[1], inputs[-1]
        query_mask, value_mask = (None, None) if mask is None else mask[:2]
        shares = pairs.lowered_softmax(self.scores(query, key), value_mask, use_causal_mask)
        shares = self.dropped(shares)
        output = torch.matmul(shares, value)
        if query_mask is not None:
            output = torch.where(query_mask.to(torch.bool).unsqueeze(-1), output, 0.0)
        return (output, shares) if return_attention_scores else output


@layer(
    group="attention",
    summary=Text("Each query takes the mean of values like it.", "每个查询按相似度对值加权平均。"),
)
class Attention(_PlainAttention):
    """softmax(query · key) value (Luong et al. 2015, arXiv:1508.04025).

    Call it on a list of query and value, or of query, value and key; the key is the value when it is left out. A mask
    is a list of those of query and value: values that are masked count nothing, queries that are masked give zeros.

    Shapes:
        (batch, time, features), (batch, other time, …) and the same again -> (batch, time, features of the value)

    >>> import torch
    >>> Attention()([torch.zeros(2, 3, 4), torch.ones(2, 5, 4)]).shape
    torch.Size([2, 3, 4])
    """

    use_scale: bool = field(
        False, doc=Text("Multiply the scores by a learned number.", "是否用可学习的数缩放得分。")
    )
    score_mode: Literal["dot", "concat"] = field(
        "dot",
        doc=Text(
            'How alike query and key are: "dot" by their product, "concat" by the tanh of their sum.',
            "查询与键相似度的计算方式：“dot”为点积，“concat”为二者之和的 tanh。",
        ),
        advanced=True,
    )
    dropout: Fraction = field(0.0, doc=DROPOUT)
    seed: Int | None = field(None, doc=SEED, advanced=True)

    def weights_for(self, *inputs: Shape) -> Iterator[Weight]:
        if self.use_scale:
            yield Weight("scale", (), Ones())
        if self.score_mode == "concat":
            yield Weight("concat_score_weight", (), Ones())

    def scores(self, query: Tensor, key: Tensor) -> Tensor:
        if self.score_mode == "dot":
            scores = torch.matmul(query, key.transpose(-2, -1))
            return scores * self._scale if self.use_scale else scores
        sums = query.unsqueeze(-2) + key.unsqueeze(-3)
        sums = sums * self._scale if self.use_scale else sums
        total: Tensor = self._concat_score_weight * torch.tanh(sums).sum(-1)
        return total


@layer(
    group="attention",
    summary=Text(
        "Attention by a learned sum of query and key.", "以查询与键之和计算得分的注意力。"
    ),
)
class AdditiveAttention(_PlainAttention):
    """softmax(scale · tanh(query + key)) value (Bahdanau et al. 2015, arXiv:1409.0473).

    Inputs and masks are those of `Attention`.

    Shapes:
        (batch, time, features), (batch, other time, …) and the same again -> (batch, time, features of the value)
    """

    use_scale: bool = field(
        True,
        doc=Text("Weigh the features by learned numbers.", "是否用可学习的数为各特征加权。"),
    )
    dropout: Fraction = field(0.0, doc=DROPOUT)
    seed: Int | None = field(None, doc=SEED, advanced=True, kw_only=True)

    def weights_for(self, *inputs: Shape) -> Iterator[Weight]:
        if self.use_scale:
            features = need_known(self, inputs[0], 2, "features")
            yield Weight("scale", (features,), initializers.required("glorot_uniform"))

    def scores(self, query: Tensor, key: Tensor) -> Tensor:
        alike = torch.tanh(query.unsqueeze(-2) + key.unsqueeze(-3))
        return (alike * self._scale if self.use_scale else alike).sum(-1)
