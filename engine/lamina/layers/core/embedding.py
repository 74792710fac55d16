"""Embedding: a learned vector for each token."""

from __future__ import annotations

from collections.abc import Iterator

import torch.nn.functional as F
from torch import Tensor

from lamina.fields import PositiveInt, field
from lamina.initializers import InitializerField
from lamina.layer import Layer, Shape, Weight, layer
from lamina.text import Text


@layer(group="core", summary=Text("A learned vector for each integer.", "为每个整数学习一个向量。"))
class Embedding(Layer):
    """Row `x` of a learned table.

    Shapes:
        (batch, …) of integers in [0, input_dim) -> (batch, …, output_dim)
    """

    input_dim: PositiveInt = field(
        suggest=1000, doc=Text("Number of different integers.", "整数（词元）的种类数。")
    )
    output_dim: PositiveInt = field(
        suggest=32, doc=Text("Size of each vector.", "每个向量的大小。")
    )
    embeddings_initializer: InitializerField = field(
        "uniform", doc=Text("First values of the table.", "嵌入表的初始值。"), advanced=True
    )

    def output_shape(self, *inputs: Shape) -> Shape:
        return (*inputs[0], self.output_dim)

    def weights_for(self, *inputs: Shape) -> Iterator[Weight]:
        yield Weight("embeddings", (self.input_dim, self.output_dim), self.embeddings_initializer)

    def forward(self, *inputs: Tensor) -> Tensor:
        return F.embedding(inputs[0].long(), self._embeddings)
