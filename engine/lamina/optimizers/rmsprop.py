"""RMSprop: each weight's step is divided by the recent size of its gradient."""

from __future__ import annotations

import math
from typing import ClassVar

import torch
from torch import Tensor

from lamina.fields import Fraction, NonNegativeFloat, field
from lamina.optimizers.kernels import add_square_and_step
from lamina.optimizers.learning_rate import RATE, LearningRate
from lamina.optimizers.optimizer import Optimizer, optimizer
from lamina.text import Text

EPSILON = Text("A small number that keeps divisions finite.", "防止除以零的小数。")


@optimizer(
    summary=Text(
        "Steps divided by the recent size of the gradient.", "按近期梯度大小缩放每个权重的步长。"
    )
)
class RMSprop(Optimizer):
    """velocity = rho * velocity + (1 - rho) * gradient²; weight -= rate * gradient / √(velocity + epsilon).

    torch has no fused RMSprop on CPU, but its fused Adagrad is one in another unit. With s = (velocity + epsilon) /
    (1 - rho), RMSprop is: pull s towards epsilon / (1 - rho) by the share 1 - rho, add gradient² to s, and step by
    rate / √(1 - rho) * gradient / √s. The last two are Adagrad with epsilon 0; the first is one `lerp` over the slot.
    (Fused Adam with beta_1 = 0 is as fast, but has epsilon outside of the root, which Keras has inside.)
    """

    slot_blocks: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("velocity",),
        ("momentum",),
        ("average_gradient",),
    )

    is_elementwise: ClassVar[bool] = True

    learning_rate: LearningRate = field(0.001, doc=RATE)
    rho: Fraction = field(
        0.9, doc=Text("How slowly the recent size moves.", "近期梯度大小的衰减率。"), advanced=True
    )
    momentum: Fraction = field(
        0.0, doc=Text("How much of the last step is kept.", "保留上一步更新的比例。"), advanced=True
    )
    epsilon: NonNegativeFloat = field(1e-7, doc=EPSILON, advanced=True)
    centered: bool = field(
        False,
        doc=Text(
            "Divide by the spread of the gradient, not its size.", "按梯度的方差而非大小缩放。"
        ),
        advanced=True,
    )

    def used_blocks(self) -> tuple[tuple[str, ...], ...]:
        wanted = (True, self.momentum > 0, self.centered)
        return tuple(block for block, use in zip(self.slot_blocks, wanted, strict=True) if use)

    @property
    def _is_adagrad(self) -> bool:
        return self.momentum == 0 and not self.centered and self.rho < 1

    def slot_to_keras(self, name: str, slot: Tensor) -> Tensor:
        if name == "velocity" and self._is_adagrad:
            return (slot * (1 - self.rho) - self.epsilon).clamp(min=0)
        return slot

    def slot_from_keras(self, name: str, slot: Tensor) -> Tensor:
        if name == "velocity" and self._is_adagrad:
            return (slot + self.epsilon) / (1 - self.rho)
        return slot

    def update(
        self,
        weights: list[Tensor],
        gradients: list[Tensor],
        slots: dict[str, list[Tensor]],
        rate: float,
    ) -> None:
        if self._is_adagrad:
            self._update_as_adagrad(weights, gradients, slots["velocity"], rate)
        else:
            self._update_in_full(weights, gradients, slots, rate)

    def _update_as_adagrad(
        self, weights: list[Tensor], gradients: list[Tensor], sums: list[Tensor], rate: float
    ) -> None:
        new_share = 1 - self.rho
        floor = self._slots["velocity"].flat.new_tensor(self.epsilon / new_share)
        whole = [self._slots["velocity"].flat] if len(sums) == len(self._weights) else sums
        for part in whole:
            part.lerp_(floor, new_share)
        add_square_and_step(weights, gradients, sums, rate / math.sqrt(new_share))

    def _update_in_full(
        self,
        weights: list[Tensor],
        gradients: list[Tensor],
        slots: dict[str, list[Tensor]],
        rate: float,
    ) -> None:
        velocity = slots["velocity"]
        torch._foreach_mul_(velocity, self.rho)
        torch._foreach_addcmul_(velocity, gradients, gradients, 1 - self.rho)
        spread = torch._foreach_add(velocity, self.epsilon)
        if self.centered:
            average = slots["average_gradient"]
            torch._foreach_mul_(average, self.rho)
            torch._foreach_add_(average, gradients, alpha=1 - self.rho)
            torch._foreach_addcmul_(spread, average, average, -1)
        torch._foreach_sqrt_(spread)
        if self.momentum > 0:
            momentum = slots["momentum"]
            torch._foreach_mul_(momentum, self.momentum)
            torch._foreach_addcdiv_(momentum, gradients, spread, rate)
            torch._foreach_sub_(weights, momentum)
        else:
            torch._foreach_addcdiv_(weights, gradients, spread, -rate)
