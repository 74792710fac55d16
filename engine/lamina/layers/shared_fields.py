"""What many layers say: penalties and constraints of weights, and Keras' options that are not there."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator

from lamina.errors import ConfigError
from lamina.fields import field
from lamina.layer import Layer, Weight
from lamina.text import Text

_WEIGHTS = {
    "kernel": Text("kernel", "权重矩阵"),
    "recurrent": Text("kernel of the state", "循环权重"),
    "bias": Text("bias", "偏置"),
    "depthwise": Text("filters of each channel", "逐通道滤波器"),
    "pointwise": Text("mixture of channels", "通道混合权重"),
    "alpha": Text("slopes below 0, alpha,", "负半轴斜率 alpha"),
    "beta": Text("offset beta", "偏移量 beta"),
    "gamma": Text("factor gamma", "缩放系数 gamma"),
}

OUTPUT_PENALTY = Layer.declared_fields["activity_regularizer"].doc
"""Of the penalty for the output, in layers that take it by position."""
PENALTY_BY_POSITION: Any = field(None, doc=OUTPUT_PENALTY, advanced=True, after="bias_regularizer")
"""The penalty for the output, behind that for the bias."""
REFUSED = Text("Not supported; leave it out.", "暂不支持，请省略。")
"""Of an option of Keras whose type is `Refused`."""
WITHOUT_EFFECT = Text("Has no effect on the result here.", "在此对结果没有影响。")
"""Of an option of Keras that may have any value."""


def penalty(weight: str) -> Text:
    """Of the regularizer of a weight."""
    name = _WEIGHTS[weight]
    return Text(
        f"Adds a penalty for the {name.en} to the loss.", f"在损失中加入{name.zh}的惩罚项。"
    )


def constraint(weight: str) -> Text:
    """Of the constraint of a weight."""
    name = _WEIGHTS[weight]
    return Text(
        f"Where the {name.en} must stay after each update.", f"每次更新后{name.zh}须满足的约束。"
    )


def declared_weight(
    layer: Layer, name: str, shape: tuple[int, ...], kind: str = "", **options: Any
) -> Weight:
    """A weight whose initializer, penalty and constraint are fields of the layer.

    Args:
        name: The weight's.
        shape: In Keras' layout.
        kind: What the fields' names begin with, such as "kernel"; the weight's name when left out.
        options: Further ones of `Weight`.
    """
    kind = kind or name
    return Weight(
        name,
        shape,
        getattr(layer, f"{kind}_initializer"),
        regularizer=getattr(layer, f"{kind}_regularizer"),
        constraint=getattr(layer, f"{kind}_constraint"),
        **options,
    )


def refuse(value: Any) -> Any:
    """None or False as they are; anything else is a `ConfigError`."""
    if value is None or value is False:
        return value
    raise ConfigError(
        Text(
            f"is not supported, leave it out; got {value!r}.",
            f"暂不支持，请省略；实际为 {value!r}。",
        )
    )


Refused = Annotated[Any, BeforeValidator(refuse)]
"""Field type: an option of Keras that is taken only where it asks for nothing."""
