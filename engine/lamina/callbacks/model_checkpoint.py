"""`ModelCheckpoint`: save the model, or its weights, while it trains."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, WithJsonSchema

from lamina.callbacks.callback import Logs
from lamina.callbacks.messages import say
from lamina.callbacks.monitor import MODE, MONITOR, VERBOSE, Mode, Monitor
from lamina.errors import ConfigError
from lamina.fields import Float, NonNegativeInt, PositiveInt, field
from lamina.text import Text

FilePath = Annotated[
    str, BeforeValidator(lambda value: str(value) if isinstance(value, Path) else value)
]
SaveFrequency = Annotated[
    Literal["epoch"] | PositiveInt,
    WithJsonSchema(
        {"anyOf": [{"const": "epoch"}, {"type": "integer", "minimum": 1}], "x-widget": "text"}
    ),
]


class ModelCheckpoint(Monitor):
    """Saves after each epoch, after so many batches, or when a value becomes better.

    The path may hold `{epoch:02d}` and any log, such as `{val_loss:.2f}`.
    """

    filepath: FilePath = field(
        doc=Text("Where to save: *.keras, or *.weights.h5 for the weights.", "保存路径。")
    )
    monitor: str = field("val_loss", doc=MONITOR)
    verbose: NonNegativeInt = field(0, doc=VERBOSE, advanced=True)
    save_best_only: bool = field(
        False, doc=Text("Save only when the value is the best so far.", "仅在指标最佳时保存。")
    )
    save_weights_only: bool = field(
        False, doc=Text("Save the weights, not the whole model.", "只保存权重。")
    )
    mode: Mode = field("auto", doc=MODE)
    save_freq: SaveFrequency = field(
        "epoch", doc=Text('"epoch", or a number of batches.', "“epoch”，或批次数。"), advanced=True
    )
    initial_value_threshold: Float | None = field(
        None, doc=Text("A value that has to be beaten first.", "首先必须超过的值。"), advanced=True
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.best = self.initial_value_threshold
        self._epoch = 0
        self._batches_since = 0
        ending = (".weights.h5",) if self.save_weights_only else (".keras", ".h5")
        if not self.filepath.endswith(ending):
            raise ConfigError(
                Text(
                    f"ModelCheckpoint.filepath must end in {' or '.join(ending)}, got {self.filepath!r}.",
                    f"ModelCheckpoint.filepath 必须以 {' 或 '.join(ending)} 结尾，实际为 {self.filepath!r}。",
                ),
                field="filepath",
            )

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if self.save_freq == "epoch":
            return
        self._batches_since += 1
        if self._batches_since >= self.save_freq:
            self._batches_since = 0
            self._save({**(logs or {}), "batch": batch + 1})

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self.save_freq == "epoch":
            self._save(dict(logs or {}))

    def _save(self, logs: dict[str, Any]) -> None:
        if self.save_best_only and not self._is_best(logs):
            return
        path = self._path(logs)
        path.parent.mkdir(parents=True, exist_ok=True)
        if self.save_weights_only:
            self.model.save_weights(path, overwrite=True)
        else:
            self.model.save(path, overwrite=True)
        if self.verbose:
            say(f"Epoch {self._epoch + 1}: saved {path}.")

    def _is_best(self, logs: dict[str, Any]) -> bool:
        if logs.get(self.monitor) is None:
            warnings.warn(
                f'ModelCheckpoint saves every time: "{self.monitor}" is not in the logs.',
                stacklevel=2,
            )
            return True
        value = float(logs[self.monitor])
        if not self.is_better(value, self.best):
            return False
        self.best = value
        return True

    def _path(self, logs: dict[str, Any]) -> Path:
        try:
            return Path(self.filepath.format(epoch=self._epoch + 1, **logs))
        except KeyError as error:
            raise ConfigError(
                Text(
                    f"ModelCheckpoint.filepath names {error}, which is not in the logs: {', '.join(logs)}.",
                    f"ModelCheckpoint.filepath 中的 {error} 不在日志中：{'、'.join(logs)}。",
                ),
                field="filepath",
            ) from error
