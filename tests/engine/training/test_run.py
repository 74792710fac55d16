"""From documents to a fitted model."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest
import torch

import lamina
from lamina import run
from lamina.callbacks import Callback, NonFiniteLossError
from lamina.datasets import california_housing
from lamina.datasets.catalogue import DATASETS
from lamina.problems import GraphError
from lamina.training.encoding import encode_targets


def graph(units=3, activation="softmax", name="species"):
    return {
        "format": "lamina.graph", "version": 1, "name": "iris",
        "nodes": [
            {"id": "x", "type": "Input", "config": {"shape": [4]}, "inputs": []},
            {"id": "hidden", "type": "Dense", "config": {"units": 16, "activation": "relu"}, "inputs": [{"node": "x"}]},
            {"id": name, "type": "Dense", "config": {"units": units, "activation": activation}, "inputs": [{"node": "hidden"}]},
        ],
        "outputs": [{"node": name}], "blocks": [], "layout": {},
    }  # fmt: skip


def training(**changes):
    return {
        "dataset": {"id": "iris"}, "validation": {"split": 0.2}, "loss": "categorical_crossentropy",
        "metrics": ["accuracy"], "optimizer": {"type": "Adam", "config": {"learning_rate": 0.02}},
        "batch_size": 16, "epochs": 12, "seed": 3, **changes,
    }  # fmt: skip


def test_a_model_learns_and_is_scored():
    model = run.train(graph(), training())
    history = model.history.history
    assert list(history) == ["accuracy", "loss", "val_accuracy", "val_loss"]
    assert history["loss"][-1] < 0.5 * history["loss"][0]
    scores = run.evaluate(model, training(), "test")
    assert scores.n == DATASETS.get("iris").n_test
    assert scores.metrics["accuracy"] > 0.7


def test_the_scores_of_the_parts_are_those_of_training():
    model = run.train(graph(), training())
    validation = run.evaluate(model, training(), "validation")
    assert validation.loss == pytest.approx(model.history.history["val_loss"][-1], rel=1e-5)
    assert validation.n + run.evaluate(model, training(), "train").n == DATASETS.get("iris").n_train


def test_the_same_documents_give_the_same_bits():
    first, second = run.train(graph(), training(epochs=3)), run.train(graph(), training(epochs=3))
    assert first.history.history == second.history.history
    assert all(
        np.array_equal(a, b) for a, b in zip(first.get_weights(), second.get_weights(), strict=True)
    )
    other = run.train(graph(), training(epochs=3, seed=4))
    assert other.history.history != first.history.history


class SeesThreads(Callback):
    def on_train_batch_end(self, batch, logs=None):
        self.threads = torch.get_num_threads()


@pytest.mark.parametrize(("limit", "expected"), [(None, 1), (1, 2)])
def test_a_small_step_takes_one_thread_and_gives_the_others_back(monkeypatch, limit, expected):
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    if limit is not None:
        monkeypatch.setattr(run, "SMALL_STEP_MACS", limit)
    try:
        seen = SeesThreads()
        run.train(graph(), training(epochs=1), callbacks=[seen])
        assert (seen.threads, torch.get_num_threads()) == (expected, 2)
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("loss", "metrics"),
    [
        (
            "sparse_categorical_crossentropy",
            ["accuracy", {"type": "SparseTopKCategoricalAccuracy", "config": {"k": 2}}],
        ),
        ({"type": "CategoricalCrossentropy", "config": {"label_smoothing": 0.1}}, ["acc"]),
        ({"species": "crossentropy"}, {"species": ["accuracy"]}),
    ],
)
def test_losses_and_metrics_of_every_form(loss, metrics):
    model = run.train(graph(), training(loss=loss, metrics=metrics, epochs=2))
    assert len(model.history.history["loss"]) == 2


def test_one_hot_and_numbered_targets_train_alike():
    one_hot = run.train(graph(), training(epochs=3))
    numbered = run.train(graph(), training(epochs=3, loss="sparse_categorical_crossentropy"))
    assert one_hot.history.history["loss"] == pytest.approx(
        numbered.history.history["loss"], rel=1e-4
    )


class StopAfter(Callback):
    def __init__(self, steps):
        super().__init__()
        self.left = steps

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if self.left == 0:
            self.model.stop_training = True


def test_a_run_that_is_stopped_keeps_what_it_learned():
    model = run.train(graph(), training(), callbacks=[StopAfter(2)])
    assert model.stop_training
    assert model.optimizer.iterations == 2
    assert model.predict(np.zeros((1, 4), "float32"), verbose=0).shape == (1, 3)


def test_callbacks_of_the_document_act():
    stopping = {
        "type": "EarlyStopping",
        "config": {"monitor": "loss", "min_delta": 100.0, "patience": 1},
    }
    model = run.train(graph(), training(callbacks=[stopping]))
    assert len(model.history.epoch) == 2


def test_documents_with_problems_are_refused_with_all_of_them():
    with pytest.raises(GraphError) as raised:
        run.train(graph(units=4), training(epochs=0))
    assert {p.code for p in raised.value.problems} == {"class_count", "out_of_range"}


def test_a_loss_that_is_no_number_is_an_error_with_its_place():
    with pytest.raises(NonFiniteLossError, match="epoch"):
        run.train(
            graph(activation="linear"),
            training(
                loss="mse", metrics=[], optimizer={"type": "SGD", "config": {"learning_rate": 1e30}}
            ),
        )


def test_missing_data_is_downloaded_with_progress(monkeypatch):
    spec = DATASETS.get("iris")
    told, asked = [], []

    def download(self, progress, cancelled):
        progress(5, 10)
        asked.append(cancelled())

    monkeypatch.setattr(type(spec), "is_on_disk", lambda self: False)
    monkeypatch.setattr(type(spec), "download", download)
    run.train(
        graph(), training(epochs=1), on_download=lambda *n: told.append(n), cancelled=lambda: False
    )
    assert (told, asked) == ([(5, 10)], [False])


@pytest.mark.parametrize(
    ("kind", "units", "shape", "dtype"),
    [
        ("one_hot", 3, (150, 3), "float32"),
        ("index", 3, (150,), "int64"),
        ("value", 3, (150, 3), "float32"),
        ("value", 1, (150, 1), "float32"),
    ],
)
def test_class_targets_are_encoded_for_the_loss(kind, units, shape, dtype):
    y = np.arange(150) % 3
    encoded = encode_targets(y, DATASETS.get("iris"), kind, units)
    assert (encoded.shape, encoded.dtype) == (shape, dtype)


def test_the_trained_model_is_an_ordinary_one(tmp_path):
    model = run.train(graph(), training(epochs=1))
    model.save(tmp_path / "m.keras")
    again = lamina.saving.load_model(tmp_path / "m.keras")
    x = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")
    np.testing.assert_allclose(again.predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-6)


@pytest.fixture
def made_housing(tmp_path, monkeypatch):
    """California housing with made content, in the place and the form of the real file."""
    monkeypatch.setenv("LAMINA_DATASETS", str(tmp_path))
    random = np.random.default_rng(0)
    x = random.normal(50, [1, 2, 30, 400, 5, 6, 7, 8], (300, 8))
    np.savez(tmp_path / "made.npz", x=x, y=200_000 + 30_000 * (x[:, 0] - 50))
    content = (tmp_path / "made.npz").read_bytes()
    file = replace(
        california_housing.TABLE, size=len(content), sha256=hashlib.sha256(content).hexdigest()
    )
    storage = replace(california_housing.FILES, files=(file,), sources=())
    storage.folder.mkdir()
    (storage.folder / file.name).write_bytes(content)
    spec = replace(california_housing.SPEC, storage=storage)
    monkeypatch.setitem(DATASETS._entries, spec.id, spec)
    return spec


def test_a_table_of_values_is_standardized_and_learned(made_housing):
    document = graph(units=1, activation="linear", name="price")
    document["nodes"][0]["config"]["shape"] = [8]
    chosen = training(
        dataset={"id": made_housing.id}, loss="mean_squared_error", metrics=["mean_absolute_error"]
    )
    model = run.train(document, chosen)
    history = model.history.history
    assert history["val_loss"][-1] < 0.3 * history["val_loss"][0]
    scores = run.evaluate(model, chosen, "test")
    assert (scores.n, scores.metrics["mean_absolute_error"] < 0.3) == (60, True)


@pytest.mark.parametrize(
    ("layer", "config"), [("Normalization", {}), ("Discretization", {"num_bins": 4})]
)
def test_layers_behind_the_input_learn_from_the_training_data(layer, config):
    document = graph()
    document["nodes"].insert(
        1, {"id": "first", "type": layer, "config": config, "inputs": [{"node": "x"}]}
    )
    document["nodes"][2]["inputs"] = [{"node": "first"}]
    model = run.train(document, training(epochs=1))
    splits = DATASETS.get("iris").load()
    seen = splits.x_train[: int(len(splits.x_train) * 0.8)]
    expected = getattr(lamina.layers, layer)(**config)
    expected.adapt(seen)
    np.testing.assert_allclose(model.get_layer("first")(seen), expected(seen), rtol=1e-5)


def test_what_adapts_sees_the_data_as_they_reach_it():
    """Also behind other layers, and behind others that adapt; what is random does nothing then."""
    chain = [
        ("scaled", "Rescaling", {"scale": 3.0, "offset": 1.0}),
        ("noisy", "GaussianNoise", {"stddev": 9.0}),
        ("norm", "Normalization", {}),
        ("binned", "Discretization", {"num_bins": 4}),
        ("tokens", "IntegerLookup", {}),
        ("one", "Embedding", {"input_dim": 6, "output_dim": 2}),
        ("flat", "Flatten", {}),
    ]
    document, before = graph(), "x"
    for id_, type_, config in chain:
        document["nodes"].append(
            {"id": id_, "type": type_, "config": config, "inputs": [{"node": before}]}
        )
        before = id_
    document["nodes"][1]["inputs"] = [{"node": before}]
    model = run.train(document, training(epochs=1))
    spec = DATASETS.get("iris")
    x = spec.prepare(spec.load().x_train)
    seen = x[: int(len(x) * 0.8)]
    norm = lamina.layers.Normalization()
    norm.adapt(seen * 3 + 1)
    assert np.allclose(model.get_layer("norm").mean, norm.mean, rtol=1e-5)
    assert np.allclose(model.get_layer("norm").variance, norm.variance, rtol=1e-5)
    bins = lamina.layers.Discretization(num_bins=4)
    bins.adapt(norm(seen * 3 + 1).numpy())
    assert np.allclose(model.get_layer("binned").bin_boundaries, bins.bin_boundaries, rtol=1e-4)
    assert sorted(model.get_layer("tokens").get_vocabulary()[1:]) == [0, 1, 2, 3]
