"""Keras' interface: the engine (`lamina`, or `lamina+…` with callbacks), or Keras itself on one of its backends."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

import numpy as np

from benchmarks import models_keras
from benchmarks.contenders import CannotTakePart, EpochEnded, Setting
from benchmarks.workloads import Array, Workload

POLICIES = {"float32": "float32", "tf32": "float32", "bf16": "mixed_bfloat16"}


class Contender:
    """`fit`, `predict` and a callback that waits for its turn."""

    def __init__(self, workload: Workload, setting: Setting, variant: str) -> None:
        self.workload = workload
        self.framework, _, self.listeners = variant.partition("+")
        self.keras = _import(self.framework, setting)
        self.keras.utils.set_random_seed(0)
        self._choose_precision(setting.precision)
        self.model = models_keras.build(workload, self.keras)
        if self.framework == "lamina" and setting.device != "cpu":
            self.model.to_device(setting.device)

    def _choose_precision(self, precision: str) -> None:
        if precision != "bf16":
            return
        try:
            self.keras.config.set_dtype_policy(POLICIES[precision])
        except AttributeError as error:
            raise CannotTakePart(f"{self.framework} computes in float32 only") from error

    def versions(self) -> str:
        if self.framework == "lamina":
            torch = sys.modules["torch"]
            return f"lamina {self.keras.__version__}, torch {torch.__version__}"
        backend = sys.modules[self.framework]
        return f"keras {self.keras.__version__}, {self.framework} {backend.__version__}"

    def load(self, x: Array, y: Array) -> None:
        self.x, self.y = x, y

    def first_step(self) -> None:
        size = self.workload.batch_size
        self.model.fit(self.x[:size], self.y[:size], batch_size=size, epochs=1, verbose=0)

    def train(self, epoch_ended: EpochEnded) -> None:
        class EpochEnd(self.keras.callbacks.Callback):  # type: ignore[name-defined,misc]
            def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
                epoch_ended(dict(logs or {}))

        self.model.fit(
            self.x,
            self.y,
            batch_size=self.workload.batch_size,
            epochs=self.workload.planned,
            verbose=0,
            validation_split=self.workload.validation,
            callbacks=[*_listeners(self.keras, self.listeners), EpochEnd()],
        )

    def predict(self, x: Array) -> Array:
        return np.asarray(self.model.predict(x, verbose=0))


def _import(framework: str, setting: Setting) -> Any:
    if framework == "lamina":
        torch = importlib.import_module("torch")
        importlib.import_module("benchmarks.contenders.torch_loop").prepare_torch(setting)
        assert torch.get_num_threads() == setting.threads
        return importlib.import_module("lamina")
    os.environ["KERAS_BACKEND"] = framework
    if framework == "torch":
        importlib.import_module("benchmarks.contenders.torch_loop").prepare_torch(setting)
    elif framework == "tensorflow":
        threading = importlib.import_module("tensorflow").config.threading
        threading.set_intra_op_parallelism_threads(setting.threads)
        threading.set_inter_op_parallelism_threads(setting.threads)
    return importlib.import_module("keras")


def _listeners(keras: Any, which: str) -> list[Any]:
    """What a user could add: one callback that reads the loss at each batch, or three that look at batches."""

    class ReadsLoss(keras.callbacks.Callback):  # type: ignore[name-defined,misc]
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.loss = float(logs["loss"])

    class Counts(keras.callbacks.Callback):  # type: ignore[name-defined,misc]
        batches = 0

        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            self.batches += 1

    class Remembers(keras.callbacks.Callback):  # type: ignore[name-defined,misc]
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.last = batch

    kinds = {"": (), "reads": (ReadsLoss,), "three": (ReadsLoss, Counts, Remembers)}[which]
    return [kind() for kind in kinds]
