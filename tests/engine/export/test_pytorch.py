"""Generated PyTorch needs nothing but torch and computes what the model computes."""

import subprocess
import sys

import numpy as np
import pytest
import torch

import lamina
from lamina import layers
from lamina.activations import ACTIVATIONS
from lamina.errors import NotSupportedError
from lamina.export import pytorch_source
from lamina.layer import LAYERS
from lamina.problems import GraphError

IMAGE = lamina.Input(shape=(6, 7, 2), name="a-image")
TOKENS = lamina.Input(shape=(5,), dtype="int32", name="model")

CASES = {
    "Dense": (IMAGE, layers.Dense(3, activation="gelu", use_bias=False)),
    "Activation": (IMAGE, layers.Activation("softplus")),
    "ReLU": (IMAGE, layers.ReLU(max_value=1.0, negative_slope=0.2, threshold=0.1)),
    "LeakyReLU": (IMAGE, layers.LeakyReLU()),
    "Softmax": (IMAGE, layers.Softmax(axis=1)),
    "Dropout": (IMAGE, layers.Dropout(0.5, seed=3)),
    "Flatten": (IMAGE, layers.Flatten()),
    "Reshape": (IMAGE, layers.Reshape((7, -1))),
    "Conv2D": (
        IMAGE,
        layers.Conv2D(4, (2, 3), strides=2, padding="same", activation="relu"),
    ),
    "MaxPooling2D": (IMAGE, layers.MaxPooling2D(2, padding="same")),
    "AveragePooling2D": (IMAGE, layers.AveragePooling2D(3, 2, padding="same")),
    "GlobalAveragePooling2D": (IMAGE, layers.GlobalAveragePooling2D()),
    "BatchNormalization": (IMAGE, layers.BatchNormalization()),
    "GroupNormalization": (IMAGE, layers.GroupNormalization(1)),
    "Embedding": (TOKENS, layers.Embedding(9, 4)),
    "LSTM": (
        TOKENS,
        lambda x: layers.LSTM(3, activation="elu")(
            layers.LSTM(4, return_sequences=True, go_backwards=True, dropout=0.1)(
                layers.Embedding(9, 4)(x)
            )
        ),
    ),
    "masked": (
        TOKENS,
        lambda x: layers.SimpleRNN(3)(
            layers.GRU(3, return_sequences=True)(
                layers.LSTM(4, return_sequences=True, return_state=True)(
                    layers.Embedding(9, 4, mask_zero=True)(x)
                )[0]
            )
        ),
    ),
    "Add": (IMAGE, lambda x: layers.Add()([x, layers.ReLU()(x), x])),
    "Concatenate": (IMAGE, lambda x: layers.Concatenate(axis=2)([x, layers.ReLU()(x)])),
    "Input": (IMAGE, lambda x: x),
}


def model_of(case: str) -> lamina.Model:
    x, build = CASES[case]
    model = lamina.Model(x, build(x))
    random = np.random.default_rng(5)
    model.set_weights([random.uniform(0.1, 0.7, w.shape) for w in model.get_weights()])
    return model


def generated(model: lamina.Model) -> torch.nn.Module:
    """The module of the source, with the model's weights."""
    namespace: dict = {}
    exec(pytorch_source(model.graph), namespace)
    module = namespace["model"]
    weights = [variable.value for layer in model.layers for variable in layer.variables]
    state = module.state_dict()
    by_shape = dict(zip(_declared_order(module), weights, strict=True))
    assert by_shape.keys() == state.keys()
    module.load_state_dict(by_shape)
    return module


def _declared_order(module: torch.nn.Module) -> list[str]:
    """Names as they stand in the source, which is the order of the layers' weights."""
    parameters, buffers = dict(module.named_parameters()), dict(module.named_buffers())
    return [*parameters, *buffers]


def sample(model: lamina.Model) -> torch.Tensor:
    (shape,) = [x.shape[1:] for x in model.inputs]
    if model.inputs[0].dtype == "int32":
        return torch.randint(0, 9, (3, *shape), dtype=torch.int32)
    return torch.randn(3, *shape)


@pytest.mark.parametrize("case", CASES)
def test_it_predicts_the_same(case):
    model = model_of(case)
    x = sample(model)
    with torch.no_grad():
        expected, got = model(x), generated(model).eval()(x)
    torch.testing.assert_close(got, expected)


@pytest.mark.parametrize("name", [name for name in LAYERS.names() if name != "Input"])
def test_every_layer_is_written(name, smallest_model):
    model, inputs = smallest_model(name)
    is_spectrogram = name.endswith("Spectrogram")
    if LAYERS.get(name).group == "preprocessing" and (
        is_spectrogram or list(model.layers[-1].children())
    ):
        with pytest.raises(NotSupportedError, match="cannot be written"):
            generated(model)
        return
    with torch.no_grad():
        got = generated(model).eval()(*map(torch.from_numpy, inputs))
        torch.testing.assert_close(got, model(inputs if len(inputs) > 1 else inputs[0]))


@pytest.mark.parametrize("case", CASES)
def test_it_trains_the_same(case):
    model, x = model_of(case), sample(model_of(case))
    module = generated(model).train()
    torch.manual_seed(1)
    got = module(x)
    assert got.shape == model.program(training=True)(x)[0].shape
    if case not in ("Dropout", "LSTM"):  # the noise comes from another stream
        torch.testing.assert_close(got, generated(model).train()(x))
    if list(module.parameters()):
        got.square().sum().backward()
        assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in module.parameters())


def test_normalization_keeps_the_same_statistics():
    model = model_of("BatchNormalization")
    module, x = generated(model).train(), sample(model)
    module(x)
    with torch.no_grad():
        model.program(training=True)(x)
    for (name, ours), theirs in zip(module.named_buffers(), model.weights[2:], strict=True):
        torch.testing.assert_close(ours, theirs.value, msg=name)


@pytest.mark.parametrize("name", ACTIVATIONS.names())
def test_every_activation_is_written(name):
    model = lamina.Sequential([lamina.Input(shape=(4,)), layers.Dense(3, activation=name)])
    x = torch.randn(2, 4)
    with torch.no_grad():
        torch.testing.assert_close(generated(model).eval()(x), model(x))


def test_several_inputs_outputs_and_uses_of_a_layer():
    a, b = lamina.Input(shape=(4,), name="a"), lamina.Input(shape=(4,), name="b")
    shared = layers.Dense(3, trainable=False)
    total = layers.Add()([shared(a), shared(b)])
    model = lamina.Model([a, b], [total, shared.output])
    module = generated(model).eval()
    x, y = torch.randn(2, 4), torch.randn(2, 4)
    with torch.no_grad():
        for got, expected in zip(module(x, y), model([x, y]), strict=True):
            torch.testing.assert_close(got, expected)
    assert [p.requires_grad for p in module.parameters()] == [False, False]


INITIALIZERS = [
    *("zeros", "ones", "glorot_uniform", "glorot_normal", "he_uniform", "he_normal"),
    *("lecun_uniform", "lecun_normal", "random_normal", "random_uniform", "truncated_normal"),
    *("orthogonal", "constant", "variance_scaling"),
]


@pytest.mark.parametrize("initializer", INITIALIZERS)
def test_first_values_follow_the_initializer(initializer):
    layer = layers.Dense(200, kernel_initializer=initializer)
    model = lamina.Sequential([lamina.Input(shape=(300,)), layer])
    namespace: dict = {}
    exec(pytorch_source(model.graph), namespace)
    ours, theirs = model.weights[0].value, next(namespace["model"].parameters())
    assert theirs.std().item() == pytest.approx(ours.std().item(), rel=0.02)
    assert theirs.mean().item() == pytest.approx(ours.mean().item(), abs=0.002)
    assert theirs.abs().max().item() == pytest.approx(ours.abs().max().item(), rel=0.35)


def test_the_file_needs_torch_alone(tmp_path):
    (tmp_path / "network.py").write_text(pytorch_source(model_of("LSTM").graph), "utf-8")
    check = (
        "import sys, torch; from network import model; "
        "assert model(torch.ones(2, 5, dtype=torch.int32)).shape == (2, 3); "
        "assert not any(name.startswith('lamina') for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", check], cwd=tmp_path, check=True)


def test_a_huge_model_costs_nothing_to_write():
    graph = {
        "format": "lamina.graph",
        "version": 1,
        "name": "huge",
        "nodes": [
            {"id": "x", "type": "Input", "config": {"shape": [100_000]}, "inputs": []},
            {"id": "d", "type": "Dense", "config": {"units": 100_000}, "inputs": [{"node": "x"}]},
        ],
        "outputs": [{"node": "d"}],
    }
    assert "torch.empty(100000, 100000)" in pytorch_source(graph)


def test_a_graph_with_problems_has_no_source():
    with pytest.raises(GraphError):
        pytorch_source({"format": "lamina.graph", "version": 1, "nodes": [], "outputs": []})


def test_penalties_and_constraints_are_told_and_change_no_output():
    def build(**options):
        x = lamina.Input(shape=(4,), name="x")
        y = layers.BatchNormalization(name="n", **({"gamma_regularizer": "l1"} if options else {}))(
            x
        )
        return lamina.Model(x, layers.Dense(3, activation="softmax", name="d", **options)(y))

    ruled = pytorch_source(
        build(
            kernel_regularizer="l2", activity_regularizer="l1", kernel_constraint="max_norm"
        ).graph
    )
    plain = pytorch_source(build().graph)
    told = [
        "Penalties and constraints are part of training and not in here:",
        "n_gamma: L1(l1=0.01)",
        "d_kernel: L2(l2=0.01)",
        "d_kernel: MaxNorm(max_value=2.0, axis=0)",
        "output of d: L1(l1=0.01)",
    ]
    assert [line.strip() for line in ruled.splitlines() if line not in plain.splitlines()] == told
    assert set(plain.splitlines()) <= set(ruled.splitlines())
