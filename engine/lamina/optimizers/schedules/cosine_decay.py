"""A learning rate that falls along half a cosine, after an optional linear warm-up."""

from __future__ import annotations

import math

from lamina.fields import Fraction, NonNegativeFloat, NonNegativeInt, PositiveInt, field
from lamina.optimizers.schedules.schedule import NAME, LearningRateSchedule, schedule
from lamina.text import Text


@schedule(summary=Text("Falls along half a cosine, after a warm-up.", "预热后沿半个余弦曲线下降。"))
class CosineDecay(LearningRateSchedule):
    """A linear rise to `warmup_target`, then half a cosine down to `alpha` of the top.

    >>> decay = CosineDecay(0.0, decay_steps=4, warmup_target=1.0, warmup_steps=2)
    >>> [round(decay(step), 3) for step in (0, 1, 2, 4, 6)]
    [0.0, 0.5, 1.0, 0.5, 0.0]
    """

    initial_learning_rate: NonNegativeFloat = field(
        doc=Text("Learning rate at the first step.", "第一步的学习率。")
    )
    decay_steps: PositiveInt = field(doc=Text("Length of the fall, in steps.", "下降阶段的步数。"))
    alpha: Fraction = field(
        0.0, doc=Text("What is left at the end, as a share of the top.", "结束时剩余的比例。")
    )
    name: str | None = field("CosineDecay", doc=NAME, advanced=True)
    warmup_target: NonNegativeFloat | None = field(
        None, doc=Text("Top of the warm-up; empty for none.", "预热到的学习率；留空则不预热。")
    )
    warmup_steps: NonNegativeInt = field(
        0, doc=Text("Length of the warm-up, in steps.", "预热的步数。")
    )

    def __call__(self, step: int) -> float:
        if self.warmup_target is None:
            return self._fall(step, self.initial_learning_rate)
        if step < self.warmup_steps:
            rise = self.warmup_target - self.initial_learning_rate
            return self.initial_learning_rate + rise * step / self.warmup_steps
        return self._fall(step - self.warmup_steps, self.warmup_target)

    def _fall(self, step: int, top: float) -> float:
        done = min(step, self.decay_steps) / self.decay_steps
        share = 0.5 * (1 + math.cos(math.pi * done))
        return top * ((1 - self.alpha) * share + self.alpha)
