"""The architectures against real Keras: layers, weights, predictions, and weight files that Keras wrote."""

import json

import keras
import numpy as np
import pytest
import torch

import lamina
from lamina.applications import imagenet_utils
from lamina.errors import ConfigError, NotSupportedError, ShapeError

SMALL = {"weights": None, "input_shape": (64, 64, 3), "include_top": False}
TOP = {"weights": None, "input_shape": (32, 32, 3), "classes": 7}
IGNORED = {"name", "dtype", "data_format", "seed", "synchronized", "renorm"}
CASES = [
    pytest.param("MobileNetV2", {**SMALL, "pooling": "avg"}, id="mobilenet"),
    pytest.param("MobileNetV2", {**TOP, "alpha": 0.35}, id="mobilenet-top"),
    pytest.param(
        "MobileNetV2",
        {"weights": None, "include_top": False, "alpha": 1.4, "input_shape": (75, 50, 3)},
        id="mobilenet-odd",
    ),
    pytest.param("ResNet50", {**SMALL, "pooling": "max"}, id="resnet"),
    pytest.param("ResNet50", TOP, id="resnet-top", marks=pytest.mark.slow),
    pytest.param("VGG16", {**SMALL, "input_shape": (32, 48, 3)}, id="vgg"),
    pytest.param("VGG16", {**SMALL, "pooling": "avg"}, id="vgg-pooled", marks=pytest.mark.slow),
    pytest.param("EfficientNetB0", {**SMALL, "pooling": "avg"}, id="efficient"),
    pytest.param("EfficientNetB0", TOP, id="efficient-top"),
]


def pair(name, options):
    keras.utils.clear_session()
    lamina.utils.clear_session()
    theirs = getattr(keras.applications, name)(**options)
    return theirs, getattr(lamina.applications, name)(**options)


def shaken(model):
    """Weights that make every layer count: moving statistics and offsets are not 0 and 1."""
    draw = np.random.default_rng(0)
    values = [
        w if w.ndim > 1 else (w + draw.uniform(0, 0.2, w.shape)).astype(w.dtype)
        for w in model.get_weights()
    ]
    model.set_weights(values)


def plain(value):
    """A setting of either library in one spelling."""
    if isinstance(value, dict):
        return {
            "type": value.get("class_name") or value.get("type"),
            **{k: v for k, v in (value.get("config") or {}).items() if v is not None},
        }
    return json.loads(json.dumps(value))


@pytest.mark.parametrize(("name", "options"), CASES)
def test_layers_weights_and_predictions(name, options, tmp_path):
    theirs, ours = pair(name, options)
    assert ours.name == theirs.name
    kinds = [(type(layer).__name__, layer.name) for layer in theirs.layers]
    assert [(type(layer).__name__, layer.name) for layer in ours.layers] == kinds
    for layer, twin in zip(ours.layers, theirs.layers, strict=True):
        assert [(w.name, w.shape) for w in layer.weights] == [
            (w.name, tuple(w.shape)) for w in twin.weights
        ]
        if isinstance(twin, keras.layers.InputLayer):
            continue
        expected = twin.get_config()
        for key, value in layer.get_config().items():
            if key in expected and key not in IGNORED and "initializer" not in key:
                assert plain(value) == plain(expected[key]), (layer.name, key)
    shaken(theirs)
    x = np.random.default_rng(4).uniform(-1, 1, (1, *options["input_shape"])).astype("float32")
    with torch.no_grad():
        wanted = theirs(x).cpu().numpy()
    ours.set_weights(theirs.get_weights())
    scale = np.abs(wanted).max()
    np.testing.assert_allclose(ours.predict(x, verbose=0) / scale, wanted / scale, atol=1e-4)

    theirs.save(tmp_path / "theirs.h5")
    ours.set_weights([w * 0 for w in ours.get_weights()])
    ours.load_weights(tmp_path / "theirs.h5")
    np.testing.assert_allclose(ours.predict(x, verbose=0) / scale, wanted / scale, atol=1e-4)


def test_initializers_are_the_same():
    theirs, ours = pair("MobileNetV2", {**SMALL, "alpha": 0.35})
    for layer, twin in zip(ours.layers[1:], theirs.layers[1:], strict=True):
        for key, value in twin.get_config().items():
            if key.endswith("initializer") and value is not None and hasattr(layer, key):
                assert type(getattr(layer, key)).__name__ == value["class_name"], key


def test_weights_from_a_file_of_keras(tmp_path):
    options = {"include_top": False, "input_shape": (32, 32, 3), "alpha": 0.35}
    theirs = keras.applications.MobileNetV2(weights=None, **options)
    shaken(theirs)
    theirs.save_weights(tmp_path / "mobile.weights.h5")
    ours = lamina.applications.MobileNetV2(weights=tmp_path / "mobile.weights.h5", **options)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_body_from_a_file_with_a_top(tmp_path):
    options = {"weights": None, "input_shape": (32, 32, 3), "alpha": 0.35}
    whole = lamina.applications.MobileNetV2(**options, classes=5)
    shaken(whole)
    whole.save_weights(tmp_path / "whole.h5")
    body = lamina.applications.MobileNetV2(**options, include_top=False)
    body.load_weights(tmp_path / "whole.h5", by_name=True)
    kernel = body.get_layer("block_16_project").get_weights()[0]
    np.testing.assert_array_equal(kernel, whole.get_layer("block_16_project").get_weights()[0])


def test_built_on_an_input():
    x = lamina.Input(shape=(32, 32, 3), name="photo")
    model = lamina.applications.MobileNetV2(input_tensor=x, include_top=False, weights=None)
    assert model.input_names == ["photo"]


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"weights": "imagenet"}, NotSupportedError, "Download the weights"),
        ({}, NotSupportedError, "weights=None"),
        ({"weights": "/no/such.h5"}, ConfigError, "no such file"),
        ({"weights": None, "input_shape": (20, 40, 3)}, ShapeError, "at least 32"),
        ({"weights": None, "input_shape": (None, 40, 3)}, ShapeError, "must be known"),
        ({"weights": None, "input_shape": (40, 40)}, ShapeError, "height, width, channels"),
        ({"weights": None, "include_top": False, "pooling": "mean"}, ConfigError, "pooling"),
    ],
)
def test_mistakes_are_named(options, error, match):
    with pytest.raises(error, match=match):
        lamina.applications.ResNet50(**options)


# ------------------------------------------------------------------------------- images and classes


@pytest.mark.parametrize("mode", ["caffe", "tf", "torch"])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("batch", [(), (2,)])
@pytest.mark.parametrize("dtype", ["float32", "uint8"])
def test_images_are_prepared_as_in_keras(mode, data_format, batch, dtype):
    shape = (*batch, 4, 5, 3) if data_format == "channels_last" else (*batch, 3, 4, 5)
    x = np.random.default_rng(0).integers(0, 256, shape).astype(dtype)
    wanted = keras.applications.imagenet_utils.preprocess_input(x.copy(), data_format, mode)
    for given in (x, torch.as_tensor(x)):
        found = imagenet_utils.preprocess_input(given, data_format, mode)
        assert isinstance(found, type(given))
        np.testing.assert_allclose(np.asarray(found), wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("module", ["mobilenet_v2", "resnet", "resnet50", "vgg16", "efficientnet"])
def test_each_architecture_has_its_own_preparation(module):
    x = np.random.default_rng(0).uniform(0, 255, (2, 4, 4, 3)).astype("float32")
    wanted = getattr(keras.applications, module).preprocess_input(x.copy())
    found = getattr(lamina.applications, module).preprocess_input(x)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)


def test_classes_get_their_names(tmp_path):
    index = tmp_path / "names.json"
    index.write_text(json.dumps({str(i): [f"n{i}", f"thing {i}"] for i in range(1000)}))
    scores = np.random.default_rng(0).random((3, 1000))
    found = imagenet_utils.decode_predictions(scores, top=2, class_index=index)
    for row, best in zip(scores, found, strict=True):
        assert best[0][1] == f"thing {row.argmax()}"
        assert best[0][2] == row.max() >= best[1][2]
        assert len(best) == 2


def test_without_names_the_numbers_are_said(tmp_path):
    scores = np.eye(1000)[[42]]
    with pytest.raises(ConfigError, match="42"):
        imagenet_utils.decode_predictions(scores, class_index=tmp_path / "none.json")
    (tmp_path / "bad.json").write_text("{}")
    with pytest.raises(ConfigError, match="1000 class names"):
        imagenet_utils.decode_predictions(scores, class_index=tmp_path / "bad.json")
    with pytest.raises(ShapeError, match=r"\(images, 1000\)"):
        imagenet_utils.decode_predictions(scores[:, :10])
