"""Laws of memory, in bytes of live tensors: beside the loop by hand, and over many steps."""

import dataclasses
import gc
import itertools

import numpy as np
import pytest
import torch
from torch.profiler import ProfilerActivity, profile

import lamina
from benchmarks.contenders import CONTENDERS, Setting, torch_loop
from benchmarks.workloads import WORKLOADS, data

SLACK_BYTES = 64 << 10
"""For batches that are gathered together, and unused elements between weights: much only beside a tiny model."""


class Enough(Exception):
    """Ends a training of the benchmark."""


def peak_bytes(contender, workload, epochs=2):
    """Bytes of tensors that the training of a contender takes at most, beyond the raw data."""
    ended = itertools.count(1)

    def epoch_ended(scores):
        if next(ended) == epochs:
            raise Enough

    x, y = data(workload)
    gc.collect()
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
        training = CONTENDERS[contender].make(workload, Setting())
        training.load(x, y)
        with pytest.raises(Enough):
            training.train(epoch_ended)
    if contender == "lamina":
        assert training.model.trainer.captured_forms == 2  # whole batches and the last one
    events = seen.profiler.kineto_results.events()
    return max(itertools.accumulate(e.nbytes() for e in events if e.name() == "[memory]"))


@pytest.mark.parametrize(
    "name", ["cnn-32", "cnn-256", "mlp", "regression", "transformer", "residual", "mlp-accumulated"]
)
def test_training_takes_at_most_a_tenth_more_than_by_hand(name, monkeypatch):
    monkeypatch.setattr(torch_loop, "prepare_torch", lambda setting: None)
    monkeypatch.setattr(torch_loop, "keep_freed_memory", lambda: None)
    workload = WORKLOADS[name].sized("quick")
    batches = 4.5 / (
        1 - workload.validation
    )  # an update at least; the last batch of an epoch is short
    size = max(workload.batch_size, 2)
    workload = dataclasses.replace(
        workload, samples=int(batches * size), batch_size=size, planned=1000
    )
    by_hand, mine = (peak_bytes(contender, workload) for contender in ("tuned", "lamina"))
    assert mine <= 1.1 * by_hand + SLACK_BYTES


def live_bytes():
    """Bytes of all tensors there are."""
    gc.collect()
    storages = {}
    for thing in gc.get_objects():
        if issubclass(
            type(thing), torch.Tensor
        ):  # isinstance would ask some objects what they stand for
            storage = thing.untyped_storage()
            storages[storage.data_ptr()] = storage.nbytes()
    return sum(storages.values())


@pytest.mark.slow
@pytest.mark.parametrize("eager", [False, True], ids=["captured", "plain"])
def test_ten_thousand_steps_leave_no_tensors_behind(eager):
    model = lamina.Sequential(
        [
            lamina.Input((8,)),
            lamina.layers.Dense(8, activation="relu"),
            lamina.layers.BatchNormalization(),
            lamina.layers.Dropout(0.1),
            lamina.layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(
        "adam",
        "sparse_categorical_crossentropy",
        metrics=["accuracy", "sparse_top_k_categorical_accuracy"],
        run_eagerly=eager,
    )
    random = np.random.default_rng(0)
    x, y = random.normal(size=(2002, 8)).astype("float32"), random.integers(0, 3, 2002)
    seen = []

    class Watches(lamina.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.loss = logs["loss"]

        def on_epoch_end(self, epoch, logs=None):
            seen.append((live_bytes(), len(gc.get_objects())))

    model.fit(
        x, y, batch_size=2, epochs=10, verbose=0, validation_split=0.05, callbacks=[Watches()]
    )
    assert model.optimizer.iterations >= 9_500
    assert model.trainer.captured_forms == (0 if eager else 2)
    (bytes_before, objects_before), (bytes_after, objects_after) = seen[1], seen[-1]
    assert bytes_after <= bytes_before
    assert objects_after - objects_before < 1000  # the history grows by a few numbers an epoch
