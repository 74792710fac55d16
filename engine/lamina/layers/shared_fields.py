"""Fields that many layers have: penalties and constraints of weights, and Keras' options that cannot be used here."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator

from lamina.errors import ConfigError
from lamina.fields import field
from lamina.text import Text

_WEIGHTS = {
    "kernel": Text("kernel", "权重矩阵"),
    "bias": Text("bias", "偏置"),
    "depthwise": Text("filters of each channel", "逐通道滤波器"),
    "pointwise": Text("mixture of channels", "通道混合权重"),
    "alpha": Text("slopes below 0, alpha,", "负半轴斜率 alpha"),
    "beta": Text("offset beta", "偏移量 beta"),
    "gamma": Text("factor gamma", "缩放系数 gamma"),
}


def penalty(weight: str) -> Any:
    """The field of the regularizer of a weight."""
    name = _WEIGHTS[weight]
    return field(
        None,
        doc=Text(
            f"Adds a penalty for the {name.en} to the loss.", f"在损失中加入{name.zh}的惩罚项。"
        ),
        advanced=True,
    )


def output_penalty(*, kw_only: bool = False) -> Any:
    """The field of the regularizer of a layer's output."""
    return field(
        None,
        doc=Text(
            "Adds a penalty for the output, the mean over the batch, to the loss.",
            "在损失中加入输出的惩罚项（按批次取平均）。",
        ),
        advanced=True,
        kw_only=kw_only,
    )


def constraint(weight: str) -> Any:
    """The field of the constraint of a weight."""
    name = _WEIGHTS[weight]
    return field(
        None,
        doc=Text(
            f"Where the {name.en} must stay after each update.",
            f"每次更新后{name.zh}须满足的约束。",
        ),
        advanced=True,
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


def refused(default: Any = None) -> Any:
    """The field of an option of Keras that must be left out."""
    return field(
        default, doc=Text("Not supported; leave it out.", "暂不支持，请省略。"), hidden=True
    )


def without_effect(default: Any = None) -> Any:
    """The field of an option of Keras that may have any value, because the result here is the same."""
    return field(
        default, doc=Text("Has no effect on the result here.", "在此对结果没有影响。"), hidden=True
    )
