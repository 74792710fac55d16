"""A learning rate that changes at given steps."""

from __future__ import annotations

from bisect import bisect_left
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from lamina.errors import ConfigError
from lamina.fields import NonNegativeFloat, NonNegativeInt, field
from lamina.optimizers.schedules.schedule import NAME, LearningRateSchedule, schedule
from lamina.text import Text


def _plain(value: Any) -> Any:
    return [getattr(item, "item", lambda item=item: item)() for item in value]


Boundaries = Annotated[
    list[NonNegativeInt],
    BeforeValidator(_plain),
    WithJsonSchema({"type": "array", "items": {"type": "integer"}, "x-widget": "shape"}),
]
Values = Annotated[
    list[NonNegativeFloat],
    BeforeValidator(_plain),
    WithJsonSchema({"type": "array", "items": {"type": "number"}, "x-widget": "text"}),
]


@schedule(summary=Text("Changes at given steps.", "在指定的步数处改变。"))
class PiecewiseConstantDecay(LearningRateSchedule):
    """values[0] up to and including step boundaries[0], then values[1], and so on.

    >>> decay = PiecewiseConstantDecay([10, 20], [1.0, 0.5, 0.1])
    >>> decay(10), decay(11), decay(99)
    (1.0, 0.5, 0.1)
    """

    boundaries: Boundaries = field(
        doc=Text("Last step of each piece but the last, rising.", "除最后一段外各段的末步，递增。")
    )
    values: Values = field(
        doc=Text(
            "Learning rate of each piece; one more than boundaries.", "各段的学习率，比边界多一个。"
        )
    )

    name: str | None = field("PiecewiseConstant", doc=NAME, advanced=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if len(self.values) != len(self.boundaries) + 1:
            raise ConfigError(
                Text(
                    f"PiecewiseConstantDecay needs one value more than boundaries, got "
                    f"{len(self.values)} values and {len(self.boundaries)} boundaries.",
                    f"PiecewiseConstantDecay 的 values 应比 boundaries 多一个，实际为 "
                    f"{len(self.values)} 个 values 与 {len(self.boundaries)} 个 boundaries。",
                ),
                field="values",
            )

    def __call__(self, step: int) -> float:
        return self.values[bisect_left(self.boundaries, step)]
