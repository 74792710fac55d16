"""One cycle: a learning rate that rises, then falls far below where it began."""

from __future__ import annotations

import math

from lamina.fields import PositiveFloat, PositiveInt, ProperFraction, field
from lamina.optimizers.schedules.schedule import NAME, LearningRateSchedule, schedule
from lamina.text import Text


@schedule(
    summary=Text(
        "Rises to its top, then falls far below the start.", "先升至最大值，再降到远低于初始值。"
    )
)
class OneCycle(LearningRateSchedule):
    """Half a cosine up from max / div_factor, and one down to max / div_factor / final_div_factor.

    Smith and Topin 2018, arXiv:1708.07120, in the form of torch's `OneCycleLR`.

    >>> cycle = OneCycle(1.0, total_steps=11, warmup_share=0.2, div_factor=10.0)
    >>> [round(cycle(step), 3) for step in (0, 1, 10)]
    [0.1, 0.94, 0.0]
    """

    max_learning_rate: PositiveFloat = field(doc=Text("The highest learning rate.", "最大学习率。"))
    total_steps: PositiveInt = field(doc=Text("Length of the whole, in steps.", "总步数。"))
    warmup_share: ProperFraction = field(
        0.3, doc=Text("Share of the steps that rise.", "上升阶段所占比例。")
    )
    div_factor: PositiveFloat = field(
        25.0, doc=Text("How far below the top it begins.", "初始学习率为最大值的几分之一。")
    )
    final_div_factor: PositiveFloat = field(
        1e4, doc=Text("How far below the start it ends.", "终值为初始值的几分之一。")
    )
    name: str | None = field("OneCycle", doc=NAME, advanced=True)

    def __call__(self, step: int) -> float:
        top = self.max_learning_rate
        start = top / self.div_factor
        turn = self.warmup_share * self.total_steps - 1
        last = self.total_steps - 1
        if step <= turn:
            return _between(start, top, step / turn if turn else 1.0)
        done = min((step - turn) / max(last - turn, 1e-9), 1.0)
        return _between(top, start / self.final_div_factor, done)


def _between(start: float, end: float, done: float) -> float:
    return end + (start - end) / 2 * (1 + math.cos(math.pi * done))
