"""Functional models whose calls are more than tensors one after the other, both ways between real Keras and us."""

import keras
import numpy as np
import pytest

import lamina

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(3, 6, 4)).astype("float32")
STATES = [RANDOM.normal(size=(3, 5)).astype("float32") for _ in range(2)]
LIBRARIES = {"ours": lamina, "keras": keras}


def with_states(lib):
    x, h, c = lib.Input((6, 4)), lib.Input((5,)), lib.Input((5,))
    y, *states = lib.layers.LSTM(5, return_sequences=True, return_state=True)(
        x, initial_state=[h, c]
    )
    z = lib.layers.GRU(5)(y, initial_state=states[0])
    return lib.Model([x, h, c], [y, *states, z])


def translator(lib):
    """Encoder and decoder as in the guide on sequences to sequences."""
    x = lib.Input((6, 4), name="x")
    y = lib.Input((6, 4), name="y")
    _, *states = lib.layers.LSTM(5, return_state=True, name="encoder")(x)
    decoded, *_ = lib.layers.LSTM(5, return_sequences=True, return_state=True, name="decoder")(
        y, initial_state=states
    )
    return lib.Model([x, y], lib.layers.Dense(3, activation="softmax")(decoded))


def recurrent(lib):
    layers = lib.layers
    x = lib.Input((6, 4))
    cells = [layers.LSTMCell(3), layers.GRUCell(4, kernel_initializer="he_normal")]
    y = layers.RNN(cells, return_sequences=True, name="r")(x)
    y = layers.Bidirectional(layers.GRU(3, return_sequences=True), merge_mode="mul")(y)
    y = layers.TimeDistributed(layers.Dense(4, activation="relu", kernel_regularizer="l2"))(y)
    a, *states = layers.Bidirectional(layers.LSTM(2, return_state=True))(y)
    b = layers.RNN(layers.SimpleRNNCell(3), go_backwards=True)(y)
    return lib.Model(x, [a, *states, b])


def masked(lib):
    x = lib.Input((6, 4))
    mask = lib.ops.sum(x, axis=-1) > 0.5
    y = lib.layers.LSTM(3, return_sequences=True)(x, mask=mask)
    return lib.Model(x, lib.layers.GRU(2)(lib.layers.Masking(0.0)(y)))


def operators(lib):
    ops = lib.ops
    x = lib.Input((6, 4))
    y = (x[:, 1:, None, ::2] * 2.5 - np.arange(2, dtype="float32"))[..., 0, :]
    y = ops.concatenate([y, -(y**2) / 3], axis=-1)
    y = ops.where(y > 0, y, 0.1 * y) + ops.mean(x, axis=1, keepdims=True)
    y = ops.concatenate([y, x[:, :1] // 0.5], axis=1)
    y = ops.einsum("btf,bsf->bts", y, x) @ x
    y = ops.softmax(ops.clip(y, -1.0, 1.0), axis=-1)
    y = 1 - ops.expand_dims(ops.max(y, axis=1), 1)
    parts = ops.split(ops.transpose(y, (0, 2, 1)), 2, axis=1)
    y = ops.stack([ops.relu(parts[0]), ops.squeeze(parts[1][..., None], axis=-1)], axis=-1)
    y = ops.reshape(ops.pad(y, [[0, 0], [1, 0], [0, 0], [0, 0]]), (-1, 6))
    y = ops.average(y, axis=-1, weights=np.arange(6, dtype="float32")) + ops.logsumexp(y, axis=1)
    return lib.Model(x, [y, ops.cast(ops.argmax(x, axis=-1), "float32")])


def residual(lib):
    x = lib.Input((6, 4))
    shared = lib.layers.Dense(4)
    y = shared(x) + x
    return lib.Model(x, shared(y) * lib.ops.sigmoid(y))


def attention(lib):
    x = lib.Input((6, 4))
    y = lib.layers.MultiHeadAttention(2, 3)(x, x)
    return lib.Model(x, lib.layers.MultiHeadAttention(2, 3)(y, x, x + y))


def models_inside(lib):
    a, b = lib.Input((6, 4)), lib.Input((6, 4))
    inner = lib.Model([a, b], [lib.layers.Dense(3)(a + b), a * b])
    x = lib.Input((6, 4))
    first = lib.layers.Dense(4)(x)
    one, two = inner([x, first])
    z = lib.Input((6, 4))
    last = lib.Model(z, lib.layers.Dense(2)(z))
    return lib.Model(x, [one, last(two)])


def named(lib):
    a, b = lib.Input((6, 4), name="a"), lib.Input((6, 4), name="b")
    out = {"sum": lib.layers.Dense(2)(a + b), "first": lib.layers.Dense(1)(a)}
    return lib.Model({"a": a, "b": b}, out)


CASES = {
    f.__name__: f
    for f in (
        with_states, translator, recurrent, masked, operators, residual, attention, models_inside, named,
    )
}  # fmt: skip


def inputs_of(case):
    several = {"with_states": [X, *STATES], "translator": [X, X[::-1].copy()]}
    return {"named": {"a": X, "b": X * 2}}.get(case) or several.get(case, X)


def shaken(model):
    random = np.random.default_rng(3)
    model.set_weights([random.uniform(-0.6, 0.6, w.shape) for w in model.get_weights()])
    return model


def outputs(model, x):
    found = model(x)
    found = [found[key] for key in sorted(found)] if isinstance(found, dict) else found
    found = found if isinstance(found, (list, tuple)) else [found]
    return [y.detach().cpu().numpy() for y in found]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(
    ("writes", "reads"), [("ours", "ours"), ("ours", "keras"), ("keras", "ours")]
)
def test_calls_travel(case, writes, reads, tmp_path):
    model = shaken(CASES[case](LIBRARIES[writes]))
    model.save(tmp_path / "model.keras")
    again = LIBRARIES[reads].saving.load_model(tmp_path / "model.keras")
    x = inputs_of(case)
    for a, b in zip(outputs(model, x), outputs(again, x), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
    assert [w.shape for w in again.weights] == [w.shape for w in model.weights]


@pytest.mark.parametrize("case", ["recurrent", "operators", "models_inside"])
@pytest.mark.parametrize(("writes", "reads"), [("ours", "keras"), ("keras", "ours")])
def test_json_of_calls_travels(case, writes, reads):
    model = shaken(CASES[case](LIBRARIES[writes]))
    again = LIBRARIES[reads].models.model_from_json(model.to_json())
    again.set_weights(model.get_weights())
    for a, b in zip(outputs(model, X), outputs(again, X), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
