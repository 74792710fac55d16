"""ReversibleEmbedding: vectors of tokens, and tokens of vectors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import torch
from torch import Tensor

from lamina.calls import Slot
from lamina.errors import ShapeError
from lamina.fields import PositiveFloat, field
from lamina.layer import Shape, TensorSpec, Weight, layer, product, shape_text
from lamina.layers.core.embedding import Embedding
from lamina.text import Text


@layer(
    group="core",
    summary=Text("Vectors of tokens, and back.", "词元到向量的映射及其逆映射。"),
)
class ReversibleEmbedding(Embedding):
    """An Embedding that a call with `reverse=True` turns round: the logits of each token for a vector.

    Shapes:
        (batch, …) of integers in [0, input_dim) -> (batch, …, output_dim); with reverse (batch, …, output_dim) ->
        (batch, …, input_dim)
    """

    tie_weights: bool = field(
        True,
        doc=Text("Whether both directions have the same table.", "正反两个方向是否共用同一张表。"),
        after="output_dim",
    )
    reverse_dtype: Literal["bfloat16", "float16", "float32", "float64"] | None = field(
        None,
        doc=Text("Type in which logits are computed.", "计算 logits 所用的类型。"),
        advanced=True,
        after="mask_zero",
    )
    logit_soft_cap: PositiveFloat | None = field(
        None,
        doc=Text(
            "Size that logits approach and never reach.", "logits 的软上限：逐渐逼近但不会达到。"
        ),
        advanced=True,
        after="reverse_dtype",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(**self.bind(args, kwargs))
        self.__dict__["is_reversed"] = False

    def outputs_for(
        self, structure: tuple[Any, Any], specs: Sequence[TensorSpec]
    ) -> tuple[Any, list[TensorSpec]]:
        if not structure[1].get("reverse"):
            self.__dict__["is_reversed"] = False
            return super().outputs_for(structure, specs)
        (x,) = (specs[slot.index].shape for slot in structure[0] if isinstance(slot, Slot))
        if x[-1] != self.output_dim:
            raise ShapeError(
                Text(
                    f'ReversibleEmbedding "{self.name}" turns vectors of {self.output_dim} into logits, but gets '
                    f"{shape_text(x)}.",
                    f"ReversibleEmbedding“{self.name}”把 {self.output_dim} 维向量变为 logits，实际得到 {shape_text(x)}。",
                )
            )
        return Slot(0), [TensorSpec((*x[:-1], self.input_dim), self.reverse_dtype or "float32")]

    def weights_for(self, *inputs: Shape) -> Iterator[Weight]:
        yield from super().weights_for(*inputs)
        if not self.tie_weights:
            yield Weight(
                "reverse_embeddings",
                (self.output_dim, self.input_dim),
                self.embeddings_initializer,
            )

    def macs(self, inputs: Sequence[Shape], output: Shape) -> int:
        is_reversed = len(inputs[0]) == len(output)
        return product(output[1:]) * self.output_dim if is_reversed else 0

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """That of the tokens; none for logits."""
        # asked right after the call, which alone knows its direction
        return None if self.__dict__["is_reversed"] else super().compute_mask(inputs, previous_mask)

    def forward(self, *inputs: Tensor, reverse: bool = False) -> Tensor:
        self.__dict__["is_reversed"] = reverse
        if not reverse:
            return super().forward(*inputs)
        x = inputs[0]
        table = self._embeddings.mT if self.tie_weights else self._reverse_embeddings
        if self.reverse_dtype is not None:
            type_: torch.dtype = getattr(torch, self.reverse_dtype)
            x, table = x.to(type_), table.to(type_)
        logits = torch.matmul(x, table)
        if self.logit_soft_cap is not None:
            logits = torch.tanh(logits / self.logit_soft_cap) * self.logit_soft_cap
        return logits
