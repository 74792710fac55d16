"""Stochastic gradient descent."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from lamina.fields import Fraction, field
from lamina.optimizers.learning_rate import RATE, LearningRate
from lamina.optimizers.optimizer import Optimizer, optimizer
from lamina.text import Text


@optimizer(summary=Text("Plain gradient descent, with momentum.", "随机梯度下降，可带动量。"))
class SGD(Optimizer):
    """velocity = momentum * velocity - rate * gradient; weight += velocity.

    Keras' velocity holds the learning rate of each past step, torch's does not, so it is fed gradients that are
    already multiplied by it: the kernel divides by `grad_scale`, here 1 / rate, and steps by 1.
    """

    slot_blocks: ClassVar[tuple[tuple[str, ...], ...]] = (("momentum",),)

    is_elementwise: ClassVar[bool] = True

    learning_rate: LearningRate = field(0.01, doc=RATE)
    momentum: Fraction = field(
        0.0, doc=Text("How much of the last step is kept.", "保留上一步更新的比例。")
    )
    nesterov: bool = field(
        False,
        doc=Text("Look ahead by the momentum (Nesterov 1983).", "使用 Nesterov 动量。"),
        advanced=True,
    )

    def used_blocks(self) -> tuple[tuple[str, ...], ...]:
        return self.slot_blocks if self.momentum else ()

    def slot_to_keras(self, name: str, slot: Tensor) -> Tensor:
        return -slot  # torch counts downhill

    slot_from_keras = slot_to_keras

    def update(
        self,
        weights: list[Tensor],
        gradients: list[Tensor],
        slots: dict[str, list[Tensor]],
        rate: float,
    ) -> None:
        if not self.momentum:  # the fused kernel would wake all threads for a handful of weights
            torch._foreach_add_(weights, gradients, alpha=-rate)
            return
        torch._fused_sgd_(
            weights,
            gradients,
            slots["momentum"],
            weight_decay=0.0,
            momentum=self.momentum,
            lr=1.0,
            dampening=0.0,
            nesterov=self.nesterov,
            maximize=False,
            is_first_step=False,
            grad_scale=torch.tensor(1 / rate if rate else float("inf"), device=weights[0].device),
        )
