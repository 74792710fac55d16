"""A learning rate that falls along a power to its end."""

from __future__ import annotations

import math

from lamina.fields import NonNegativeFloat, PositiveInt, field
from lamina.optimizers.schedules.schedule import NAME, LearningRateSchedule, schedule
from lamina.text import Text


@schedule(summary=Text("Falls along a line or a power to its end.", "沿直线或幂曲线下降到终值。"))
class PolynomialDecay(LearningRateSchedule):
    """(initial - end) * (1 - step / decay_steps) ** power + end, and `end` from there on.

    >>> PolynomialDecay(0.1, decay_steps=100, end_learning_rate=0.0)(50)
    0.05
    """

    initial_learning_rate: NonNegativeFloat = field(
        doc=Text("Learning rate at the first step.", "第一步的学习率。")
    )
    decay_steps: PositiveInt = field(doc=Text("Length of the fall, in steps.", "下降阶段的步数。"))
    end_learning_rate: NonNegativeFloat = field(
        1e-4, doc=Text("Learning rate at the end.", "最终学习率。")
    )
    power: NonNegativeFloat = field(1.0, doc=Text("1 is a line.", "幂次；1 为直线。"))
    cycle: bool = field(
        False, doc=Text("Rise again and fall over a longer time.", "到期后以更长周期重新下降。")
    )
    name: str | None = field("PolynomialDecay", doc=NAME, advanced=True)

    def __call__(self, step: int) -> float:
        length = self.decay_steps
        if self.cycle:
            length *= max(math.ceil(step / self.decay_steps), 1)
        left = 1 - min(step, length) / length
        fall = self.initial_learning_rate - self.end_learning_rate
        return float(fall * left**self.power + self.end_learning_rate)
