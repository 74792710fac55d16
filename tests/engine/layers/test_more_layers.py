"""Layers that are more than a map of tensors: around another layer, around a torch module, in two directions."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import torch
from torch import nn

import lamina
from lamina import layers
from lamina.calls import mask_of
from lamina.errors import ConfigError, NotSupportedError, ShapeError
from lamina.saving_registry import register_keras_serializable, without_registration

CLOSE = {"rtol": 1e-5, "atol": 1e-6}


def inner(api: Any, kind: str) -> tuple[Any, tuple[int, ...]]:
    return {
        "Dense": (api.layers.Dense(3), (4,)),
        "Conv2D": (api.layers.Conv2D(3, 2), (5, 5, 2)),
        "Embedding": (api.layers.Embedding(6, 3), (4,)),
    }[kind]


@pytest.mark.parametrize("kind", ["Dense", "Conv2D", "Embedding"])
@pytest.mark.parametrize("iterations", [1, 3])
def test_spectral_normalization_equals_keras(kind: str, iterations: int) -> None:
    random = np.random.default_rng(3)
    found = []
    for api in (keras, lamina):
        layer, shape = inner(api, kind)
        layer = api.layers.SpectralNormalization(layer, power_iterations=iterations)
        layer.build((None, *shape))
        found.append(layer)
    theirs, ours = found
    assert [tuple(w.shape) for w in ours.weights] == [tuple(w.shape) for w in theirs.weights]
    assert [w.trainable for w in ours.weights] == [w.trainable for w in theirs.weights]
    weights = [random.normal(size=w.shape).astype("float32") for w in theirs.weights]
    x = random.normal(size=(2, *shape)).astype("float32")
    x = random.integers(0, 6, (2, *shape)).astype("float32") if kind == "Embedding" else x
    for layer in found:
        layer.set_weights(weights)
    for training in (False, True, True, False):
        expected = theirs(torch.tensor(x), training=training)
        got = ours(x, training=training)
        torch.testing.assert_close(got.detach(), expected.detach().contiguous(), **CLOSE)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, **CLOSE)


def test_spectral_normalization_trains_and_is_configured() -> None:
    layer = layers.SpectralNormalization(layers.Dense(2), power_iterations=2)
    model = lamina.Sequential([lamina.Input((3,)), layer])
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.fit(np.ones((8, 3)), np.ones((8, 2)), epochs=2, verbose=0)
    assert all(not np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    again = layers.SpectralNormalization.from_config(layer.get_config())
    assert (again.power_iterations, again.layer.units) == (2, 2)
    zeros = layers.SpectralNormalization(layers.Dense(2, kernel_initializer="zeros"))
    assert not zeros(np.ones((1, 3)), training=True).any()
    with pytest.raises(ConfigError, match="greater than zero, got 0"):
        layers.SpectralNormalization(layers.Dense(2), 0)
    with pytest.raises(ConfigError, match="kernel or embeddings, got ReLU"):
        layers.SpectralNormalization(layers.ReLU())(np.ones((1, 3)))
    with pytest.raises(ConfigError, match="needs a layer, got int"):
        layers.Wrapper(3)


def test_a_wrapper_of_ones_own_has_all_weights_of_what_it_wraps() -> None:
    class Twice(layers.Wrapper):
        def build(self, input_shape: Any = None) -> None:
            super().build(input_shape)
            self.kernel = self.layer.kernel

        def call(self, inputs: Any) -> Any:
            return self.layer(inputs) * 2

    layer = Twice(layers.Dense(2))
    x = np.ones((1, 3), "float32")
    torch.testing.assert_close(layer(x), layer.layer(x) * 2)
    assert [w.name for w in layer.weights] == ["kernel", "bias"]
    assert issubclass(layers.TimeDistributed, layers.Wrapper)


def test_activity_regularization_adds_to_the_loss() -> None:
    x, y = np.arange(12.0).reshape(4, 3), np.zeros((4, 3))
    losses = []
    for api in (lamina, keras):
        model = api.Sequential([api.Input((3,)), api.layers.ActivityRegularization(0.1, 0.02)])
        model.compile("sgd", "mse")
        losses.append(model.evaluate(x, y, verbose=0))
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)
    layer = layers.ActivityRegularization(l1=0.5)
    assert "activity_regularizer" not in layer.get_config()
    layer(np.full((2, 2), -1.0))
    assert float(layer.losses[0]) == pytest.approx(1.0)


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("cap", [None, 0.3])
def test_a_reversible_embedding_goes_both_ways(tied: bool, cap: float | None) -> None:
    config = {"tie_weights": tied, "logit_soft_cap": cap, "mask_zero": True}
    found = []
    for api in (keras, lamina):
        tokens = api.Input((4,), dtype="int32")
        layer = api.layers.ReversibleEmbedding(6, 3, **config)
        h = layer(tokens)
        assert h.shape == (None, 4, 3)
        logits = layer(api.layers.LSTM(3, return_sequences=True)(h), reverse=True)
        assert logits.shape == (None, 4, 6)
        found.append(api.Model(tokens, logits))
    theirs, ours = found
    theirs.set_weights(ours.get_weights())
    x = np.array([[1, 2, 0, 0], [3, 4, 5, 0]], "int32")
    np.testing.assert_allclose(
        ours.predict(x, verbose=0), theirs.predict(x, verbose=0), rtol=1e-4, atol=1e-5
    )
    layer = layers.ReversibleEmbedding(6, 3, reverse_dtype="bfloat16", mask_zero=True)
    vectors = layer(x)
    assert mask_of(vectors).tolist() == (x != 0).tolist()
    logits = layer(vectors, reverse=True)
    assert logits.dtype == torch.bfloat16
    assert mask_of(logits) is None or mask_of(logits).dim() == 2
    with pytest.raises(ShapeError, match="vectors of 3 into logits"):
        layers.ReversibleEmbedding(6, 3)(lamina.Input((4, 2)), reverse=True)


# --- modules of torch ---------------------------------------------------------------------------------------------


class Net(nn.Module):
    def __init__(self, units: int = 4) -> None:
        super().__init__()
        self.units = units
        self.scale = nn.Parameter(torch.ones(units))
        self.linear = nn.Linear(3, units)
        self.norm = nn.BatchNorm1d(units)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.norm(self.linear(x)) * self.scale

    def get_config(self) -> dict[str, Any]:
        return {"units": self.units}


def test_a_torch_module_trains_freezes_and_lists_its_weights() -> None:
    net = Net()
    layer = layers.TorchModuleWrapper(net)
    names = [*dict(net.named_parameters()), *dict(net.named_buffers())]
    assert [w.name for w in layer.weights] == names
    theirs = keras.layers.TorchModuleWrapper(Net())
    assert [tuple(w.shape) for w in theirs.weights] == [w.shape for w in layer.trainable_weights]
    x = np.random.default_rng(0).normal(size=(16, 3)).astype("float32")
    model = lamina.Sequential([lamina.Input((3,)), layer, layers.Dense(1)])
    assert model.layers[0].output.shape == (None, 4)
    model.compile("sgd", "mse")
    before = [p.detach().clone() for p in net.parameters()]
    model.fit(x, x[:, :1], epochs=2, verbose=0)
    names = [name for name, _ in net.named_parameters()]
    moved = dict(zip(names, zip(before, net.parameters(), strict=True), strict=True))
    del moved["linear.bias"]  # normalization takes it away again
    assert all(not a.equal(b) for a, b in moved.values())
    model.predict(x, verbose=0)
    layer.trainable = False
    assert layer.trainable_weights == []
    model.compile("sgd", "mse")
    before = [p.detach().clone() for p in net.parameters()]
    model.fit(x, x[:, :1], epochs=1, verbose=0)
    assert all(a.equal(b) for a, b in zip(before, net.parameters(), strict=True))
    assert layers.TorchModule is layers.TorchModuleWrapper
    assert "TorchModuleWrapper" not in lamina.layers.LAYERS


def test_dropout_of_a_module_follows_the_call() -> None:
    layer = layers.TorchModuleWrapper(nn.Dropout(0.5))
    x = np.ones((4, 50), "float32")
    assert layer(x).equal(torch.ones(4, 50))
    assert (layer(x, training=True) == 0).any()


def test_a_module_of_a_registered_class_is_configured(tmp_path: Any) -> None:
    with without_registration():
        layer = layers.TorchModuleWrapper(Net(5), output_shape=(None, 5))
        register_keras_serializable("test")(Net)
        again = layers.TorchModuleWrapper.from_config(layer.get_config())
        assert again.module.units == 5
        model = lamina.Sequential([lamina.Input((3,)), layer])
        model.save_weights(tmp_path / "w.weights.h5")
        other = lamina.Sequential([lamina.Input((3,)), again])
        other.load_weights(tmp_path / "w.weights.h5")
        x = np.ones((2, 3), "float32")
        np.testing.assert_array_equal(model.predict(x, verbose=0), other.predict(x, verbose=0))
    with pytest.raises(NotSupportedError, match="has no get_config"):
        layers.TorchModuleWrapper(nn.Linear(2, 2)).get_config()
    with pytest.raises(NotSupportedError, match="pickled torch module"):
        layers.TorchModuleWrapper.from_config({"module": "UEsDBA=="})
    with pytest.raises(ConfigError, match=r"torch\.nn\.Module, got int"):
        layers.TorchModuleWrapper(3)
    with pytest.raises(ConfigError, match="without a shape"):
        layers.TorchModuleWrapper(nn.LazyLinear(2))


# --- what a layer of one's own asks of its input ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "shape", "said"),
    [
        ({"ndim": 3}, (2, 4), "expected ndim=3, found ndim=2"),
        ({"min_ndim": 3}, (2, 4), "expected min_ndim=3"),
        ({"max_ndim": 1}, (2, 4), "expected max_ndim=1"),
        ({"axes": {-1: 3}}, (2, 4), "expected axis -1 of input shape to have value 3"),
        ({"shape": (None, 3)}, (2, 4), "expected shape="),
        ({"dtype": "int32"}, (2, 4), "expected dtype=int32, found dtype=float32"),
    ],
)
def test_input_spec_is_looked_at_as_in_keras(spec: Any, shape: Any, said: str) -> None:
    for api in (keras, lamina):

        class Same(api.layers.Layer):
            def __init__(self) -> None:
                super().__init__()
                self.input_spec = api.layers.InputSpec(**spec)  # noqa: B023

            def call(self, x: Any) -> Any:
                return x

        for x in (
            torch.ones(shape),
            api.Input(batch_shape=shape) if api is keras else api.Input(shape[1:]),
        ):
            with pytest.raises(ValueError, match=said):
                Same()(x)
    fitting = lamina.InputSpec(ndim=2, axes={-1: 4})
    assert repr(fitting) == repr(keras.InputSpec(ndim=2, axes={-1: 4}))
    assert fitting.get_config() == keras.InputSpec(ndim=2, axes={-1: 4}).get_config()
    with pytest.raises(ConfigError, match="greater than the maximum"):
        lamina.InputSpec(ndim=2, axes={2: 4})


def test_input_spec_of_several_inputs() -> None:
    class Sum(lamina.Layer):
        def call(self, inputs: Any) -> Any:
            return sum(inputs.values()) if isinstance(inputs, dict) else sum(inputs)

    layer = Sum()
    layer.input_spec = [lamina.InputSpec(ndim=2, name="a"), lamina.InputSpec(ndim=2, name="b")]
    x = np.ones((2, 3), "float32")
    layer([x, x])
    layer({"b": x, "a": x})
    with pytest.raises(ShapeError, match=r"expects 2 input\(s\), but it received 1"):
        layer([x])
    with pytest.raises(ShapeError, match='Missing data for input "b"'):
        layer({"a": x})


@pytest.mark.parametrize(
    ("make", "x"),
    [
        (lambda api: api.layers.CategoryEncoding(4, output_mode="multi_hot"), [[0, 1], [2, 3]]),
        (lambda api: api.layers.CategoryEncoding(4, output_mode="one_hot"), [3, 0]),
        (lambda api: api.layers.Discretization(bin_boundaries=[0.0, 1.0]), [[-1.0, 0.5, 3.0]]),
        (lambda api: api.layers.Normalization(mean=[1.0, 2.0], variance=[1.0, 4.0]), [[1.0, 3.0]]),
    ],
)
def test_numbers_in_lists_are_one_tensor(make: Any, x: Any) -> None:
    theirs = make(keras)(np.array(x))
    np.testing.assert_allclose(make(lamina)(x), theirs, **CLOSE)


@pytest.mark.parametrize(
    "equation",
    ["ab...c,cd->ab...d", "a...b,bc->a...c", "...ab,bc->a...c", "ab,bc...->ac", "a...,b->b..."],
)
def test_an_equation_with_dots_inside_is_refused_as_in_keras(equation: str) -> None:
    with pytest.raises(ValueError, match="einsum equation"):
        keras.layers.EinsumDense(equation, (None, 3)).build((2, 3, 4))
    with pytest.raises(ConfigError, match=r"\.\.\. at one end of input and output alone") as caught:
        layers.EinsumDense(equation, (None, 3))
    assert caught.value.field == "equation"


@pytest.mark.parametrize("needs_gradient", [False, True])
@pytest.mark.parametrize("options", [{}, {"scale": False}, {"center": False}])
def test_group_normalization_gives_gradients_of_its_weights_alone(
    needs_gradient: bool, options: dict[str, bool]
) -> None:
    """torch's kernel ends the process when nothing asks for the gradient of images."""
    layer = layers.GroupNormalization(2, **options)
    layer.build((None, 8, 8, 4))
    x = torch.randn(2, 8, 8, 4, requires_grad=needs_gradient)
    direction = torch.randn(2, 8, 8, 4)
    weights = [w.value for w in layer.weights]
    found = torch.autograd.grad((layer(x) * direction).sum(), weights)
    other = layers.GroupNormalization(2, axis=1, **options)
    other.build((None, 4, 8, 8))
    first = x.movedim(-1, 1).contiguous()
    turned = (other(first) * direction.movedim(-1, 1)).sum()
    expected = torch.autograd.grad(turned, [w.value for w in other.weights])
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("size", [16, 31, 32])
@pytest.mark.parametrize("options", [{}, {"scale": False}, {"center": False}])
def test_a_group_for_each_feature_equals_double_precision(
    size: int, options: dict[str, bool]
) -> None:
    """In inference and in training, with their gradients; torch's kernel for channels-last loses digits on small maps."""
    layer, exact = (
        layers.GroupNormalization(-1, dtype=dtype, **options) for dtype in ("float32", "float64")
    )
    shape = (3, size, size, 8)
    for one in (layer, exact):
        one.build(shape)
        one.set_weights([np.linspace(-1, 2, 8) for _ in one.weights])
    mean = 10.0 if size < 32 else 0.0
    x = (torch.randn(shape) + mean).requires_grad_()
    wide = x.detach().double().requires_grad_()
    direction = torch.randn(shape)
    given, expected = layer(x), exact(wide)
    with torch.no_grad():
        torch.testing.assert_close(layer(x), expected.float(), rtol=1e-5, atol=2e-5)
    torch.testing.assert_close(given, expected.float(), rtol=1e-5, atol=2e-5)
    found = torch.autograd.grad((given * direction).sum(), [x, *(w.value for w in layer.weights)])
    wanted = torch.autograd.grad(
        (expected * direction).sum(), [wide, *(w.value for w in exact.weights)]
    )
    for a, b in zip(found, wanted, strict=True):
        torch.testing.assert_close(a.double(), b.double(), rtol=1e-5, atol=1e-4)
    assert given.permute(0, 3, 1, 2).is_contiguous(memory_format=torch.channels_last)
