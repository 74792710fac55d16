"""Schedules: the learning rate as a function of the step. Adding one adds one file that is imported here."""

from lamina.optimizers.schedules.cosine_decay import CosineDecay
from lamina.optimizers.schedules.exponential_decay import ExponentialDecay
from lamina.optimizers.schedules.piecewise_constant_decay import PiecewiseConstantDecay
from lamina.optimizers.schedules.schedule import (
    SCHEDULES,
    LearningRateSchedule,
    deserialize,
    serialize,
)

__all__ = [
    "SCHEDULES",
    "CosineDecay",
    "ExponentialDecay",
    "LearningRateSchedule",
    "PiecewiseConstantDecay",
    "deserialize",
    "serialize",
]
