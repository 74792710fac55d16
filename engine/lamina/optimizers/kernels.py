"""Updates that several optimizers share."""

from __future__ import annotations

import torch
from torch import Tensor


def add_square_and_step(
    weights: list[Tensor], gradients: list[Tensor], sums: list[Tensor], rate: float
) -> None:
    """Sums += gradients²; weights -= rate * gradients / √sums, in one pass where torch has it."""
    if weights[0].device.type == "cpu":
        one = torch.ones(())
        torch._fused_adagrad_(
            weights,
            gradients,
            sums,
            [one] * len(weights),
            lr=rate,
            lr_decay=0.0,
            weight_decay=0.0,
            eps=0.0,
            maximize=False,
        )
    else:
        torch._foreach_addcmul_(sums, gradients, gradients)
        torch._foreach_addcdiv_(weights, gradients, torch._foreach_sqrt(sums), -rate)


def move_moments(
    momentum: list[Tensor],
    velocity: list[Tensor],
    gradients: list[Tensor],
    beta_1: float,
    beta_2: float,
) -> None:
    """Running means of the gradients and of their squares."""
    torch._foreach_mul_(momentum, beta_1)
    torch._foreach_add_(momentum, gradients, alpha=1 - beta_1)
    torch._foreach_mul_(velocity, beta_2)
    torch._foreach_addcmul_(velocity, gradients, gradients, 1 - beta_2)
