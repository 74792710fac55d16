"""Programs that join what layers say give what the layers would."""

import numpy as np
import pytest
import torch

import lamina as keras
from lamina.plan import fusing
from lamina.plan.compiler import compile_program

L = keras.layers
SAMPLES = fusing.WORTH_FOLDING + 4


def chain(shape, *layers):
    return keras.Sequential([keras.Input(shape), *layers])


CASES = {
    "Conv1D": lambda: chain((9, 3), L.Conv1D(4, 3), L.BatchNormalization(), L.ReLU()),
    "Conv2D": lambda: chain((8, 8, 3), L.Conv2D(4, 3, use_bias=False), L.BatchNormalization()),
    "Conv2D with relu": lambda: chain(
        (8, 8, 3), L.Conv2D(4, 3, strides=2, padding="same"), L.BatchNormalization(), L.ReLU(6.0)
    ),
    "Conv3D": lambda: chain((5, 5, 5, 2), L.Conv3D(4, 3), L.BatchNormalization(scale=False)),
    "DepthwiseConv2D": lambda: chain(
        (8, 8, 3), L.DepthwiseConv2D(3, depth_multiplier=2), L.BatchNormalization(center=False)
    ),
    "SeparableConv2D": lambda: chain((8, 8, 3), L.SeparableConv2D(4, 3), L.BatchNormalization()),
    "Dense": lambda: chain((6,), L.Dense(4), L.BatchNormalization(), L.Activation("tanh")),
}


def with_values(model):
    """The model with weights and statistics as after some training."""
    random = np.random.default_rng(0)
    model.set_weights([random.uniform(0.5, 1.5, w.shape) for w in model.get_weights()])
    return model


def images(model, count=SAMPLES):
    return torch.from_numpy(
        np.random.default_rng(1).normal(size=(count, *model.input_shape[1:])).astype("float32")
    )


def plain(model, training=False):
    return compile_program(
        model.graph, model.layers_by_node, model.input_names, training=training, logits=False
    )


@pytest.mark.parametrize("count", [3, SAMPLES])
@pytest.mark.parametrize("name", CASES)
def test_a_normalization_goes_into_what_is_before_it(name, count):
    model = with_values(CASES[name]())
    program, x = model.program(training=False), images(model, count)
    assert "batch_norm" not in program.code
    torch.testing.assert_close(program(x), plain(model)(x), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", CASES)
def test_training_normalizes_by_the_batch(name):
    assert "batch_norm" in CASES[name]().program(training=True).code


@pytest.mark.parametrize("axis", [1, -1])
@pytest.mark.parametrize("shape", [(5, 4), (4, 4), (5, 5, 4)])
def test_a_product_with_more_axes_is_normalized_as_layer_by_layer(shape, axis):
    model = with_values(chain(shape, L.Dense(5), L.BatchNormalization(axis=axis)))
    x = images(model)
    torch.testing.assert_close(
        model.program(training=False)(x), plain(model)(x), rtol=1e-5, atol=1e-5
    )


def test_what_is_looked_at_before_its_normalization_stays():
    x = keras.Input((8, 8, 3))
    seen = L.Conv2D(4, 3)(x)
    model = with_values(keras.Model(x, [seen, L.ReLU()(L.BatchNormalization()(seen))]))
    given = images(model)
    torch.testing.assert_close(model.program(training=False)(given), plain(model)(given))


def test_a_part_that_is_frozen_learns_as_layer_by_layer():
    def frozen():
        keras.utils.set_random_seed(2)
        base = with_values(CASES["Conv2D with relu"]())
        x = keras.Input((8, 8, 3))
        return keras.Model(x, L.Dense(3)(L.GlobalAveragePooling2D()(base(x, training=False))))

    one, other = frozen(), frozen()
    x = images(one)
    for program in (one.program(training=True), plain(other, training=True)):
        program(x)[0].square().mean().backward()
    assert "batch_norm" not in one.program(training=True).code
    for weight, same in zip(one.trainable_weights, other.trainable_weights, strict=True):
        torch.testing.assert_close(weight.value.grad, same.value.grad, rtol=1e-4, atol=1e-4)


def test_activations_write_over_what_nobody_else_sees():
    x = keras.Input((8, 8, 3))
    first = L.Conv2D(4, 3, padding="same")(x)
    second = L.Conv2D(4, 3, padding="same", activation="relu")(L.ReLU()(first))
    model = keras.Model(x, [L.Activation("sigmoid")(L.Add()([first, second])), first])
    code = model.program(training=False).code
    assert code.count("inplace = True") == 1  # not the relu of `first`, which is an output
    assert "sigmoid_" in code
    given = images(model)
    torch.testing.assert_close(
        model.program(training=False)(given), plain(model)(given), rtol=0, atol=0
    )
    model.program(training=False)(given.requires_grad_())[0].sum().backward()
    fused, given.grad = given.grad, None
    plain(model)(given)[0].sum().backward()
    torch.testing.assert_close(fused, given.grad, rtol=1e-5, atol=1e-6)


def test_data_is_never_written_over():
    model = chain((6,), L.ReLU(), L.Dense(2))
    x = np.full((SAMPLES, 6), -1.0, "float32")
    model.predict(x, verbose=0)
    assert (x == -1).all()


def test_embeddings_are_averaged_without_being_laid_out():
    model = keras.Sequential(
        [keras.Input((5,), dtype="int32"), L.Embedding(7, 3), L.GlobalAveragePooling1D()]
    )
    x = torch.randint(0, 7, (SAMPLES, 5))
    assert "mean_of_rows" in model.program(training=False).code
    torch.testing.assert_close(model.program(training=False)(x), plain(model)(x))
    with pytest.raises(keras.errors.ConfigError, match="Embedding"):
        model.predict(np.full((2, 5), 9), verbose=0)


def test_a_batch_of_predict_is_as_large_as_its_widest_tensor_lets_it():
    small = chain((6,), L.Dense(8))
    wide = chain((6,), small, L.Dense(1 << 18), L.Dense(2))
    assert (small.widest, wide.widest) == (8, 1 << 18)
    sizes = []
    program = wide.program(training=False)
    wide._programs = dict.fromkeys(wide._programs, lambda x: sizes.append(len(x)) or program(x))
    wide.predict(np.zeros((96, 6), "float32"), verbose=0)
    assert sizes == [32, 32, 32]  # 2 MiB hold 2 samples, but no batch is smaller than asked for
