"""Input: where data enters a graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from torch import Tensor

from lamina.dtype_policies import PolicyField
from lamina.errors import ConfigError
from lamina.fields import InputShape, PositiveInt, field
from lamina.layer import Layer, Ports, Shape, layer
from lamina.settings import floatx
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
    data_type: Literal[
        "float32",
        "int32",
        "int64",
        "uint8",
        "bool",
        "float16",
        "bfloat16",
        "float64",
        "int8",
        "int16",
        "string",
    ] = field(
        "float32",
        doc=Text("Type of the elements; integers for tokens.", "元素类型；词元使用整数。"),
        advanced=True,
    )

    optional: bool = field(
        False,
        doc=Text(
            "Whether there may be no values for it; the layers behind it then get None.",
            "是否可以没有数据；此时其后的层收到 None。",
        ),
        advanced=True,
        kw_only=True,
    )

    dtype_policy: PolicyField | None = field(
        None,
        doc=Text("Nothing: see data_type.", "不起作用：见 data_type。"),
        hidden=True,
        kw_only=True,
    )

    batch_size: PositiveInt | None = field(
        None,
        doc=Text("Size of the batch, where it is known.", "批次大小（已知时）。"),
        hidden=True,
        kw_only=True,
    )

    ports = Ports(least_inputs=0, most_inputs=0)

    def __init__(
        self,
        *args: Any,
        dtype: Any = None,
        batch_size: int | None = None,
        batch_shape: Sequence[int | None] | None = None,
        sparse: bool | None = None,
        ragged: bool | None = None,
        **kwargs: Any,
    ) -> None:
        for name, wish in (("sparse", sparse), ("ragged", ragged)):
            if wish:
                raise ConfigError(
                    Text(
                        f"`{name}=True` is not supported for an Input; leave it out.",
                        f"Input 不支持 {name}=True；请省略。",
                    ),
                    field=name,
                )
        if batch_shape is not None:
            given = {"shape": args or kwargs.get("shape"), "batch_size": batch_size}
            for name, value in given.items():
                if value:
                    raise ConfigError(
                        Text(
                            f"You cannot pass both `{name}` and `batch_shape` to an Input at the same time.",
                            f"Input 不能同时指定 {name} 和 batch_shape。",
                        ),
                        field=name,
                    )
            batch_size, *shape = batch_shape
            kwargs["shape"] = tuple(shape)
        elif not args and kwargs.get("shape") is None:
            raise ConfigError(
                Text(
                    "Input needs the shape of one sample: pass a `shape` argument.",
                    "Input 需要单个样本的形状（shape）。",
                ),
                field="shape",
            )
        if dtype is None and "data_type" not in kwargs and len(args) < 2:
            dtype = floatx()
        if dtype is not None:
            kwargs["data_type"] = str(getattr(dtype, "name", dtype)).removeprefix("torch.")
        super().__init__(*args, batch_size=batch_size, **kwargs)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self._known_batch}

    def node_config(self) -> dict[str, Any]:
        return {**super().node_config(), **self._known_batch}

    @property
    def _known_batch(self) -> dict[str, int]:
        """The size of the batch in a configuration: it stands in no form, but a file keeps it."""
        return {} if self.batch_size is None else {"batch_size": self.batch_size}

    @property
    def batch_shape(self) -> Shape:
        """The shape with the batch."""
        return (self.batch_size, *self.shape)

    def __getattr__(self, name: str) -> Any:
        if name == "output" and "_modules" in self.__dict__:
            return call_layer(self, ())
        return super().__getattr__(name)

    def output_shape(self, *inputs: Shape) -> Shape:
        return self.batch_shape

    def output_dtype(self, *inputs: str) -> str:
        return self.data_type

    def forward(self, *inputs: Tensor) -> Tensor:
        return inputs[0]


def Input(  # noqa: N802 - Keras' name
    shape: Sequence[int | None] | None = None,
    batch_size: int | None = None,
    dtype: str | None = None,
    sparse: bool | None = None,
    ragged: bool | None = None,
    batch_shape: Sequence[int | None] | None = None,
    name: str | None = None,
    tensor: SymbolicTensor | None = None,
    optional: bool = False,
) -> SymbolicTensor:
    """Where data enters a functional model.

    Args:
        shape: Shape of one sample, without the batch; None for an axis of any size.
        batch_size: Size of the batch, where it is known; a model takes others all the same.
        dtype: Type of the elements; `floatx()` when left out.
        sparse: Not supported.
        ragged: Not supported.
        batch_shape: The shape with the batch, instead of `shape`.
        name: Name of the input in the model.
        tensor: A symbolic tensor to use as it is.
        optional: Whether calls and data may have None for it; the layers behind it then get None, and have to be of
            one's own.

    >>> Input(shape=(28, 28, 1)).shape
    (None, 28, 28, 1)
    """
    if tensor is not None and not isinstance(tensor, SymbolicTensor):
        raise ConfigError(
            Text(
                f"The tensor of an Input must be a KerasTensor, got {type(tensor).__name__}.",
                f"Input 的 tensor 必须是 KerasTensor，实际为 {type(tensor).__name__}。",
            ),
            field="tensor",
        )
    if tensor is not None:
        return tensor
    entry = InputLayer(
        shape=shape,
        batch_size=batch_size,
        dtype=dtype,
        sparse=sparse,
        ragged=ragged,
        batch_shape=batch_shape,
        optional=optional,
        name=name,
    )
    x: SymbolicTensor = entry.output
    return x
