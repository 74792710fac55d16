"""Lightning's Trainer with all that prints or writes turned off."""

from __future__ import annotations

import logging
import warnings
from typing import Any

import lightning
import torch
from torch.utils.data import DataLoader, TensorDataset

from benchmarks import models_torch
from benchmarks.contenders import CannotTakePart, EpochEnded, Setting
from benchmarks.contenders.torch_loop import is_image, loss_of, make_optimizer, prepare_torch
from benchmarks.workloads import Array, Workload

warnings.filterwarnings("ignore")
logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)


class Task(lightning.LightningModule):
    """A workload as Lightning wants it."""

    def __init__(self, workload: Workload) -> None:
        super().__init__()
        self.workload = workload
        self.model, self.loss = models_torch.build(workload, tuned=False), loss_of(workload)

    def _measure(self, batch: Any, prefix: str) -> Any:
        x, y = batch
        outputs = self.model(x)
        loss = self.loss(outputs, y)
        self.log(f"{prefix}loss", loss, on_step=False, on_epoch=True)
        if self.workload.classes:
            right = (outputs.argmax(1) == y.argmax(1)).float().mean()
            self.log(f"{prefix}accuracy", right, on_step=False, on_epoch=True)
        return loss

    def training_step(self, batch: Any, index: int) -> Any:
        return self._measure(batch, "")

    def validation_step(self, batch: Any, index: int) -> None:
        self._measure(batch, "val_")

    def predict_step(self, batch: Any, index: int) -> Any:
        outputs = self.model(batch[0])
        return outputs.softmax(-1) if self.workload.classes else outputs

    def configure_optimizers(self) -> Any:
        return make_optimizer(self.workload, self.parameters(), fused=False)


class Contender:
    """The Trainer."""

    def __init__(self, workload: Workload, setting: Setting, variant: str) -> None:
        if setting.device != "cpu":
            raise CannotTakePart("lightning is set up for the CPU here")
        prepare_torch(setting)
        torch.manual_seed(0)
        self.workload = workload
        self.task = Task(workload)

    def versions(self) -> str:
        return f"lightning {lightning.__version__}, torch {torch.__version__}"

    def load(self, x: Array, y: Array) -> None:
        self.x, self.y = self._inputs(x), torch.from_numpy(y)

    def _inputs(self, x: Array) -> torch.Tensor:
        tensor = torch.from_numpy(x)
        if is_image(self.workload):
            return tensor.permute(0, 3, 1, 2).contiguous()
        return tensor if tensor.is_floating_point() else tensor.long()

    def first_step(self) -> None:
        size = self.workload.batch_size
        self._trainer(1).fit(self.task, self._loader(self.x[:size], self.y[:size], shuffle=True))

    def train(self, epoch_ended: EpochEnded) -> None:
        class EpochEnd(lightning.Callback):
            def on_train_epoch_end(self, trainer: Any, module: Any) -> None:
                epoch_ended(trainer.callback_metrics)

        cut = self.workload.trained
        training = self._loader(self.x[:cut], self.y[:cut], shuffle=True)
        validation = self._loader(self.x[cut:], self.y[cut:]) if cut < len(self.x) else None
        self._trainer(self.workload.planned, EpochEnd()).fit(self.task, training, validation)

    def predict(self, x: Array) -> Array:
        rows: Any = self._trainer(1).predict(self.task, self._loader(self._inputs(x)))
        together: Array = torch.cat(rows).numpy()
        return together

    def _loader(self, *tensors: torch.Tensor, shuffle: bool = False) -> Any:
        return DataLoader(
            TensorDataset(*tensors), batch_size=self.workload.batch_size, shuffle=shuffle
        )

    def _trainer(self, epochs: int, *callbacks: Any) -> Any:
        return lightning.Trainer(
            max_epochs=epochs,
            accelerator="cpu",
            accumulate_grad_batches=self.workload.accumulation,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            callbacks=list(callbacks),
        )
