"""On a GPU as on the CPU: training, prediction, mixed precision and recurrent layers give the same numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import lamina
from lamina.training import sources

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device"),
]


def dense(**options: Any) -> lamina.Sequential:
    return lamina.Sequential(
        [
            lamina.Input((8,)),
            lamina.layers.Dense(16, activation="relu", **options),
            lamina.layers.Dense(3, activation="softmax"),
        ]
    )


def convolutional(**options: Any) -> lamina.Sequential:
    return lamina.Sequential(
        [
            lamina.Input((8, 8, 3)),
            lamina.layers.Conv2D(8, 3, activation="relu", **options),
            lamina.layers.BatchNormalization(**options),
            lamina.layers.MaxPooling2D(),
            lamina.layers.Flatten(),
            lamina.layers.Dense(3, activation="softmax"),
        ]
    )


def recurrent(kind: str) -> lamina.Sequential:
    layer = getattr(lamina.layers, kind)
    return lamina.Sequential(
        [
            lamina.Input((5, 4)),
            lamina.layers.Masking(),
            lamina.layers.Bidirectional(layer(6, return_sequences=True)),
            layer(6),
            lamina.layers.Dense(3, activation="softmax"),
        ]
    )


CASES = {
    "dense": dense,
    "convolutional": convolutional,
    "LSTM": lambda: recurrent("LSTM"),
    "GRU": lambda: recurrent("GRU"),
    "SimpleRNN": lambda: recurrent("SimpleRNN"),
}


def data_for(model: lamina.Model) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    random = np.random.default_rng(0)
    shape = (64, *model.inputs[0].shape[1:])
    return random.normal(size=shape).astype("float32"), random.integers(0, 3, 64)


def trained(build: Any, device: str, weights: list[Any]) -> tuple[lamina.Model, Any]:
    model = build()
    model.set_weights(weights)
    model.to_device(device)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    x, y = data_for(model)
    return model, model.fit(x, y, batch_size=16, epochs=3, shuffle=False, verbose=0)


@pytest.mark.parametrize("case", list(CASES))
def test_training_and_prediction_agree_with_the_cpu(case: str):
    weights = CASES[case]().get_weights()
    (cpu, slow), (gpu, fast) = (trained(CASES[case], d, weights) for d in ("cpu", "cuda"))
    assert gpu.device.type == "cuda"
    np.testing.assert_allclose(fast.history["loss"], slow.history["loss"], rtol=2e-3)
    x, y = data_for(cpu)
    np.testing.assert_allclose(
        gpu.predict(x, verbose=0), cpu.predict(x, verbose=0), rtol=1e-2, atol=1e-3
    )
    np.testing.assert_allclose(
        gpu.evaluate(x, y, verbose=0), cpu.evaluate(x, y, verbose=0), rtol=1e-2
    )


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize("build", [dense, convolutional])
def test_mixed_precision_learns_as_single_precision_does(build: Any, policy: str):
    weights = build().get_weights()
    _, single = trained(build, "cuda", weights)
    model, mixed = trained(lambda: build(dtype=policy), "cuda", weights)
    assert model.layers[0].compute_dtype == policy.removeprefix("mixed_")
    np.testing.assert_allclose(mixed.history["loss"], single.history["loss"], rtol=3e-2)


def test_a_model_comes_back_from_the_gpu(tmp_path: Any):
    model, _ = trained(dense, "cuda", dense().get_weights())
    model.save(tmp_path / "model.keras")
    again = lamina.models.load_model(tmp_path / "model.keras")
    for mine, other in zip(again.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, other)


def test_data_that_stays_on_the_host_trains_as_data_on_the_gpu(monkeypatch: Any):
    weights = convolutional().get_weights()
    _, on_device = trained(convolutional, "cuda", weights)
    monkeypatch.setattr(sources, "DEVICE_SHARE", 0.0)
    _, on_host = trained(convolutional, "cuda", weights)
    np.testing.assert_allclose(on_host.history["loss"], on_device.history["loss"], rtol=1e-3)
