"""A learning rate that shrinks by the same factor every so many steps."""

from __future__ import annotations

import math

from lamina.fields import NonNegativeFloat, PositiveFloat, PositiveInt, field
from lamina.optimizers.schedules.schedule import NAME, LearningRateSchedule, schedule
from lamina.text import Text


@schedule(
    summary=Text("Shrinks by the same factor every so many steps.", "每隔若干步按同一比例衰减。")
)
class ExponentialDecay(LearningRateSchedule):
    """initial_learning_rate * decay_rate ** (step / decay_steps).

    >>> ExponentialDecay(0.1, decay_steps=100, decay_rate=0.5)(200)
    0.025
    """

    initial_learning_rate: NonNegativeFloat = field(
        doc=Text("Learning rate at the first step.", "第一步的学习率。")
    )
    decay_steps: PositiveInt = field(
        doc=Text("Steps in which the factor applies once.", "衰减一次所需的步数。")
    )
    decay_rate: PositiveFloat = field(doc=Text("The factor.", "衰减比例。"))
    staircase: bool = field(
        False, doc=Text("Shrink at once every decay_steps, not a little each step.", "阶梯式衰减。")
    )

    name: str | None = field("ExponentialDecay", doc=NAME, advanced=True)

    def __call__(self, step: int) -> float:
        periods = step / self.decay_steps
        if self.staircase:
            periods = math.floor(periods)
        return float(self.initial_learning_rate * self.decay_rate**periods)
