"""Optimizers: how weights change. Adding one adds one file that is imported here."""

from lamina.optimizers import schedules
from lamina.optimizers.adam import Adam
from lamina.optimizers.adamw import AdamW
from lamina.optimizers.lookup import deserialize, get, serialize
from lamina.optimizers.optimizer import OPTIMIZERS, Optimizer
from lamina.optimizers.rmsprop import RMSprop
from lamina.optimizers.schedules import SCHEDULES
from lamina.optimizers.sgd import SGD

__all__ = [
    "OPTIMIZERS",
    "SCHEDULES",
    "SGD",
    "Adam",
    "AdamW",
    "Optimizer",
    "RMSprop",
    "deserialize",
    "get",
    "schedules",
    "serialize",
]
