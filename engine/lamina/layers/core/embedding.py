"""Embedding: a learned vector for each token."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import torch.nn.functional as F
from torch import Tensor

from lamina.constraints import ConstraintField
from lamina.errors import ConfigError
from lamina.fields import PositiveInt, field
from lamina.initializers import InitializerField
from lamina.layer import Layer, Shape, Weight, layer
from lamina.layers.shared_fields import declared_weight
from lamina.regularizers import RegularizerField
from lamina.text import Text

_UNSUPPORTED = ("lora_rank", "lora_alpha", "quantization_config")


@layer(group="core", summary=Text("A learned vector for each integer.", "为每个整数学习一个向量。"))
class Embedding(Layer):
    """Row `x` of a learned table.

    Shapes:
        (batch, …) of integers in [0, input_dim) -> (batch, …, output_dim), with a mask (batch, …) if mask_zero
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

    embeddings_regularizer: RegularizerField = field(
        None, doc=Text("Penalty for the table.", "对嵌入表的惩罚项。"), advanced=True
    )
    embeddings_constraint: ConstraintField = field(
        None,
        doc=Text("Puts the table right after each update.", "每次更新后对嵌入表的约束。"),
        advanced=True,
    )
    mask_zero: bool = field(
        False,
        doc=Text(
            "Whether 0 is padding, which the layers behind skip.",
            "0 是否为填充，由后续层跳过。",
        ),
    )

    makes_masks = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        given = dict(zip(("weights", *_UNSUPPORTED), args[6:], strict=False))
        kwargs, args = {**given, **kwargs}, args[:6]
        weights = kwargs.pop("weights", None)
        if kwargs.pop("input_length", None) is not None:
            warnings.warn(
                "Embedding: input_length has no effect any more; leave it out.", stacklevel=2
            )
        for name in _UNSUPPORTED:
            if kwargs.pop(name, None) is not None:
                raise ConfigError(
                    Text(
                        f"Embedding: {name} is not supported; leave it out.",
                        f"Embedding：不支持 {name}，请省略。",
                    ),
                    field=name,
                )
        super().__init__(*args, **kwargs)
        self.supports_masking = self.mask_zero
        self.__dict__["first_weights"] = weights

    def build(self, *input_shape: Any) -> None:
        super().build(*input_shape)
        weights = self.__dict__.pop("first_weights", None)
        if weights is not None:
            self.set_weights(weights if isinstance(weights, (list, tuple)) else [weights])

    def output_shape(self, *inputs: Shape) -> Shape:
        return (*inputs[0], self.output_dim)

    def weights_for(self, *inputs: Shape) -> Iterator[Weight]:
        yield declared_weight(self, "embeddings", (self.input_dim, self.output_dim))

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return inputs != 0 if self.mask_zero else None

    def forward(self, *inputs: Tensor) -> Tensor:
        return F.embedding(inputs[0].long(), self._embeddings)
