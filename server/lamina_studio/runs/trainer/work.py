"""One attempt from its documents to its files."""

import hashlib
import os
import time
from pathlib import Path
from typing import Any

from lamina import run as training_run
from lamina.callbacks import NonFiniteLossError
from lamina.datasets.catalogue import DATASETS
from lamina.datasets.storage import DownloadCancelledError
from lamina.model import Model
from lamina.text import Text, size_text
from lamina_studio.runs.folders import RunFolder, sync_folder, write_json
from lamina_studio.runs.numbers import to_wire
from lamina_studio.runs.trainer import outcome
from lamina_studio.runs.trainer.outcome import Outcome
from lamina_studio.runs.trainer.reporter import Reporter
from lamina_studio.runs.trainer.stream import StreamCallback, shown_values

SAVE_SILENCE_S = 120.0
PROOF_SAMPLES = 8


def perform(folder: RunFolder, spec: dict[str, Any], reporter: Reporter) -> Outcome:
    """Train, keep the model, score it on the test part.

    Raises:
        Exception: Whatever the training raises; `outcome.failed` judges it.
    """
    graph, training = spec["graph"], spec["training"]
    stream = StreamCallback(reporter)
    try:
        model = training_run.train(
            graph,
            training,
            callbacks=[stream],
            on_download=_Downloads(reporter, training["dataset"]["id"]),
            cancelled=lambda: reporter.stop_requested,
        )
    except DownloadCancelledError:
        return outcome.stopped(0)
    except NonFiniteLossError as error:
        step = stream.step_of(error.epoch, error.step)
        return outcome.non_finite_loss(step, error.epoch, stream.learning_rate)
    if stream.step == 0:
        return outcome.stopped(0)
    reporter.emit("state", {"state": "FINALIZING"})
    _keep(model, folder.model, reporter)
    _prove(model, training["dataset"]["id"], folder.proof)
    _score(model, training, reporter)
    return outcome.stopped(stream.step) if reporter.stop_requested else outcome.succeeded()


class _Downloads:
    """Tells of a download, at most a few times a second."""

    EVERY_S = 0.25

    def __init__(self, reporter: Reporter, dataset: str) -> None:
        self._reporter = reporter
        self._dataset = dataset
        self._told_at = 0.0

    def __call__(self, received: int, total: int) -> None:
        now = time.monotonic()
        if now - self._told_at < self.EVERY_S and received != total:
            return
        self._told_at = now
        progress = {"dataset": self._dataset, "received": received, "total": total}
        self._reporter.emit("system", {"download": progress})


def _keep(model: Model, path: Path, reporter: Reporter) -> None:
    reporter.expect_silence(SAVE_SILENCE_S)
    temporary = path.with_name(f"partial.{path.name}")
    model.save(temporary)
    digest = hashlib.sha256()
    with temporary.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
        os.fsync(file.fileno())
        size_bytes = file.tell()
    temporary.replace(path)
    sync_folder(path.parent)
    body = {"name": path.name, "kind": "model", "bytes": size_bytes, "sha256": digest.hexdigest()}
    reporter.emit("artifact", body)
    size = size_text(size_bytes)
    reporter.log("info", Text(f"Kept {path.name} ({size}).", f"已保存 {path.name}（{size}）。"))


def _prove(model: Model, dataset: str, path: Path) -> None:
    """Write down what this very model predicts, for whoever loads the file later."""
    spec = DATASETS.get(dataset)
    samples = spec.prepare(spec.load().x_test[:PROOF_SAMPLES])
    outputs = model.predict(samples, verbose=0)
    by_name = dict(
        zip(model.output_names, [outputs] if len(model.output_names) == 1 else outputs, strict=True)
    )
    write_json(
        path,
        {
            "inputs": samples.tolist(),
            "outputs": {name: values.tolist() for name, values in by_name.items()},
        },
    )


def _score(model: Model, training: dict[str, Any], reporter: Reporter) -> None:
    scores = training_run.evaluate(model, training, split="test")
    values = {"loss": scores.loss, **scores.metrics}
    body = {f"test/{key}": to_wire(value) for key, value in values.items()}
    reporter.emit("metrics", body)
    metrics = {key: to_wire(value) for key, value in scores.metrics.items()}
    test = {"loss": to_wire(scores.loss), "metrics": metrics, "n": scores.n}
    reporter.emit("system", {"test": test})
    shown = shown_values(values)
    reporter.log(
        "info",
        Text(
            f"Test part ({scores.n:,} samples): {shown.en}.",
            f"测试集（{scores.n:,} 个样本）：{shown.zh}。",
        ),
    )
