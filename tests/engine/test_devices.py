"""One script for any machine: where there is a second device, weights and tensors are there and nothing else differs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import lamina
from lamina import devices, layers, ops
from tests.engine.twin_device import TWIN, twin_device

RANDOM = np.random.default_rng(0)
ROWS = 48


@pytest.fixture
def no_choice(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What the environment says is read anew."""
    for variable in devices.VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    devices._found.cache_clear()
    yield
    devices._found.cache_clear()


@pytest.mark.usefixtures("no_choice")
def test_the_machine_decides_when_nobody_else_does():
    expected = "cuda" if torch.cuda.is_available() else "cpu"
    assert lamina.config.default_device().type == expected


@pytest.mark.usefixtures("no_choice")
@pytest.mark.parametrize("variable", devices.VARIABLES)
def test_the_environment_may_name_it(monkeypatch: pytest.MonkeyPatch, variable: str):
    monkeypatch.setenv(variable, "cpu:0")
    assert lamina.config.default_device() == torch.device("cpu:0")


@pytest.mark.usefixtures("no_choice")
def test_a_device_that_the_environment_names_in_vain_is_an_error(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LAMINA_DEVICE", "cuda:99")
    with pytest.raises(
        lamina.errors.ConfigError, match=r'LAMINA_DEVICE=cuda:99.*no device "cuda:99"'
    ):
        layers.Dense(2).build((None, 3))


@pytest.mark.parametrize("name", ["cuda:99", "tpu", "meta", "", "gpu:x"])
def test_a_device_that_is_not_there_is_an_error(name: str):
    with pytest.raises(lamina.errors.ConfigError, match="This machine has no device"):
        lamina.config.set_default_device(name)
    scope = lamina.device(name)
    with pytest.raises(lamina.errors.ConfigError, match="This machine has no device"):
        scope.__enter__()


def test_a_scope_goes_before_the_setting():
    lamina.config.set_default_device("cpu")
    try:
        with lamina.device("CPU:0"):
            assert lamina.config.default_device() == torch.device("cpu:0")
        assert lamina.config.default_device() == torch.device("cpu")
    finally:
        lamina.config.set_default_device(None)


def dense() -> lamina.Model:
    return lamina.Sequential(
        [
            lamina.Input((8,)),
            layers.Normalization(mean=0.5, variance=2.0),
            layers.Dense(6, activation="relu", kernel_regularizer="l2"),
            layers.BatchNormalization(),
            layers.LayerNormalization(),
            layers.Dense(3, activation="softmax"),
        ]
    )


def convolutional() -> lamina.Model:
    return lamina.Sequential(
        [
            lamina.Input((8, 8, 3)),
            layers.Rescaling(0.5),
            layers.Conv2D(4, 3, padding="same", activation="relu"),
            layers.SeparableConv2D(4, 3),
            layers.GroupNormalization(2),
            layers.MaxPooling2D(),
            layers.UpSampling2D(),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3, activation="softmax"),
        ]
    )


def recurrent() -> lamina.Model:
    return lamina.Sequential(
        [
            lamina.Input((5, 4)),
            layers.Masking(),
            layers.Bidirectional(layers.LSTM(3, return_sequences=True)),
            layers.GRU(4, return_sequences=True),
            layers.RNN(layers.SimpleRNNCell(4), return_sequences=True),
            layers.SimpleRNN(3),
            layers.Dense(3, activation="softmax"),
        ]
    )


def attentive() -> lamina.Model:
    tokens = lamina.Input((6,), dtype="int32")
    x = layers.Embedding(20, 8, mask_zero=True)(tokens)
    places = ops.arange(6, dtype="float32")
    x = x + ops.expand_dims(ops.sin(places), -1)
    x = layers.MultiHeadAttention(2, 4)(x, x, use_causal_mask=True)
    x = layers.GlobalAveragePooling1D()(x)
    return lamina.Model(tokens, layers.Dense(3, activation="softmax")(x))


class Own(lamina.Model):
    """Layers and a step of a user's own."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = layers.Dense(6, activation="tanh")
        self.last = layers.Dense(3, activation="softmax")
        self.seen = lamina.metrics.Mean(name="seen")

    def build(self, input_shape: Any) -> None:
        self.offset = self.add_weight((6,), "zeros", name="offset")
        self.factor = lamina.Variable(np.ones(6, "float32"), name="factor")
        super().build(input_shape)

    def call(self, x: Any) -> Any:
        mask = ops.cast(ops.arange(6) < 5, "float32")
        hidden = ops.where(mask > 0, self.inner(x), ops.zeros((6,)))
        return self.last(hidden * self.factor + self.offset + ops.convert_to_tensor([0.1] * 6))

    def train_step(self, data: Any) -> dict[str, Any]:
        x, y = data
        self.zero_grad()
        loss = ops.mean(self.compute_loss(x, y, self(x, training=True)))
        loss.backward()
        weights = self.trainable_weights
        self.optimizer.apply([weight.value.grad for weight in weights], weights)
        self.seen.update_state(loss)
        return {"loss": self.seen.result()}


def own() -> lamina.Model:
    model = Own()
    model(np.zeros((2, 8), "float32"))
    return model


MODELS: dict[str, tuple[Callable[[], lamina.Model], tuple[int, ...]]] = {
    "dense": (dense, (8,)),
    "convolutional": (convolutional, (8, 8, 3)),
    "recurrent": (recurrent, (5, 4)),
    "attentive": (attentive, (6,)),
    "own": (own, (8,)),
}
OPTIMIZERS = [
    "sgd", "adam", "adamw", "rmsprop", "adagrad", "adadelta", "adamax", "nadam", "ftrl", "lion", "adafactor", "lamb",
    "muon",
]  # fmt: skip


def data_for(shape: tuple[int, ...]) -> tuple[Any, Any]:
    if len(shape) == 1 and shape[0] == 6:
        return RANDOM.integers(0, 20, (ROWS, *shape)), RANDOM.integers(0, 3, ROWS)
    return RANDOM.normal(size=(ROWS, *shape)).astype("float32"), RANDOM.integers(0, 3, ROWS)


def script(build: Callable[[], lamina.Model], x: Any, y: Any, optimizer: Any = "adam") -> Any:
    """What a script does that names no device."""
    lamina.utils.clear_session()
    lamina.utils.set_random_seed(3)
    model = build()
    model.compile(
        optimizer, "sparse_categorical_crossentropy", metrics=["accuracy", lamina.metrics.SparseTopKCategoricalAccuracy(2)]
    )  # fmt: skip
    history = model.fit(x, y, batch_size=16, epochs=2, verbose=0, validation_split=0.25)
    return model, history.history, model.predict(x, verbose=0), model.evaluate(x, y, verbose=0)


@pytest.mark.parametrize("name", MODELS)
def test_a_script_does_the_same_on_another_device(name: str, tmp_path: Path):
    build, shape = MODELS[name]
    x, y = data_for(shape)
    with lamina.device("cpu"):
        _, there_history, there_predicted, there_scores = script(build, x, y)
    with twin_device():
        model, history, predicted, scores = script(build, x, y)
        assert {weight.value.device for weight in model.weights} == {TWIN}
        assert {buffer.device for buffer in model.buffers()} <= {TWIN}
        assert model.device == TWIN
        if name != "own":
            model.save(tmp_path / "model.keras")
            again = lamina.models.load_model(tmp_path / "model.keras")
            assert again.device == TWIN
            np.testing.assert_allclose(again.predict(x, verbose=0), predicted, rtol=1e-5, atol=1e-6)
    assert type(predicted) is np.ndarray
    assert set(history) == set(there_history)
    for key, values in history.items():
        np.testing.assert_allclose(values, there_history[key], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(predicted, there_predicted, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(scores, there_scores, rtol=1e-4)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_what_an_optimizer_remembers_is_where_the_weights_are(optimizer: str):
    x, y = data_for((8,))
    with lamina.device("cpu"):
        _, there, _, _ = script(dense, x, y, optimizer)
    with twin_device():
        model, here, _, _ = script(dense, x, y, optimizer)
        held = [v.value for v in model.optimizer.variables if v.value.dim()]
        assert {tensor.device for tensor in held} <= {TWIN}
    np.testing.assert_allclose(here["loss"], there["loss"], rtol=1e-4)


@pytest.mark.parametrize("name", [name for name in MODELS if name != "own"])
def test_a_step_waits_for_nothing(name: str):
    build, shape = MODELS[name]
    x, y = data_for(shape)
    with twin_device() as copies:
        model = build()
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        counted: list[int] = []

        class Counting(lamina.callbacks.Callback):
            def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
                counted.append(-len(copies))

            def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
                counted[-1] += len(copies)

        model.fit(x, y, batch_size=8, epochs=1, verbose=0, callbacks=[Counting()])
        few = counted[0]
        model.fit(x, y, batch_size=2, epochs=1, verbose=0, callbacks=[Counting()])
    assert counted[1] == few, copies


def test_ops_make_tensors_there():
    with twin_device():
        made = {
            "zeros": ops.zeros((2,)), "ones": ops.ones((2,)), "full": ops.full((2,), 3.0), "eye": ops.eye(2),
            "arange": ops.arange(3), "linspace": ops.linspace(0.0, 1.0, 3), "identity": ops.identity(2),
            "array": ops.array([1.0]), "number": ops.convert_to_tensor(2.0), "hanning": ops.hanning(5),
            "uniform": lamina.random.uniform((2,)), "normal": lamina.random.normal((2,), seed=3),
            "truncated": lamina.random.truncated_normal((2,)), "integers": lamina.random.randint((2,), 0, 5),
            "gamma": lamina.random.gamma((2,), 2.0), "beta": lamina.random.beta((2,), 2.0, 1.0),
            "binomial": lamina.random.binomial((2,), 3.0, 0.5), "mixed": ops.add(np.ones(2), [1.0, 2.0]),
        }  # fmt: skip
        assert {name for name, x in made.items() if x.device != TWIN} == set()
        assert ops.add(torch.ones(2), ops.ones(2)).device == TWIN
        assert type(ops.convert_to_numpy(ops.ones(2))) is np.ndarray


def test_the_same_seed_gives_the_same_numbers_there():
    here = lamina.random.normal((4,), seed=5)
    with twin_device():
        there = lamina.random.normal((4,), seed=5)
        np.testing.assert_array_equal(ops.convert_to_numpy(there), here.numpy())


def test_a_layer_takes_what_torch_made_elsewhere():
    with twin_device():
        layer = layers.Dense(2)
        assert layer(torch.ones(3, 4)).device == TWIN
        assert layer(np.ones((3, 4))).device == TWIN
        masked = layers.LSTM(2)
        assert masked(torch.ones(3, 4, 2), mask=torch.ones(3, 4, dtype=torch.bool)).device == TWIN


def test_text_goes_in_and_numbers_come_out_there():
    with twin_device():
        words = layers.TextVectorization(output_sequence_length=4, vocabulary=["a", "b"])
        model = lamina.Sequential([lamina.Input((), dtype="string"), words, layers.Embedding(6, 3)])
        assert model.predict(np.array(["a b c", "b"]), verbose=0).shape == (2, 4, 3)


def test_metrics_and_losses_of_arrays():
    with twin_device():
        metric = lamina.metrics.AUC()
        metric.update_state(np.array([0, 1, 1]), np.array([0.2, 0.4, 0.8]))
        assert float(metric.result()) == pytest.approx(1.0)
        assert lamina.losses.MeanSquaredError()(np.ones((2, 2)), ops.ones((2, 2))).device == TWIN


def test_the_twin_refuses_what_a_gpu_refuses():
    with twin_device() as copies:
        there = torch.ones(3, device=TWIN)
        with pytest.raises(RuntimeError, match="same device"):
            there + torch.ones(3)
        with pytest.raises(RuntimeError, match="generator"):
            torch.rand(3, device=TWIN, generator=torch.Generator())
        assert copies == []
        assert (there + torch.tensor(1.0)).tolist() == [2.0, 2.0, 2.0]
        assert copies
