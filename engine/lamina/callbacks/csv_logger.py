"""`CSVLogger`: the logs of every epoch as rows of a file."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any, TextIO

from lamina.callbacks.callback import Callback, Logs
from lamina.callbacks.model_checkpoint import FilePath
from lamina.fields import field
from lamina.text import Text


class CSVLogger(Callback):
    """One row per epoch: its number from 0, then the logs by name."""

    filename: FilePath = field(doc=Text("Where to write.", "写入的文件。"))
    separator: str = field(",", doc=Text("Between two values.", "分隔符。"), advanced=True)
    append: bool = field(
        False, doc=Text("Go on at the end of the file.", "在文件末尾继续写入。"), advanced=True
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._file: TextIO | None = None
        self._writer: Any = None
        self._has_header = False

    def on_train_begin(self, logs: Logs | None = None) -> None:
        path = Path(self.filename)
        self._has_header = self.append and path.is_file() and path.stat().st_size > 0
        self._file = path.open("a" if self.append else "w", newline="", encoding="utf-8")
        self._writer = None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        assert self._file is not None
        logs = logs or {}
        if self._writer is None:
            names = sorted(logs)
            if not any(name.startswith("val_") for name in names):
                names += [f"val_{name}" for name in names]  # validation may come in a later epoch
            self._writer = csv.DictWriter(
                self._file,
                ["epoch", *names],
                restval="NA",
                extrasaction="ignore",
                delimiter=self.separator,
            )
            if not self._has_header:
                self._writer.writeheader()
        self._writer.writerow({"epoch": epoch, **logs})
        self._file.flush()

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self._file is not None:
            self._file.close()
            self._file = self._writer = None
