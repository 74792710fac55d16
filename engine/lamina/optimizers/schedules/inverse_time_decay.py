"""A learning rate that shrinks like one over the time."""

from __future__ import annotations

import math

from lamina.fields import NonNegativeFloat, PositiveInt, field
from lamina.optimizers.schedules.schedule import NAME, LearningRateSchedule, schedule
from lamina.text import Text


@schedule(summary=Text("Shrinks like one over the time.", "按时间的倒数衰减。"))
class InverseTimeDecay(LearningRateSchedule):
    """initial_learning_rate / (1 + decay_rate * step / decay_steps).

    >>> InverseTimeDecay(0.1, decay_steps=100, decay_rate=1.0)(100)
    0.05
    """

    initial_learning_rate: NonNegativeFloat = field(
        doc=Text("Learning rate at the first step.", "第一步的学习率。")
    )
    decay_steps: PositiveInt = field(doc=Text("Steps that count as one.", "计为一个单位的步数。"))
    decay_rate: NonNegativeFloat = field(doc=Text("How fast it shrinks.", "衰减速度。"))
    staircase: bool = field(
        False, doc=Text("Shrink at once every decay_steps, not a little each step.", "阶梯式衰减。")
    )
    name: str | None = field("InverseTimeDecay", doc=NAME, advanced=True)

    def __call__(self, step: int) -> float:
        periods = step / self.decay_steps
        if self.staircase:
            periods = math.floor(periods)
        return self.initial_learning_rate / (1 + self.decay_rate * periods)
