"""skorch's NeuralNet, with the accuracies measured as its users do."""

from __future__ import annotations

from typing import Any

import numpy as np
import skorch
import torch
from skorch.callbacks import Callback, EpochScoring
from skorch.helper import predefined_split
from torch.utils.data import TensorDataset

from benchmarks import models_torch
from benchmarks.contenders import CannotTakePart, EpochEnded, Setting
from benchmarks.contenders.torch_loop import is_image, prepare_torch
from benchmarks.workloads import Array, Workload

OPTIMIZERS = {
    "sgd": (torch.optim.SGD, {}),
    "adam": (torch.optim.Adam, {"optimizer__eps": 1e-7}),
    "rmsprop": (torch.optim.RMSprop, {"optimizer__alpha": 0.9, "optimizer__eps": 1e-7}),
}
NAMES = {
    "train_loss": "loss",
    "accuracy": "accuracy",
    "valid_loss": "val_loss",
    "val_accuracy": "val_accuracy",
}


def accuracy(net: Any, x: Any, y: Any = None) -> float:
    """Share of the samples whose largest output is right; skorch has kept the outputs."""
    return float((np.asarray(net.predict(x)).argmax(1) == np.asarray(y).argmax(1)).mean())


class EpochEnd(Callback):  # type: ignore[misc]
    """Waits for the next turn, once training has begun."""

    epoch_ended: EpochEnded | None = None

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        if EpochEnd.epoch_ended is not None:
            row = net.history[-1]
            EpochEnd.epoch_ended({new: row[old] for old, new in NAMES.items() if old in row})


class Contender:
    """The net."""

    def __init__(self, workload: Workload, setting: Setting, variant: str) -> None:
        if workload.accumulation > 1:
            raise CannotTakePart("skorch does not accumulate gradients")
        if setting.device != "cpu":
            raise CannotTakePart("skorch is set up for the CPU here")
        prepare_torch(setting)
        torch.manual_seed(0)
        self.workload = workload

    def versions(self) -> str:
        return f"skorch {skorch.__version__}, torch {torch.__version__}"

    def load(self, x: Array, y: Array) -> None:
        self.x, self.y = self._inputs(x), torch.from_numpy(y)
        cut, classifies = self.workload.trained, bool(self.workload.classes)
        scoring = [
            EpochScoring(accuracy, name="accuracy", lower_is_better=False, on_train=True),
            EpochScoring(accuracy, name="val_accuracy", lower_is_better=False),
        ]
        kind, options = OPTIMIZERS[self.workload.optimizer]
        held_out = TensorDataset(self.x[cut:], self.y[cut:])
        self.net = skorch.NeuralNet(
            models_torch.build(self.workload, tuned=False),
            criterion=torch.nn.CrossEntropyLoss if classifies else torch.nn.MSELoss,
            optimizer=kind,
            lr=self.workload.learning_rate,
            batch_size=self.workload.batch_size,
            max_epochs=1,
            iterator_train__shuffle=True,
            callbacks=[*(scoring if classifies else []), EpochEnd()],
            callbacks__print_log=None,
            verbose=0,
            train_split=predefined_split(held_out) if len(held_out) else None,
            **options,
        )
        self.net.initialize()

    def _inputs(self, x: Array) -> torch.Tensor:
        tensor = torch.from_numpy(x)
        if is_image(self.workload):
            return tensor.permute(0, 3, 1, 2).contiguous()
        return tensor if tensor.is_floating_point() else tensor.long()

    def first_step(self) -> None:
        size = self.workload.batch_size
        self.net.partial_fit(self.x[:size], self.y[:size])

    def train(self, epoch_ended: EpochEnded) -> None:
        EpochEnd.epoch_ended = staticmethod(epoch_ended)
        cut = self.workload.trained
        self.net.fit_loop(self.x[:cut], self.y[:cut], epochs=self.workload.planned)

    def predict(self, x: Array) -> Array:
        outputs: Array = self.net.predict(self._inputs(x))
        return outputs
