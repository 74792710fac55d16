"""`BackupAndRestore`: go on where an interrupted training ended.

A backup is a weights file and a small JSON file that names it. The JSON file is put in place last and at once, so that
whatever ends the process leaves a backup that fits together.
"""

from __future__ import annotations

import base64
import json
import shutil
from pathlib import Path
from typing import Any

import torch

from lamina.callbacks.callback import Callback, Logs
from lamina.callbacks.model_checkpoint import FilePath, SaveFrequency
from lamina.errors import ConfigError
from lamina.fields import field
from lamina.text import Text

LATEST, PREVIOUS = "training_metadata.json", "training_metadata.json.bkp"


class BackupAndRestore(Callback):
    """Saves weights, optimizer, random state and position; the same `fit`, called again, goes on from there.

    The order of the samples is the same again when the script begins with `utils.set_random_seed`.
    """

    backup_dir: FilePath = field(
        doc=Text("Folder of the backup; for nothing else.", "备份专用文件夹。")
    )
    save_freq: SaveFrequency = field(
        "epoch", doc=Text('"epoch", or a number of batches.', "“epoch”，或批次数。")
    )
    double_checkpoint: bool = field(
        False,
        doc=Text("Keep the backup before the latest too.", "同时保留上一份备份。"),
        advanced=True,
    )
    delete_checkpoint: bool = field(
        True, doc=Text("Remove the backup at the end.", "训练结束后删除备份。"), advanced=True
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.backup_dir:
            raise ConfigError(
                Text("BackupAndRestore.backup_dir is empty.", "BackupAndRestore.backup_dir 为空。"),
                field="backup_dir",
            )
        self._folder = Path(self.backup_dir)
        self._epoch = 0
        self._batches_since = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        if not self.model.built:
            raise ConfigError(
                Text(
                    "BackupAndRestore needs a model that knows the shape of its input. Add an Input or call build.",
                    "BackupAndRestore 需要已知输入形状的模型。请添加 Input 或调用 build。",
                )
            )
        self._batches_since = 0
        for name in (LATEST, PREVIOUS):
            try:
                position = json.loads((self._folder / name).read_text())
                self.model.load_weights(self._folder / position["weights"])
            except FileNotFoundError:
                continue
            except (OSError, ValueError):
                if name == PREVIOUS or not (self._folder / PREVIOUS).exists():
                    raise
                continue
            self._resume(position)
            return

    def _resume(self, position: dict[str, Any]) -> None:
        self._epoch = int(position["epoch"])
        self.model._initial_epoch = self._epoch
        self.model._initial_step = int(position["batch"])
        torch.set_rng_state(_tensor(position["random"]))
        if position.get("random_cuda") and torch.cuda.is_available():
            torch.cuda.set_rng_state(_tensor(position["random_cuda"]))

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if self.save_freq == "epoch":
            return
        self._batches_since += 1
        if self._batches_since >= self.save_freq:
            self._batches_since = 0
            self._save(self._epoch, batch + 1)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self.save_freq == "epoch":
            self._save(epoch + 1, 0)

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.delete_checkpoint:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _save(self, epoch: int, batch: int) -> None:
        if batch and batch == self.params.get("steps"):
            epoch, batch = epoch + 1, 0
        self._folder.mkdir(parents=True, exist_ok=True)
        weights = f"{epoch:06d}-{batch:08d}.weights.h5"
        self.model.save_weights(self._folder / weights, overwrite=True)
        position = {"epoch": epoch, "batch": batch, "weights": weights, **_random_state()}
        fresh = self._folder / f"{LATEST}.new"
        fresh.write_text(json.dumps(position))
        if self.double_checkpoint and (self._folder / LATEST).exists():
            (self._folder / LATEST).replace(self._folder / PREVIOUS)
        fresh.replace(self._folder / LATEST)
        self._remove_old()

    def _remove_old(self) -> None:
        named = {
            json.loads(path.read_text())["weights"]
            for name in (LATEST, PREVIOUS)
            if (path := self._folder / name).exists()
        }
        for path in self._folder.glob("*.weights.h5"):
            if path.name not in named:
                path.unlink()


def _random_state() -> dict[str, str]:
    state = {"random": _text(torch.get_rng_state())}
    if torch.cuda.is_available():
        state["random_cuda"] = _text(torch.cuda.get_rng_state())
    return state


def _text(state: torch.Tensor) -> str:
    return base64.b64encode(state.numpy().tobytes()).decode()


def _tensor(text: str) -> torch.Tensor:
    return torch.frombuffer(bytearray(base64.b64decode(text)), dtype=torch.uint8)
