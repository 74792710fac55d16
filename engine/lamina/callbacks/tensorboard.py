"""`TensorBoard`: curves and histograms in files that TensorBoard shows."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import WithJsonSchema

from lamina.callbacks.callback import Callback, Logs
from lamina.callbacks.event_file import EventFile, histogram, scalar, text
from lamina.callbacks.model_checkpoint import FilePath
from lamina.errors import ConfigError
from lamina.fields import NonNegativeInt, PositiveInt, field
from lamina.text import Text

Frequency = Annotated[
    Literal["batch", "epoch"] | PositiveInt,
    WithJsonSchema({"anyOf": [{"enum": ["batch", "epoch"]}, {"type": "integer", "minimum": 1}]}),
]


class TensorBoard(Callback):
    """Writes to `train` and `validation` below `log_dir`, with Keras' names: epoch_loss, batch_loss …

    The graph is written as the model's layers in text, not as operations. Profiles, embeddings and weights as images are
    refused.
    """

    log_dir: FilePath = field(
        "logs", doc=Text("Folder of the event files.", "事件文件所在文件夹。")
    )
    histogram_freq: NonNegativeInt = field(
        0,
        doc=Text(
            "Epochs between two histograms of the weights; 0 for none.",
            "权重直方图的间隔轮数；0 为不写。",
        ),
    )
    write_graph: bool = field(True, doc=Text("Write the layers as text.", "以文本写入各层。"))
    write_images: bool = field(False, doc=Text("Not supported.", "不支持。"), advanced=True)
    write_steps_per_second: bool = field(
        False, doc=Text("Write the speed.", "写入训练速度。"), advanced=True
    )
    update_freq: Frequency = field(
        "epoch", doc=Text('"epoch", "batch", or a number of batches.', "“epoch”、“batch”或批次数。")
    )
    profile_batch: Any = field(0, doc=Text("Not supported.", "不支持。"), advanced=True)
    embeddings_freq: NonNegativeInt = field(
        0, doc=Text("Not supported.", "不支持。"), advanced=True
    )
    embeddings_metadata: Any = field(None, doc=Text("Not supported.", "不支持。"), advanced=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("write_images", "profile_batch", "embeddings_freq", "embeddings_metadata"):
            if getattr(self, name):
                raise ConfigError(
                    Text(
                        f"TensorBoard.{name} is not supported: scalars, histograms and the layers are. Leave it out.",
                        f"不支持 TensorBoard.{name}：仅支持标量、直方图与各层文本。请去掉该参数。",
                    ),
                    field=name,
                )
        self._files: dict[str, EventFile] = {}
        frequency = self.update_freq
        self._every = frequency if isinstance(frequency, int) else int(frequency == "batch")
        self._steps = self._steps_before = 0
        self._epoch_start = 0.0
        self._in_fit = False

    def _file(self, part: str) -> EventFile:
        if part not in self._files:
            self._files[part] = EventFile(Path(self.log_dir) / part)
        return self._files[part]

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._in_fit = True
        self._steps = 0
        if self.write_graph:
            rows = "\n".join(
                f"| {layer.name} | {type(layer).__name__} |" for layer in self.model.layers
            )
            table = f"| layer | type |\n|---|---|\n{rows}"
            self._file("train").add(0, text("layers/text_summary", table))

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch_start, self._steps_before = time.perf_counter(), self._steps

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._steps += 1
        if self._every and self._steps % self._every == 0:
            self._scalars("train", "batch_", self._steps - 1, logs or {})
            if self.write_steps_per_second:
                self._file("train").add(
                    self._steps - 1, scalar("batch_steps_per_second", self._speed())
                )

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        logs = dict(logs or {})
        train = {name: value for name, value in logs.items() if not name.startswith("val_")}
        rate = getattr(getattr(self.model, "optimizer", None), "learning_rate", None)
        if rate is not None:
            train["learning_rate"] = float(rate)
        if self.write_steps_per_second:
            train["steps_per_second"] = self._speed()
        self._scalars("train", "epoch_", epoch, train)
        held_out = {name[4:]: value for name, value in logs.items() if name.startswith("val_")}
        if held_out:
            self._scalars("validation", "epoch_", epoch, held_out)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            self._histograms(epoch)
        for file in self._files.values():
            file.flush()

    def on_test_end(self, logs: Logs | None = None) -> None:
        step = int(self.model.optimizer.iterations) if self._in_fit else self._steps
        if logs:
            values = {f"{name}_vs_iterations": value for name, value in logs.items()}
            self._scalars("validation", "evaluation_", step, values)
            self._file("validation").flush()

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._in_fit = False
        for file in self._files.values():
            file.close()
        self._files = {}

    def _speed(self) -> float:
        elapsed = max(time.perf_counter() - self._epoch_start, 1e-9)
        return (self._steps - self._steps_before) / elapsed

    def _scalars(self, part: str, prefix: str, step: int, logs: Mapping[str, Any]) -> None:
        values = [scalar(prefix + name, float(value)) for name, value in logs.items()]
        if values:
            self._file(part).add(step, *values)

    def _histograms(self, epoch: int) -> None:
        values = [
            histogram(f"{variable.path}/histogram", variable.numpy())
            for variable in self.model.weights
        ]
        if values:
            self._file("train").add(epoch, *values)
