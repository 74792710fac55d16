"""What old scripts type: each name, module, method and argument that Keras 3 dropped says what to use instead."""

from __future__ import annotations

import importlib
import re
from itertools import chain

import keras
import numpy as np
import pytest

import lamina
from lamina.errors import AbsentError, NoAttributeError, WrongTypeError
from lamina.older_names import ARGUMENTS, GONE, MOVED, RENAMED
from lamina.refused import REFUSED

OLD = sorted({*MOVED, *RENAMED, *chain.from_iterable(names for _, names in GONE)})
NAMES = [path for path in OLD if not path.startswith("Model.")]
METHODS = [path.removeprefix("Model.") for path in OLD if path.startswith("Model.")]
HERE = {"layers.core", "layers.normalization", "layers.pooling", "layers.recurrent"}
"""Folders of this library that are called as old modules of Keras were."""


def find(root: object, path: str) -> object:
    for part in path.split("."):
        root = getattr(root, part)
    return root


def small(units: int = 1) -> lamina.Model:
    model = lamina.Sequential([lamina.Input((2,)), lamina.layers.Dense(units)])
    model.compile("sgd", "mse")
    return model


@pytest.mark.parametrize("path", NAMES)
def test_a_name_that_keras_dropped_says_what_to_use(path):
    assert path not in REFUSED
    with pytest.raises(AttributeError):
        find(keras, path)
    if path in HERE:
        return
    with pytest.raises(
        AbsentError, match=rf"lamina\.{path.split('.')[0]}.*older versions of Keras"
    ) as caught:
        find(lamina, path)
    assert caught.value.text.zh != caught.value.text.en
    assert isinstance(caught.value, ImportError)


@pytest.mark.parametrize("module", sorted({*MOVED.values()}))
def test_what_moved_is_where_it_is_said_to_be(module):
    assert find(lamina, module).__name__ == f"lamina.{module}"


@pytest.mark.parametrize("path", sorted(RENAMED))
def test_the_new_name_is_there(path):
    (first,) = re.match(r"[\w.]+", RENAMED[path])[0].split(",")[:1]
    if path.startswith("Model."):
        assert callable(getattr(lamina.Model, first))
    elif first != "the":
        assert find(lamina, first) is not None


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("from lamina.utils.np_utils import to_categorical", "Write: from lamina.utils import"),
        ("from lamina.utils import np_utils", "Write: from lamina.utils import"),
        ("from lamina.layers.convolutional import Conv2D", "Write: from lamina.layers import"),
        ("import lamina.layers.convolutional", "Write: from lamina.layers import"),
        ("from lamina.layers.core import Dense", "Write: from lamina.layers import Dense"),
        ("from lamina.layers.pooling import MaxPooling2D", "from lamina.layers import MaxPooling2D"),
        ("from lamina.layers.experimental import preprocessing", "from lamina.layers import"),
        ("from lamina.layers.experimental.preprocessing import Rescaling", "from lamina.layers import"),
        ("from lamina.engine.topology import Layer", "from lamina.layers import"),
        ("from lamina.preprocessing.text import Tokenizer", "TextVectorization"),
        ("from lamina.preprocessing import text", "TextVectorization"),
        ("from lamina.preprocessing.image import ImageDataGenerator", "image_dataset_from_directory"),
        ("from lamina.wrappers.scikit_learn import KerasClassifier", "wrappers.SKLearnClassifier"),
        ("from lamina.backend.tensorflow_backend import set_session", "without graphs and sessions"),
        ("from lamina.backend import mean", "Use lamina.ops.mean, whose arguments may"),
        ("from lamina.layers import CuDNNLSTM", "Use lamina.layers.LSTM"),
        ("from lamina.legacy import interfaces", "it is of Keras 2"),
        ("from lamina.optimizers.legacy import Adam", "it is of Keras 2"),
        ("from lamina.src.layers import Dense", "internal part of Keras"),
    ],
)  # fmt: skip
def test_an_old_import_says_what_to_write(statement, said):
    with pytest.raises(AbsentError, match=re.escape(said)):
        exec(statement, {})
    fallback = f"try:\n    {statement}\nexcept ImportError:\n    went_on = True"
    space: dict[str, object] = {}
    exec(fallback, space)
    assert space["went_on"]


def test_other_modules_are_missing_as_ever():
    for name in ("lamina.no_such", "lamina.layers.core.no_such", "lamina.utils.no_such"):
        with pytest.raises(ModuleNotFoundError, match="No module named"):
            importlib.import_module(name)
    importlib.import_module("lamina.layers.core.dense")
    with pytest.raises(AttributeError, match=r"has no 'Sequental'. Did you mean Sequential\?"):
        lamina.Sequental  # noqa: B018
    with pytest.raises(
        AttributeError, match=r"has no 'MeanSquaredErro'. Did you mean MeanSquaredError"
    ):
        lamina.losses.MeanSquaredErro  # noqa: B018


@pytest.mark.parametrize("name", METHODS)
def test_a_method_that_models_had(name):
    model = small()
    assert not hasattr(model, name)
    with pytest.raises(
        NoAttributeError, match=f'{name} of "{model.name}": it is of older versions'
    ):
        getattr(model, name)


@pytest.mark.parametrize("name", ["input", "inputs", "output", "outputs"])
def test_a_model_that_does_not_know_its_input(name):
    model = lamina.Sequential([lamina.layers.Dense(2)])
    assert not hasattr(model, name)
    with pytest.raises(NoAttributeError, match=r"does not know its input yet. Begin it with Input"):
        getattr(model, name)
    model.build((None, 3))
    assert getattr(model, name) is not None


@pytest.mark.parametrize("name", sorted(ARGUMENTS))
def test_an_argument_that_methods_had(name):
    x, y = np.ones((4, 2)), np.ones((4, 1))
    model = small()
    calls = {
        "fit": lambda: model.fit(x, y, **{name: 1}),
        "evaluate": lambda: model.evaluate(x, y, **{name: 1}),
        "train_on_batch": lambda: model.train_on_batch(x, y, **{name: 1}),
        "compile": lambda: model.compile("sgd", "mse", **{name: 1}),
    }
    for method, call in calls.items():
        with pytest.raises(WrongTypeError, match=f'{method} has no argument "{name}"') as caught:
            call()
        assert ARGUMENTS[name].en in str(caught.value)


def test_an_argument_that_is_misspelt():
    x, y = np.ones((4, 2)), np.ones((4, 1))
    with pytest.raises(WrongTypeError, match=r'"batchsize". Did you mean batch_size'):
        small().fit(x, y, batchsize=2)
    with pytest.raises(
        WrongTypeError, match=r'compile has no argument "metric". Did you mean metrics'
    ):
        small().compile("sgd", "mse", metric=["accuracy"])
    with pytest.raises(WrongTypeError, match=r'fit has no argument "xyzw"\.$'):
        small().fit(x, y, xyzw=2)


def test_a_type_error_of_a_loss_is_not_taken_for_one_of_an_argument():
    model = small()
    model.compile("sgd", lambda y_true, y_pred: y_pred + None)
    with pytest.raises(TypeError) as caught:
        model.fit(np.ones((4, 2)), np.ones((4, 1)), verbose=0)
    assert "has no argument" not in str(caught.value)
