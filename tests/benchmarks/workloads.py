"""What is trained: the workloads, and data for them that can be learned. Only numpy is imported here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

Array = np.ndarray[Any, Any]
Size = Literal["tiny", "quick", "full"]
SIZES: tuple[Size, ...] = ("tiny", "quick", "full")


@dataclass(frozen=True)
class Workload:
    """One model on one kind of data.

    Args:
        name: What it is called on the command line.
        model: Key in the tables of `models_keras` and `models_torch`, and of `DATA`.
        quick: Samples of the usual size.
        full: Samples of a long run.
        options: Sizes of the model and of a sample, keywords of the model's function.
        tiny: What the smallest size changes in `options`.
        classes: 0 for a regression.
        validation: Share of the samples, the last ones, that is measured after each epoch.
        accumulation: Batches whose gradients make one update.
        epochs: Epochs of one turn.
        planned: Epochs that `fit` is told, which an engine may lay its plans by.
    """

    name: str
    model: str
    quick: int
    full: int
    batch_size: int
    optimizer: Literal["sgd", "adam", "rmsprop"]
    learning_rate: float = 1e-3
    options: Mapping[str, Any] = field(default_factory=dict)
    tiny: Mapping[str, Any] = field(default_factory=dict)
    classes: int = 10
    validation: float = 0.1
    accumulation: int = 1
    epochs: int = 1
    device: Literal["cpu", "cuda"] = "cpu"
    samples: int = 0
    planned: int = 1

    def sized(self, size: Size) -> Workload:
        """The workload with as many samples as a size has."""
        if size != "tiny":
            return replace(self, samples=self.full if size == "full" else self.quick)
        batch_size = min(self.batch_size, 8)
        return replace(
            self,
            samples=min(self.quick, 5 * batch_size),
            batch_size=batch_size,
            options={**self.options, **self.tiny},
            epochs=min(self.epochs, 2),
        )

    @property
    def trained(self) -> int:
        """Samples of an epoch; those behind them are for validation."""
        return self.samples - int(self.samples * self.validation)

    @property
    def predicted(self) -> int:
        """How many samples `predict` is measured with."""
        if self.samples < self.quick:
            return self.samples
        return 10_000 if self.model in ("cnn", "own", "mlp") else min(1000, 100 * self.samples)


DIGIT = {"shape": (28, 28, 1)}
LAYERS_6 = {"depth": 6, "width": 512, "heads": 8, "hidden": 2048, "length": 128}
SMALL_6 = {"width": 16, "heads": 2, "hidden": 32, "length": 8}

WORKLOADS = {
    workload.name: workload
    for workload in (
        Workload("cnn-32", "cnn", 6000, 60_000, 32, "rmsprop", options=DIGIT),
        Workload("cnn-256", "cnn", 12_000, 60_000, 256, "rmsprop", options=DIGIT),
        Workload("mlp", "mlp", 20_000, 60_000, 128, "adam"),
        Workload(
            "regression", "line", 10, 10, 1, "sgd", 1e-2, classes=0, validation=0.0, epochs=50
        ),
        Workload("lstm", "lstm", 1300, 20_000, 64, "adam", classes=5, tiny={"length": 10}),
        Workload("residual", "residual", 1000, 10_000, 64, "adam", tiny={"side": 8}),
        Workload("transformer", "transformer", 3000, 20_000, 64, "adam", classes=5),
        Workload("mlp-accumulated", "mlp", 20_000, 60_000, 128, "adam", accumulation=4),
        Workload("gru", "gru", 1300, 20_000, 64, "adam", classes=5, tiny={"length": 10}),
        Workload("waves", "waves", 3000, 20_000, 64, "adam", classes=5, tiny={"length": 20}),
        Workload(
            "bag", "bag", 10_000, 60_000, 32, "adam",
            options={"length": 200, "vocabulary": 5000}, classes=5, tiny={"length": 10},
        ),
        Workload("deep", "deep", 6000, 60_000, 32, "adam", tiny={"depth": 2}),
        Workload("vgg", "vgg", 640, 6000, 32, "rmsprop", tiny={"side": 8}),
        Workload("own", "own", 6000, 60_000, 32, "rmsprop", options=DIGIT),
        Workload("masked", "masked", 1300, 20_000, 32, "adam", classes=5, tiny={"length": 10}),
        Workload("mobile", "mobile", 640, 6000, 32, "adam", tiny={"side": 8}),
        Workload("groups", "groups", 640, 6000, 32, "adam", tiny={"side": 8}),
        Workload("cuda-cnn", "cnn", 60_000, 60_000, 256, "rmsprop", options=DIGIT, device="cuda"),
        Workload(
            "cuda-resnet50", "resnet50", 2560, 12_800, 128, "sgd", 1e-2,
            options={"side": 224}, tiny={"side": 32}, classes=1000, validation=0.0, device="cuda",
        ),
        Workload(
            "cuda-transformer", "transformer", 6400, 64_000, 64, "adam", 1e-4,
            options=LAYERS_6, tiny=SMALL_6, classes=5, device="cuda",
        ),
    )
}  # fmt: skip


def data(workload: Workload) -> tuple[Array, Array]:
    """Inputs in Keras' layout; targets one-hot, or values for a regression."""
    random = np.random.default_rng(1)
    if not workload.classes:
        x = np.linspace(-1, 1, workload.samples, dtype="float32")[:, None]
        return x, 2 * x - np.float32(0.99)
    labels = random.integers(0, workload.classes, workload.samples)
    x = DATA[workload.model](random, labels, workload.classes, **workload.options)
    return x, np.eye(workload.classes, dtype="float32")[labels]


def _images(random: Any, labels: Array, classes: int, shape: tuple[int, int, int]) -> Array:
    """A smooth pattern per class, moved by up to two pixels, under noise."""
    patterns = random.random((classes, *shape), dtype="float32")
    for _ in range(3):
        around = [np.roll(patterns, by, axis) for axis in (1, 2) for by in (1, -1)]
        patterns = (patterns + sum(around)) / 5
    patterns = (patterns - patterns.min()) / (patterns.max() - patterns.min())
    x = random.normal(0, 0.25, (len(labels), *shape)).astype("float32")
    moves = random.integers(-2, 3, (len(labels), 2))
    for index, (label, move) in enumerate(zip(labels, moves, strict=True)):
        x[index] += np.roll(patterns[label], tuple(move), (0, 1))
    clipped: Array = np.clip(x, 0, 1)
    return clipped


def _flat_images(random: Any, labels: Array, classes: int, **model: Any) -> Array:
    return _images(random, labels, classes, (28, 28, 1)).reshape(len(labels), 784)


def _colour_images(random: Any, labels: Array, classes: int, side: int = 32) -> Array:
    return _images(random, labels, classes, (side, side, 3))


def _noise_images(random: Any, labels: Array, classes: int, side: int) -> Array:
    """Too many pixels for a pattern each: noise whose mean says the class."""
    x = random.random((len(labels), side, side, 3), dtype="float32")
    x += (labels / classes).astype("float32")[:, None, None, None]
    return x  # type: ignore[no-any-return]


def _waves(random: Any, labels: Array, classes: int, length: int = 100) -> Array:
    """Sines under noise; the class is their frequency."""
    time = np.arange(length)[None, :, None]
    pace = (0.05 + 0.03 * labels)[:, None, None] * (1 + 0.1 * random.random((1, 1, 32)))
    phase = 6 * random.random((len(labels), 1, 1))
    noise = random.normal(0, 0.5, (len(labels), length, 32))
    return (np.sin(time * pace + phase) + noise).astype("float32")


def _tokens(
    random: Any,
    labels: Array,
    classes: int,
    length: int = 64,
    vocabulary: int = 1000,
    **model: Any,
) -> Array:
    """Tokens, of which every fifth says the class by its remainder."""
    tokens = random.integers(0, vocabulary, (len(labels), length))
    tells = random.random(tokens.shape) < 0.2
    told = tokens // classes * classes + labels[:, None]
    return np.where(tells, np.minimum(told, vocabulary - 1), tokens).astype("int32")


def _padded_tokens(random: Any, labels: Array, classes: int, length: int = 80) -> Array:
    """Tokens from 1 on, and 0 behind the end of each text."""
    tokens = _tokens(random, labels, classes, length, 1000 - classes) + classes
    ends = random.integers(length // 4, length + 1, (len(labels), 1))
    return np.where(np.arange(length) < ends, tokens, 0).astype("int32")


DATA = {
    "cnn": _images,
    "own": _images,
    "masked": _padded_tokens,
    "mobile": _colour_images,
    "groups": _colour_images,
    "mlp": _flat_images,
    "lstm": _waves,
    "gru": _waves,
    "waves": _waves,
    "deep": _flat_images,
    "vgg": _colour_images,
    "bag": _tokens,
    "residual": _colour_images,
    "resnet50": _noise_images,
    "transformer": _tokens,
}
