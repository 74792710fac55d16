"""ActivityRegularization: a penalty for what passes."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer
from torch import Tensor

from lamina.fields import NonNegativeFloat, field
from lamina.layer import Layer, Shape, layer
from lamina.layers.shared_fields import REFUSED, refuse
from lamina.regularizers import L1L2
from lamina.text import Text

OwnPenalty = Annotated[Any, BeforeValidator(refuse), PlainSerializer(lambda _: None)]
"""Field type: the penalty that the other parameters make, which cannot be given beside them."""


@layer(
    group="regularization",
    summary=Text("Adds a penalty for its input to the loss.", "在损失中加入对输入的惩罚项。"),
)
class ActivityRegularization(Layer):
    """Gives its input, and adds l1 · sum(|x|) + l2 · sum(x²) to the loss, the mean over the batch.

    Shapes:
        (batch, …) -> the same
    """

    l1: NonNegativeFloat = field(
        0.0, doc=Text("Factor of the absolute values.", "绝对值之和的系数。")
    )
    l2: NonNegativeFloat = field(0.0, doc=Text("Factor of the squares.", "平方和的系数。"))
    activity_regularizer: OwnPenalty = field(None, doc=REFUSED, hidden=True, kw_only=True)

    supports_masking = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.activity_regularizer = L1L2(l1=self.l1, l2=self.l2)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.pop("activity_regularizer", None)  # l1 and l2 say it
        return config

    def output_shape(self, *inputs: Shape) -> Shape:
        return inputs[0]

    def forward(self, *inputs: Tensor) -> Tensor:
        return inputs[0]
