"""Input: where data enters a graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from torch import Tensor

from lamina.errors import ConfigError
from lamina.fields import InputShape, field
from lamina.layer import Layer, Ports, Shape, layer
from lamina.symbolic import SymbolicTensor, call_layer
from lamina.text import Text


@layer(
    group="core",
    summary=Text("Where data enters the network.", "数据进入网络的入口。"),
    name="Input",
    aliases=("InputLayer",),
)
class InputLayer(Layer):
    """Where data enters: states the shape and the type of one sample.

    Shapes:
        () -> (batch, *shape)
    """

    shape: InputShape = field(
        suggest=[28, 28, 1],
        doc=Text(
            "Shape of one sample, without the batch; empty for an axis of any size.",
            "单个样本的形状，不含批次维；留空表示该轴大小任意。",
        ),
    )
    data_type: Literal["float32", "int32", "int64", "uint8", "bool", "string"] = field(
        "float32",
        doc=Text("Type of the elements; integers for tokens.", "元素类型；词元使用整数。"),
        advanced=True,
    )

    ports = Ports(least_inputs=0, most_inputs=0)

    def __init__(self, *args: Any, dtype: Any = None, **kwargs: Any) -> None:
        if dtype is not None:
            kwargs["data_type"] = str(dtype).removeprefix("torch.")
        super().__init__(*args, **kwargs)

    def output_shape(self, *inputs: Shape) -> Shape:
        return (None, *self.shape)

    def output_dtype(self, *inputs: str) -> str:
        return self.data_type

    def forward(self, *inputs: Tensor) -> Tensor:
        return inputs[0]


def Input(  # noqa: N802 - Keras' name
    shape: Sequence[int | None] | None = None,
    batch_size: int | None = None,
    dtype: str | None = None,
    name: str | None = None,
    batch_shape: Sequence[int | None] | None = None,
) -> SymbolicTensor:
    """Where data enters a functional model.

    Args:
        shape: Shape of one sample, without the batch; None for an axis of any size.
        batch_size: Accepted for Keras' sake; any batch size will do.
        dtype: Type of the elements, "float32" unless given.
        name: Name of the input in the model.
        batch_shape: The shape with the batch, instead of `shape`.

    >>> Input(shape=(28, 28, 1)).shape
    (None, 28, 28, 1)
    """
    del batch_size
    if batch_shape is not None:
        shape = tuple(batch_shape)[1:]
    if shape is None:
        raise ConfigError(
            Text("Input needs the shape of one sample.", "Input 需要单个样本的形状（shape）。"),
            field="shape",
        )
    x: SymbolicTensor = call_layer(InputLayer(shape=shape, dtype=dtype, name=name), ())
    return x
