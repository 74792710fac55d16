"""The callback through which the studio sees a training."""

import time
from collections.abc import Mapping
from typing import Any

from lamina.callbacks import Callback
from lamina.text import Text
from lamina_studio.runs.numbers import to_wire
from lamina_studio.runs.trainer.environment import environment
from lamina_studio.runs.trainer.progress import StepSeen
from lamina_studio.runs.trainer.reporter import Reporter


class StreamCallback(Callback):
    """Hands each step to the reporter, and ends the training when the reporter asks for it.

    Per step it appends references to a deque and looks at one flag: at most 2 µs. Steps and epochs
    count from 1 over the whole run.
    """

    def __init__(self, reporter: Reporter) -> None:
        super().__init__()
        self.step = 0
        self.epoch = 0
        self._reporter = reporter
        self._see_step = reporter.see_step
        self._samples = 0
        self._first_step = 1
        self._began_at = 0.0
        self._validation_at: float | None = None

    @property
    def learning_rate(self) -> float | None:
        """Where the optimizer's learning rate stands now."""
        optimizer = getattr(self.model, "optimizer", None)
        return None if optimizer is None else float(optimizer.learning_rate)

    def step_of(self, epoch: int, batch: int) -> int:
        """The step of the run that is this batch of this epoch, all counted from 1."""
        return (epoch - 1) * (self.params.get("steps") or 0) + batch

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        epochs, steps = self.params.get("epochs"), self.params.get("steps")
        self._reporter.expect(epochs * steps if epochs and steps else None)
        self._reporter.emit("system", {"environment": environment(self.model.device)})
        self._reporter.emit(
            "state", {"state": "RUNNING", "epochs": epochs, "steps_per_epoch": steps}
        )
        total = f"{epochs:,} epochs" if epochs != 1 else "1 epoch"
        self._reporter.log(
            "info",
            Text(
                f"Training begins: {total} of {steps or 0:,} steps.",
                f"开始训练：共 {epochs} 轮，每轮 {steps or 0:,} 步。",
            ),
        )
        if self._reporter.stop_requested:
            self._stop()

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        self.epoch = epoch + 1
        self._samples = 0
        self._first_step = self.step + 1
        self._validation_at = None
        self._began_at = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.step += 1
        self._samples += logs.batch_size
        self._see_step(StepSeen(self.step, self.epoch, time.time_ns(), logs.batch, logs.batch_size))
        if self._reporter.attention and self._reporter.heed():
            self._stop()

    def _stop(self) -> None:
        """End after this batch; who stops a run does not wait for a validation."""
        self.model.stop_training = self.model.stops_without_validation = True

    def on_test_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        if self._validation_at is None:
            self._validation_at = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        ended_at = time.perf_counter()
        seconds = ended_at - self._began_at
        training_s = (self._validation_at or ended_at) - self._began_at
        values = {key: float(value) for key, value in (logs or {}).items()}
        done, steps = self.step - self._first_step + 1, self.params.get("steps")
        is_cut = bool(steps and done < steps)
        body: dict[str, Any] = {}
        # A few batches are no epoch: their point would stand beside those of whole ones. Their running values are told.
        if not (is_cut and self.model.stop_training):
            body |= {f"epoch/{key}": to_wire(value) for key, value in values.items()}
            body["epoch/seconds"] = seconds
        body["samples_per_second"] = self._samples / training_s if training_s > 0 else 0.0
        self._reporter.emit("metrics", body)
        shown = shown_values(values)
        cut = Text("", "")
        if is_cut:
            cut = Text(
                f", stopped after {done:,} of {steps:,} steps",
                f"，在 {steps:,} 步中的第 {done:,} 步停止",
            )
        self._reporter.log(
            "info",
            Text(
                f"Epoch {self.epoch}: {shown.en} ({seconds:.1f} s{cut.en}).",
                f"第 {self.epoch} 轮：{shown.zh}（{seconds:.1f} 秒{cut.zh}）。",
            ),
        )


def shown_values(values: Mapping[str, float]) -> Text:
    """Scores under their names, to be read in a sentence."""
    parts = [f"{key} {value:.4g}" for key, value in values.items()]
    return Text(", ".join(parts), "，".join(parts))
