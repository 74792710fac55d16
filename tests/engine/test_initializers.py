"""Initializers by every name that Keras has, against Keras where nothing is random, and of one's own."""

from __future__ import annotations

import inspect
from typing import Any

import keras
import numpy as np
import pytest

import lamina
from lamina import initializers
from lamina.errors import ConfigError, ShapeError

NAMES = [
    name
    for name in dir(keras.initializers)
    if not name.startswith("_") and isinstance(getattr(keras.initializers, name), type)
]


@pytest.mark.parametrize("name", NAMES)
def test_each_name_of_keras_is_that_class(name: str) -> None:
    theirs, ours = getattr(keras.initializers, name), getattr(initializers, name)
    assert ours.__name__ == theirs.__name__
    if name != "Initializer":
        assert initializers.get(name).__class__ is ours
        assert isinstance(initializers.deserialize(name), ours)


@pytest.mark.parametrize(
    ("name", "config", "shape"),
    [
        ("Zeros", {}, (2, 3)),
        ("Ones", {}, (2, 3)),
        ("Constant", {"value": 0.5}, (4,)),
        ("Identity", {"gain": 2.0}, (3, 5)),
        *(
            ("STFT", {"side": side, "window": window, "scaling": scaling}, (8, 1, 9))
            for side in ("real", "imag")
            for window, scaling in (("hann", "density"), ("hamming", "spectrum"), (None, None))
        ),
        *(
            ("STFT", {"window": window, "periodic": periodic}, (7, 1, 5))
            for window in ("bartlett", "blackman", "cosine", "nuttall", "parzen")
            for periodic in (False, True)
        ),
        ("STFT", {"periodic": True}, (6, 1, 5)),
    ],
)
def test_fixed_values_equal_keras(name: str, config: dict[str, Any], shape: Any) -> None:
    theirs = getattr(keras.initializers, name)(**config)
    ours = getattr(initializers, name)(**config)
    np.testing.assert_allclose(ours(shape), keras.ops.convert_to_numpy(theirs(shape)), atol=3e-6)
    again = initializers.deserialize(initializers.serialize(ours))
    np.testing.assert_array_equal(again(shape), ours(shape))
    form = keras.initializers.serialize(theirs)
    if form["config"] or not config:  # Keras forgets to write down the gain of Identity
        np.testing.assert_array_equal(initializers.get(form)(shape), ours(shape))


FORGOTTEN = {"Identity": {"gain": 1.0}}
"""What Keras forgets to write down."""


@pytest.mark.parametrize("name", NAMES)
def test_parameters_and_configurations_are_those_of_keras(name: str) -> None:
    theirs, ours = getattr(keras.initializers, name), getattr(initializers, name)
    if name == "Initializer":
        return
    parameters = list(inspect.signature(theirs).parameters)
    if parameters != ["args", "kwargs"]:
        assert list(inspect.signature(ours).parameters) == parameters
    forgotten = FORGOTTEN.get(theirs.__name__, {})
    assert ours().get_config() == {**theirs().get_config(), **forgotten}


SCALED = [
    name
    for name in NAMES
    if issubclass(getattr(keras.initializers, name), keras.initializers.VarianceScaling)
]


@pytest.mark.parametrize("name", SCALED)
def test_axes_of_inputs_and_outputs_count_as_in_keras(name: str) -> None:
    axes: dict[str, Any] = {"input_axes": [0], "output_axes": [1, -1], "seed": 3}
    theirs = getattr(keras.initializers, name)(**axes)
    ours = getattr(initializers, name)(**axes)
    assert ours.get_config() == theirs.get_config()
    plain = getattr(initializers, name)(seed=3)
    shape = (900, 4, 30)
    widths = [np.std(np.asarray(rule(shape))) for rule in (ours, theirs, plain)]
    np.testing.assert_allclose(widths[0], widths[1], rtol=0.02)
    assert abs(widths[0] / widths[2] - 1) > 0.1  # the axes matter
    assert initializers.deserialize(initializers.serialize(ours)).get_config() == ours.get_config()


def test_a_layer_with_axes_goes_to_keras_and_back(tmp_path):
    rule = initializers.HeNormal(input_axes=[0], output_axes=[1])
    model = lamina.Sequential([lamina.Input((3,)), lamina.layers.Dense(2, kernel_initializer=rule)])
    model.save(tmp_path / "a.keras")
    read = keras.saving.load_model(tmp_path / "a.keras")
    assert read.layers[-1].kernel_initializer.get_config() == rule.get_config()
    read.save(tmp_path / "b.keras")
    again = lamina.saving.load_model(tmp_path / "b.keras").layers[-1].kernel_initializer
    assert again.get_config() == rule.get_config()


def test_names_of_distributions_are_those_of_keras() -> None:
    for given in ("normal", "NORMAL", "Uniform", "untruncated_normal"):
        ours = initializers.VarianceScaling(distribution=given)
        assert (
            ours.get_config() == keras.initializers.VarianceScaling(distribution=given).get_config()
        )


@pytest.mark.parametrize("told", [False, True])
def test_an_equation_tells_the_axes_unless_the_initializer_does(told: bool) -> None:
    widths = []
    for lib in (lamina, keras):
        axes = {"input_axes": [2], "output_axes": [0, 1]} if told else {}
        rule = lib.initializers.GlorotNormal(seed=1, **axes)
        layer = lib.layers.EinsumDense(
            "abc,cde->abde", output_shape=(None, 40, 30), kernel_initializer=rule
        )
        layer.build((None, 2, 200))
        widths.append(np.std(np.asarray(layer.kernel.numpy())))
    np.testing.assert_allclose(widths[0], widths[1], rtol=0.02)


def test_functions_and_classes_of_ones_own() -> None:
    class Thirds(lamina.Initializer):
        def __call__(self, shape: Any, dtype: Any = None) -> Any:
            return np.full(shape, 1 / 3, dtype)

    assert "Thirds" not in initializers.INITIALIZERS
    for rule in (Thirds(), Thirds, lambda shape, dtype: np.full(shape, 1 / 3, dtype)):
        layer = lamina.layers.Dense(2, kernel_initializer=rule)
        layer(np.ones((1, 3), "float32"))
        np.testing.assert_allclose(layer.kernel.numpy(), np.full((3, 2), 1 / 3), rtol=1e-6)
    assert isinstance(initializers.deserialize("Thirds", {"Thirds": Thirds}), Thirds)
    assert initializers.get(None) is keras.initializers.get(None) is None
    with pytest.raises(ConfigError, match="got None"):
        lamina.layers.Dense(2, kernel_initializer=None)
    with pytest.raises(ConfigError, match="two axes"):
        initializers.Identity()((3,))


def test_values_of_an_array_go_through_a_file_of_keras(tmp_path):
    vectors = np.arange(12, dtype="float32").reshape(4, 3)
    for lib in (lamina, keras):
        model = lib.Sequential(
            [
                lib.Input((2,), dtype="int32"),
                lib.layers.Embedding(
                    4, 3, embeddings_initializer=lib.initializers.Constant(vectors)
                ),
            ]
        )
        np.testing.assert_array_equal(model.get_weights()[0], vectors)
        model.save(tmp_path / "words.keras")
        for reader in (lamina, keras):
            again = reader.models.load_model(tmp_path / "words.keras")
            np.testing.assert_array_equal(again.layers[-1].embeddings_initializer((4, 3)), vectors)
    with pytest.raises(ShapeError, match="weight has shape"):
        lamina.layers.Embedding(5, 3, embeddings_initializer=vectors)(np.zeros((1, 2), "int32"))


def test_a_stream_of_seeds_gives_other_values_at_each_call_and_goes_through_its_form():
    rule = initializers.RandomNormal(seed=lamina.random.SeedGenerator(3))
    assert not rule((4,)).equal(rule((4,)))
    again = initializers.deserialize(lamina.saving.serialize_keras_object(rule))
    assert again.seed.get_config() == rule.seed.get_config()
    read = keras.saving.deserialize_keras_object(lamina.saving.serialize_keras_object(rule))
    assert read.seed.get_config() == rule.seed.get_config()
