"""Pictures read, written and resized as in Keras."""

import io

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import lamina
from lamina import utils
from lamina.errors import ConfigError, ShapeError
from lamina.utils import images

RANDOM = np.random.default_rng(0)
MODES = ["grayscale", "rgb", "rgba"]


def picture(height=7, width=9, channels=3) -> np.ndarray:
    return RANDOM.integers(0, 256, (height, width, channels), dtype=np.uint8)


def as_file(array: np.ndarray, **options) -> io.BytesIO:
    file = io.BytesIO()
    Image.fromarray(array.squeeze()).save(file, format="png", **options)
    return file


@given(
    st.sampled_from([1, 3, 4]),
    st.sampled_from(MODES),
    st.sampled_from([None, (4, 4), (11, 5)]),
    st.sampled_from(["nearest", "bilinear", "bicubic", "hamming", "box", "lanczos"]),
    st.booleans(),
)
def test_load_img_gives_keras_pixels(channels, mode, size, interpolation, keep):
    file = as_file(picture(channels=channels))
    options = (mode, size, interpolation, keep)
    ours = utils.img_to_array(utils.load_img(file, *options))
    theirs = keras.utils.img_to_array(keras.utils.load_img(file, *options))
    np.testing.assert_array_equal(ours, theirs)
    assert ours.dtype == theirs.dtype == np.float32


@given(
    st.sampled_from([1, 3, 4]), st.booleans(), st.sampled_from(["channels_last", "channels_first"])
)
def test_array_to_img_gives_keras_pixels(channels, scale, order):
    array = RANDOM.uniform(0, 200, (5, 6, channels)).astype("float32")
    array = np.moveaxis(array, -1, 0) if order == "channels_first" else array
    ours = utils.array_to_img(array, order, scale)
    reference = np.moveaxis(array, 0, -1) if order == "channels_first" else array
    if scale:
        reference = (reference - reference.min()) / (reference.max() - reference.min()) * 255
    np.testing.assert_allclose(
        np.asarray(ours, dtype="float32").reshape(5, 6, channels), np.floor(reference), atol=1
    )
    back = utils.img_to_array(ours, order, "uint8")
    assert back.shape == array.shape


def test_what_is_saved_is_loaded(tmp_path):
    array = picture()
    utils.save_img(tmp_path / "a.png", array, scale=False)
    np.testing.assert_array_equal(utils.img_to_array(utils.load_img(tmp_path / "a.png")), array)
    with pytest.warns(UserWarning, match="JPEG has no transparency"):
        utils.save_img(str(tmp_path / "b.jpg"), picture(channels=4))
    assert utils.load_img(str(tmp_path / "b.jpg")).size == (9, 7)


@given(st.tuples(st.integers(1, 9), st.integers(1, 9)), st.sampled_from(["bilinear", "nearest"]))
def test_smart_resize_gives_keras_pixels(size, interpolation):
    x = RANDOM.uniform(0, 255, (6, 9, 3)).astype("float32")
    ours = lamina.preprocessing.image.smart_resize(x, size, interpolation)
    theirs = keras.preprocessing.image.smart_resize(x, size, interpolation)
    assert isinstance(ours, np.ndarray)
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-3)


def test_a_picture_with_too_many_pixels_is_not_decoded(monkeypatch):
    monkeypatch.setattr(images, "MOST_PIXELS", 62)
    with pytest.raises(ConfigError, match="has 9 × 7 pixels; at most 62"):
        utils.load_img(as_file(picture()))


def test_mistakes_are_said():
    with pytest.raises(ConfigError, match="color_mode must be one of grayscale, rgb, rgba"):
        utils.load_img(as_file(picture()), color_mode="cmyk")
    with pytest.raises(ConfigError, match="interpolation must be one of"):
        utils.load_img(as_file(picture()), target_size=(2, 2), interpolation="magic")
    with pytest.raises(TypeError, match="needs a path"):
        utils.load_img(3)
    with pytest.raises(ConfigError, match="single image"):
        utils.array_to_img(np.zeros((2, 2)))
    with pytest.raises(ConfigError, match="single image"):
        utils.img_to_array(np.zeros(3))
    with pytest.raises(ConfigError, match="data_format must be"):
        utils.img_to_array(np.zeros((2, 2)), "channels_middle")
    with pytest.raises(ConfigError, match="size must be"):
        lamina.preprocessing.image.smart_resize(np.zeros((2, 2, 1)), (2,))
    with pytest.raises(ShapeError):
        lamina.preprocessing.image.smart_resize(np.zeros(2), (2, 2))


def test_without_pillow_the_message_says_what_to_install(monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr("lamina.utils.images.importlib.import_module", missing)
    with pytest.raises(ImportError, match=r"load_img needs Pillow.*lamina\[images\]"):
        utils.load_img("a.png")
