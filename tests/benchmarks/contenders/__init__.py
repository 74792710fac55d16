"""Who takes part: a name, the file that trains by it, and the environment it needs."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from benchmarks.workloads import Array, Workload

Scores = Mapping[str, float]
EpochEnded = Callable[[Mapping[str, Any]], None]
PRECISIONS = ("float32", "tf32", "bf16")


class CannotTakePart(Exception):
    """A contender that does not do such a workload; the message says why."""


@dataclass(frozen=True)
class Setting:
    """Where and how all contenders of a comparison compute."""

    device: str = "cpu"
    precision: str = "float32"
    threads: int = 1


class Contender(Protocol):
    """One way to train a workload. Its constructor takes (workload, setting, variant) and builds the model."""

    def versions(self) -> str: ...
    def load(self, x: Array, y: Array) -> None:
        """Take the data, in whatever form training wants it."""
        ...

    def first_step(self) -> None:
        """Train on one batch, with everything that is done before the first one."""
        ...

    def train(self, epoch_ended: EpochEnded) -> None:
        """Train without end; after each epoch, and the validation that belongs to it, tell the scores.

        `epoch_ended` waits for the next turn and ends the training by raising; what it raises must pass through.
        """
        ...

    def predict(self, x: Array) -> Array: ...


@dataclass(frozen=True)
class Entry:
    """A contender's place in the list.

    Args:
        module: File in this folder.
        variant: What is handed to it.
        environment: Key in `benchmarks.environments.PEERS`; None for the project's own.
    """

    module: str
    variant: str = ""
    environment: str | None = None

    def make(self, workload: Workload, setting: Setting) -> Contender:
        """Build its model; to be called in its own process."""
        module = importlib.import_module(f"benchmarks.contenders.{self.module}")
        made: Contender = module.Contender(workload, setting, self.variant)
        return made


CONTENDERS = {
    "tuned": Entry("torch_loop", "tuned"),
    "naive": Entry("torch_loop", "naive"),
    "lamina": Entry("keras_interface", "lamina"),
    "lamina, loss read at each batch": Entry("keras_interface", "lamina+reads"),
    "lamina, three callbacks": Entry("keras_interface", "lamina+three"),
    "keras-torch": Entry("keras_interface", "torch"),
    "keras-jax": Entry("keras_interface", "jax", "keras-jax"),
    "keras-tf": Entry("keras_interface", "tensorflow", "keras-tf"),
    "lightning": Entry("lightning_trainer", "", "lightning"),
    "skorch": Entry("skorch_net", "", "skorch"),
}
REFERENCE = "tuned"
WITH_CALLBACKS = ("lamina, loss read at each batch", "lamina, three callbacks")
USUAL = tuple(name for name in CONTENDERS if name not in WITH_CALLBACKS)
