"""How fast `fit` is, against a training loop written by hand in torch for the same model.

    python tests/benchmarks/fit_against_torch.py            # the default image classifier
    python tests/benchmarks/fit_against_torch.py --workloads cnn mlp regression --rounds 12

Every contender trains in a process of its own; they take turns, an epoch each (A B C, then C B A, …), so that
whatever else the machine does hits all alike. What counts is the ratio of the medians; the scores beside it show that
the same work was done. Not a test: it measures time, and a busy machine makes its numbers worthless.

The loop by hand is tuned: data in memory and gathered by index, channels last, relu after the pooling, one-pass
optimizer, no value read within an epoch, evaluation in large batches without gradients, freed memory kept.
"""

from __future__ import annotations

import argparse
import ctypes
import multiprocessing
import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection

THREADS = os.cpu_count() or 1
CONTENDERS = ("torch by hand", "lamina", "lamina, loss read at each batch")


@dataclass(frozen=True)
class Workload:
    """What is trained."""

    shape: tuple[int, ...]
    classes: int
    samples: int
    batch_size: int
    optimizer: str
    validation: float


WORKLOADS = {
    "cnn": Workload((28, 28, 1), 10, 6000, 32, "rmsprop", 0.1),
    "mlp": Workload((784,), 10, 20000, 128, "adam", 0.1),
    "regression": Workload((1,), 0, 2000, 1, "sgd", 0.0),
}

Scores = dict[str, float]
TrainEpoch = Callable[[], Scores]


def draw(work: Workload):
    """Samples that can be learned: noise around one pattern per class, or a line."""
    import numpy as np

    rng = np.random.default_rng(0)
    if not work.classes:
        x = rng.uniform(-1, 1, (work.samples, *work.shape)).astype("float32")
        return x, 2 * x - 1
    patterns = rng.normal(size=(work.classes, *work.shape))
    classes = rng.integers(0, work.classes, work.samples)
    x = patterns[classes] / 6 + rng.normal(0, 1, (work.samples, *work.shape))
    return x.astype("float32"), np.eye(work.classes, dtype="float32")[classes]


# --- lamina -------------------------------------------------------------------------------------------------------


def with_lamina(name: str, *, read_loss: bool) -> TrainEpoch:
    """An epoch by `fit`."""
    import lamina as keras

    work = WORKLOADS[name]
    keras.utils.set_random_seed(0)
    layers = {
        "cnn": lambda: [
            keras.layers.Conv2D(32, 3, activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Flatten(),
            keras.layers.Dense(128, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ],
        "mlp": lambda: [
            keras.layers.Dense(256, activation="relu"),
            keras.layers.Dense(256, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ],
        "regression": lambda: [keras.layers.Dense(1)],
    }[name]()
    model = keras.Sequential([keras.Input(work.shape), *layers])
    loss, metrics = ("categorical_crossentropy", ["accuracy"]) if work.classes else ("mse", [])
    model.compile(work.optimizer, loss, metrics=metrics)
    x, y = draw(work)

    class ReadLoss(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.loss = logs["loss"]

    callbacks = [ReadLoss()] if read_loss else []

    def train_epoch() -> Scores:
        history = model.fit(
            x, y, work.batch_size, verbose=0, callbacks=callbacks, validation_split=work.validation
        )
        return {key: values[-1] for key, values in history.history.items()}

    return train_epoch


# --- torch by hand ------------------------------------------------------------------------------------------------


def with_torch(name: str) -> TrainEpoch:
    """An epoch by hand."""
    import torch
    import torch.nn.functional as F
    from torch import nn

    class Cnn(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.hidden, self.out = (
                nn.Conv2d(1, 32, 3),
                nn.Linear(5408, 128),
                nn.Linear(128, 10),
            )

        def forward(self, x):
            x = F.relu(F.max_pool2d(self.conv(x), 2)).permute(0, 2, 3, 1).flatten(1)
            return self.out(F.relu(self.hidden(x)))

    libc = ctypes.CDLL(None)
    libc.mallopt(-3, 1 << 30)
    libc.mallopt(-1, (1 << 31) - 1)
    torch.manual_seed(0)
    work = WORKLOADS[name]
    x, y = map(torch.from_numpy, draw(work))
    if name == "cnn":
        model = Cnn().to(memory_format=torch.channels_last)
        x = x.permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)
    elif name == "mlp":
        model = nn.Sequential(
            nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 10)
        )
    else:
        model = nn.Linear(1, 1)
    for module in model.modules():
        if isinstance(module, (nn.Linear, nn.Conv2d)):
            nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.bias)
    weights = list(model.parameters())
    step = torch_optimizer(work.optimizer, weights)
    cut = int(work.samples * (1 - work.validation))
    loss_of = F.cross_entropy if work.classes else F.mse_loss

    def hits(predicted, target):
        return (predicted.argmax(1) == target.argmax(1)).sum() if work.classes else torch.zeros(())

    def train_epoch() -> Scores:
        model.train()
        total, right = torch.zeros(()), torch.zeros((), dtype=torch.long)
        for rows in torch.randperm(cut).split(work.batch_size):
            inputs, targets = x.index_select(0, rows), y.index_select(0, rows)
            predicted = model(inputs)
            loss = loss_of(predicted, targets)
            loss.backward()
            step()
            for weight in weights:
                weight.grad = None
            total += loss.detach() * len(rows)
            right = right + hits(predicted.detach(), targets)
        scores = {"loss": total.item() / cut, "accuracy": right.item() / cut}
        if cut < work.samples:
            model.eval()
            total, right = torch.zeros(()), torch.zeros((), dtype=torch.long)
            with torch.inference_mode():
                for inputs, targets in zip(x[cut:].split(512), y[cut:].split(512), strict=True):
                    predicted = model(inputs)
                    total = total + loss_of(predicted, targets) * len(inputs)
                    right = right + hits(predicted, targets)
            scores["val_loss"] = total.item() / (work.samples - cut)
            scores["val_accuracy"] = right.item() / (work.samples - cut)
        return scores

    return train_epoch


def torch_optimizer(name: str, weights) -> Callable[[], None]:
    """One pass over the weights; RMSprop is Adam without momentum and with the bias correction long past."""
    import torch

    if name == "sgd":
        return torch.optim.SGD(weights, lr=0.01, fused=True).step
    if name == "adam":
        return torch.optim.Adam(weights, lr=1e-3, eps=1e-7, fused=True).step
    means, squares = ([torch.zeros_like(w) for w in weights] for _ in range(2))
    steps = [torch.tensor(1e6)] * len(weights)

    def step() -> None:
        with torch.no_grad():
            torch._fused_adam_(
                weights, [w.grad for w in weights], means, squares, [], steps,
                lr=1e-3, beta1=0.0, beta2=0.9, weight_decay=0.0, eps=1e-7, amsgrad=False, maximize=False,
            )  # fmt: skip

    return step


# --- taking turns -------------------------------------------------------------------------------------------------


def contend(contender: str, workload: str, pipe: Connection) -> None:
    """The process of one contender: an epoch for each message, answered with its seconds and scores."""
    os.environ["OMP_NUM_THREADS"] = str(THREADS)
    import torch

    torch.set_num_threads(THREADS)
    if contender == "torch by hand":
        train_epoch = with_torch(workload)
    else:
        train_epoch = with_lamina(workload, read_loss="read" in contender)
    while pipe.recv():
        start = time.perf_counter()
        scores = train_epoch()
        pipe.send((time.perf_counter() - start, scores))


def measure(workload: str, rounds: int) -> dict[str, tuple[list[float], Scores]]:
    """Seconds of each epoch and the last scores, by contender; the first epoch of each warms up and is left out."""
    context = multiprocessing.get_context("spawn")
    pipes, processes = {}, []
    for contender in CONTENDERS:
        pipes[contender], theirs = context.Pipe()
        processes.append(
            context.Process(target=contend, args=(contender, workload, theirs), daemon=True)
        )
        processes[-1].start()
    seconds: dict[str, list[float]] = {contender: [] for contender in CONTENDERS}
    scores: dict[str, Scores] = {}
    for turn in range(rounds + 1):
        for contender in CONTENDERS if turn % 2 else CONTENDERS[::-1]:
            pipes[contender].send(True)
            taken, scores[contender] = pipes[contender].recv()
            if turn:
                seconds[contender].append(taken)
    for contender, process in zip(CONTENDERS, processes, strict=True):
        pipes[contender].send(False)
        process.join()
    return {contender: (seconds[contender], scores[contender]) for contender in CONTENDERS}


def report(workload: str, results: dict[str, tuple[list[float], Scores]]) -> None:
    """Print a table."""
    trained = int(WORKLOADS[workload].samples * (1 - WORKLOADS[workload].validation))
    reference = statistics.median(results[CONTENDERS[0]][0])
    print(f"\n{workload}: {WORKLOADS[workload]}")
    print(f"{'':34}{'samples/s (spread)':>28}{'ratio':>8}   scores")
    for contender, (seconds, scores) in results.items():
        median = statistics.median(seconds)
        speed = (
            f"{trained / median:,.0f} ({trained / max(seconds):,.0f}-{trained / min(seconds):,.0f})"
        )
        shown = "  ".join(f"{key} {value:.4f}" for key, value in sorted(scores.items()))
        print(f"{contender:34}{speed:>28}{reference / median:>8.2f}   {shown}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workloads", nargs="+", choices=WORKLOADS, default=["cnn"])
    parser.add_argument(
        "--rounds", type=int, default=10, help="epochs of each contender; 8 or more mean something"
    )
    arguments = parser.parse_args()
    print(
        f"Python {platform.python_version()}, {platform.machine()}, {THREADS} threads, load {os.getloadavg()[0]:.1f}"
    )
    for workload in arguments.workloads:
        report(workload, measure(workload, arguments.rounds))


if __name__ == "__main__":
    main()
