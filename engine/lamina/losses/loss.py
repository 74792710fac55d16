"""`Loss`: what is minimized, as a function of targets and predictions."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Literal, Self, TypeVar

import torch
from pydantic import BeforeValidator
from torch import Tensor

from lamina.calls import is_nest_of_tensors, is_tensor, mapped, mask_of
from lamina.errors import ConfigError
from lamina.fields import Declared, field
from lamina.losses.arguments import as_float_tensor, as_tensor, in_full
from lamina.losses.reduction import PLAIN_MEANS, Reduction, both, reduce_loss
from lamina.naming import snake_case
from lamina.registry import Registry
from lamina.settings import floatx
from lamina.text import Text

Head = Literal["softmax", "sigmoid"]
"""The activation that ends a network and turns logits into probabilities."""

TargetKind = Literal["one_hot", "index", "binary", "value", "sequence"]
"""How a loss wants its targets: one-hot rows, class indices, zeros and ones, plain numbers, or rows of indices."""

ReductionField = Annotated[
    Reduction, BeforeValidator(lambda value: "none" if value is None else value)
]
DtypeName = Literal["float32", "float64", "float16", "bfloat16"]


class Loss(Declared):
    """Base of all losses; a loss of one's own implements `call`, as in Keras.

    >>> class Cubic(Loss):
    ...     def call(self, y_true, y_pred):
    ...         return (y_true - y_pred).abs().pow(3).mean(-1)
    >>> Cubic()([[0.0], [0.0]], [[1.0], [2.0]])
    tensor(4.5000)
    """

    head: ClassVar[Head | None] = None
    """The activation whose logits this loss can take instead of its probabilities."""
    target: ClassVar[TargetKind] = "value"

    reduction: ReductionField = field(
        "sum_over_batch_size",
        doc=Text(
            "How the losses of the samples become one number.",
            "如何将各样本的损失合成一个数。",
        ),
        advanced=True,
    )
    name: str | None = field(
        None,
        doc=Text(
            "Name in the logs; empty derives it from the class.", "日志中的名称；留空则取自类名。"
        ),
        advanced=True,
    )
    dtype: DtypeName | None = field(
        None,
        doc=Text(
            "Floating-point type of the computation; empty keeps that of predicted tensors, and takes floatx for arrays.",
            "计算所用的浮点类型；留空则与预测张量相同，数组则使用 floatx。",
        ),
        advanced=True,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.name = self.name or snake_case(type(self).__name__)

    @abstractmethod
    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """One loss per sample (or per sample and position), not reduced."""
        raise NotImplementedError(f"{type(self).__name__} must implement call(y_true, y_pred).")

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        """The reduced loss; arguments may be tensors, arrays or nested lists."""
        if not isinstance(y_pred, Tensor) and is_nest_of_tensors(y_pred):
            return self._at_once(y_true, y_pred, sample_weight)
        mask = mask_of(y_pred)
        was_tensor = isinstance(y_pred, Tensor)
        y_pred = as_float_tensor(y_pred, self.dtype)
        if self.dtype is None:
            y_pred = in_full(y_pred) if was_tensor else y_pred.to(getattr(torch, floatx()))
        y_true = self.cast_target(as_tensor(y_true, y_pred.device), y_pred)
        if sample_weight is None and mask is None and self.reduction in PLAIN_MEANS:
            return self.mean(y_true, y_pred)
        if sample_weight is not None:
            sample_weight = as_tensor(sample_weight, y_pred.device)
        values = as_tensor(self.call(y_true, y_pred), y_pred.device)
        return reduce_loss(values, sample_weight, self.reduction, both(mask, mask_of(values)))

    def _at_once(self, y_true: Any, y_pred: Any, sample_weight: Any) -> Tensor:
        """The reduced loss of several outputs in a nest, which `call` gets as it is.

        What the library has takes one tensor, in which lists are stacked as Keras does.
        """
        if LOSSES.holds(type(self)):
            if not isinstance(y_pred, (list, tuple)):
                raise ConfigError(
                    Text(
                        f"{self.name} takes one output, not {', '.join(y_pred)} at once. Give a loss for each, or a "
                        "function of all.",
                        f"{self.name} 只接受一个输出，不能同时接受 {'、'.join(y_pred)}。请分别指定损失，或使用接受全部输出的函数。",
                    ),
                    field="loss",
                )
            stacked = [torch.stack([*map(as_tensor, y)]) for y in (y_true, y_pred)]
            return self(stacked[0], stacked[1], sample_weight)
        y_pred = mapped(lambda x: as_float_tensor(x, self.dtype), y_pred, is_tensor)
        y_true = mapped(as_tensor, y_true, is_tensor)
        values = as_tensor(self.call(y_true, y_pred))
        if sample_weight is not None:
            sample_weight = as_tensor(sample_weight, values.device)
        return reduce_loss(values, sample_weight, self.reduction, mask_of(values))

    def mean(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """The plain mean, the step's usual path; a subclass may have a shorter way to the same number."""
        values = as_tensor(self.call(y_true, y_pred), y_pred.device)
        return reduce_loss(values, None, "mean", mask_of(values))

    def cast_target(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Targets in the type that `call` expects."""
        if y_true.dtype != y_pred.dtype:
            y_true = y_true.to(y_pred.dtype)
        return y_true

    def of_logits(self) -> Self:
        """The same loss, taking what comes before `head`.

        Only for a loss with a `head`; itself when it already takes logits.
        """
        assert self.head is not None
        if getattr(self, "from_logits", False):
            return self
        return type(self).from_config({**self.get_config(), "from_logits": True})


LOSSES: Registry[type[Loss]] = Registry("loss", "损失函数")

L = TypeVar("L", bound=type[Loss])


def loss(*aliases: str, summary: Text) -> Callable[[L], L]:
    """Register a loss under its class name, its snake-case name and aliases."""

    def add(cls: L) -> L:
        cls.summary = summary
        cls.group = "losses"
        LOSSES.register(cls, aliases=(snake_case(cls.__name__), *aliases))
        return cls

    return add
