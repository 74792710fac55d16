"""What attention layers share: their calls, their masks, and the shares of attention as a second output."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch.nn.functional as F
from torch import Tensor

from lamina.calls import Slot
from lamina.errors import ShapeError
from lamina.layer import Layer, Ports, Shape, TensorSpec, need_known, need_rank, shape_text
from lamina.layers.regularization.random_stream import SeededNoise
from lamina.text import Text

DROPOUT = Text("Share of the attention that is dropped while training.", "训练时丢弃注意力的比例。")
SEED = Text(
    "Seed of its own for dropout; the run's when empty.",
    "随机失活单独的随机种子；留空则用本次训练的种子。",
)


class AttentionLayer(Layer):
    """Base of all attention layers.

    A call takes query and value, and the key where it is another tensor than the value; `training`, `use_causal_mask`
    and `return_attention_scores`, which makes the shares of attention a second output.
    """

    ports: ClassVar[Ports] = Ports(least_inputs=2, most_inputs=3)
    supports_masking = True
    dropout: float
    seed: int | None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.noise = None if self.seed is None else SeededNoise(self.seed)

    def scores_shape(self, *inputs: Shape) -> Shape:
        """Shape of the shares of attention."""
        raise NotImplementedError

    def need_key_for_each_value(self, value: Shape, key: Shape) -> None:
        """Raise a `ShapeError` unless key and value stand for the same positions."""
        pairs = zip(value[1:-1], key[1:-1], strict=len(value) == len(key))
        if len(value) == len(key) and all(None in pair or pair[0] == pair[1] for pair in pairs):
            return
        name = self.type_name
        raise ShapeError(
            Text(
                f'{name} "{self.name}" needs a key for each value, but gets {shape_text(key)} and {shape_text(value)}.',
                f"{name}“{self.name}”要求键与值一一对应，实际得到 {shape_text(key)} 和 {shape_text(value)}。",
            ),
            port=2,
        )

    def need_sequences(self, *inputs: Shape) -> None:
        """Raise a `ShapeError` unless all inputs are sequences of features."""
        for x in inputs:
            need_rank(self, x, 3, "(batch, time, features)")
            need_known(self, x, 2, "features")
        self.need_key_for_each_value(inputs[1], inputs[-1])

    def outputs_for(
        self, structure: tuple[Any, Any], specs: Sequence[TensorSpec]
    ) -> tuple[Any, list[TensorSpec]]:
        nest, outputs = super().outputs_for(structure, specs)
        if self.outputs_of_call(structure[1]) == 1:
            return nest, outputs
        shapes = [specs[slot.index].shape for slot in structure[0] if isinstance(slot, Slot)]
        return (Slot(0), Slot(1)), [*outputs, TensorSpec(self.scores_shape(*shapes))]

    def outputs_of_call(self, keywords: Any) -> int:
        return 2 if keywords.get("return_attention_scores") else 1

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The mask of the query."""
        is_list = isinstance(mask, (list, tuple))
        return mask[0] if is_list and mask else mask

    def dropped(self, shares: Tensor) -> Tensor:
        """The shares with some set to zero while training."""
        if not self.training or self.dropout == 0:
            return shares
        if self.noise is not None:
            noisy: Tensor = self.noise(shares, self.dropout)
            return noisy
        return F.dropout(shares, self.dropout)
