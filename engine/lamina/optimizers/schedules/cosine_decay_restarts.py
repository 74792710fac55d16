"""A learning rate that falls along half a cosine again and again."""

from __future__ import annotations

import math

import torch

from lamina.fields import Fraction, NonNegativeFloat, PositiveFloat, PositiveInt, field
from lamina.optimizers.schedules.schedule import NAME, LearningRateSchedule, schedule
from lamina.text import Text


@schedule(
    summary=Text("Falls along half a cosine, again and again.", "沿半个余弦曲线反复下降并重启。")
)
class CosineDecayRestarts(LearningRateSchedule):
    """Half cosines, each `t_mul` times as long and `m_mul` times as high as the one before (arXiv:1608.03983).

    >>> decay = CosineDecayRestarts(1.0, first_decay_steps=2)
    >>> [round(decay(step), 3) for step in (0, 1, 2, 4)]
    [1.0, 0.5, 1.0, 0.5]
    """

    initial_learning_rate: NonNegativeFloat = field(
        doc=Text("Learning rate at the first step.", "第一步的学习率。")
    )
    first_decay_steps: PositiveInt = field(
        doc=Text("Length of the first fall, in steps.", "第一次下降的步数。")
    )
    t_mul: PositiveFloat = field(2.0, doc=Text("Factor on the length.", "周期长度的倍数。"))
    m_mul: NonNegativeFloat = field(1.0, doc=Text("Factor on the height.", "起始学习率的倍数。"))
    alpha: Fraction = field(
        0.0, doc=Text("What is left at the end, as a share of the top.", "结束时剩余的比例。")
    )
    name: str | None = field("SGDRDecay", doc=NAME, advanced=True)

    def __call__(self, step: int) -> float:
        restarts, done = self._position(step / self.first_decay_steps)
        share = 0.5 * self.m_mul**restarts * (1 + math.cos(math.pi * done))
        return float(self.initial_learning_rate * ((1 - self.alpha) * share + self.alpha))

    def _position(self, time: float) -> tuple[int, float]:
        """How many restarts there were, and the share of the present fall that is done."""
        if self.t_mul == 1:
            return math.floor(time), time - math.floor(time)
        # In float32 as Keras does: at the very step of a restart its rounding decides on which side that step is.
        factor = torch.tensor(self.t_mul)
        growth = torch.log(1 - torch.tensor(time) * (1 - factor)) / torch.log(factor)
        restarts = math.floor(float(growth))
        length = self.t_mul**restarts
        return restarts, (time - (1 - length) / (1 - self.t_mul)) / length
