"""CategoryEncoding: numbers of categories as rows of ones or counts."""

from __future__ import annotations

from typing import Annotated, Any

import torch
from pydantic import BeforeValidator
from torch import Tensor, nn

from lamina.errors import ShapeError
from lamina.fields import PositiveInt, field
from lamina.layer import Layer, Ports, Shape, layer, shape_text
from lamina.layers.preprocessing.encoding import Encoding, encoded, encoded_shape, need_in_range
from lamina.layers.shared_fields import REFUSED, Refused
from lamina.text import Text


class _Encoder(nn.Module):
    """A step that looks at shapes and values: kept as one call when the layer is traced."""

    def __init__(self, owner: CategoryEncoding) -> None:
        super().__init__()
        self.__dict__["owner"] = owner

    def forward(self, x: Tensor, count_weights: Tensor | None = None) -> Tensor:
        owner: CategoryEncoding = self.__dict__["owner"]
        x = x.to(torch.int64)
        need_in_range(owner, x, owner.num_tokens)
        return encoded(x, owner.output_mode, owner.num_tokens, count_weights)


@layer(
    group="preprocessing",
    summary=Text("Category numbers as ones and counts.", "将类别编号编码为 0/1 向量或计数。"),
)
class CategoryEncoding(Layer):
    """A row of `num_tokens` for each sample, or for each number, that says which categories occur.

    Numbers outside 0 … num_tokens - 1 are refused on a CPU; on a GPU they leave no trace.

    Shapes:
        (batch, n) of whole numbers -> (batch, num_tokens); one_hot: (batch, n, num_tokens), (batch, 1) ->
        (batch, num_tokens). A second input, like the first, weighs the counts.

    >>> import torch
    >>> CategoryEncoding(4, "count")(torch.tensor([[0, 1], [2, 2]])).tolist()
    [[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 2.0, 0.0]]
    """

    num_tokens: PositiveInt = field(suggest=10, doc=Text("Number of categories.", "类别总数。"))
    output_mode: Annotated[
        Encoding, BeforeValidator(lambda mode: "multi_hot" if mode == "binary" else mode)
    ] = field(
        "multi_hot",
        doc=Text(
            "multi_hot for which occur in a sample, count for how often, one_hot for a row of each number.",
            "multi_hot 表示样本中出现了哪些，count 表示出现次数，one_hot 将每个编号变为一行。",
        ),
    )
    sparse: Refused = field(False, doc=REFUSED, hidden=True)

    ports = Ports(least_inputs=1, most_inputs=2)
    call_arguments = ("inputs", "count_weights")
    names_further_tensors = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.encoder = _Encoder(self)

    def output_shape(self, *inputs: Shape) -> Shape:
        if len(inputs) > 1 and self.output_mode != "count":
            raise ShapeError(
                Text(
                    f'CategoryEncoding "{self.name}": count_weights goes with output_mode="count" only, got '
                    f'"{self.output_mode}".',
                    f'CategoryEncoding“{self.name}”：count_weights 只能与 output_mode="count" 一起使用，'
                    f"实际为“{self.output_mode}”。",
                ),
                field="output_mode",
            )
        return encoded_shape(inputs[0], self.output_mode, self.num_tokens)

    def limit_in_keras(self, *inputs: Shape) -> Text | None:
        if self.output_mode == "one_hot" or len(inputs[0]) <= 2:
            return None
        return Text(
            f'CategoryEncoding "{self.name}": with {self.output_mode} Keras expects another shape of {shape_text(inputs[0])} '
            "than it computes, so it cannot open the .keras file of this model; Lamina can. With a Flatten before it "
            "both can.",
            f"CategoryEncoding“{self.name}”：{self.output_mode} 方式下 Keras 对 {shape_text(inputs[0])} 预期的形状与其实际"
            "计算的不同，因此无法打开此模型的 .keras 文件；Lamina 可以。在它前面加 Flatten 后两者都可以。",
        )

    def forward(self, *inputs: Tensor) -> Tensor:
        return self.as_fractions(self.encoder(*inputs))
