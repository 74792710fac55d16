"""Layers that change images at random, against real Keras: with what was drawn made equal, the images are equal."""

import inspect

import keras
import numpy as np
import pytest
import torch

import lamina
from lamina import layers
from lamina.errors import ConfigError, NotSupportedError, ShapeError
from lamina.network import Network

RANDOM = np.random.default_rng(0)
PLACES = [
    {"fill_mode": mode, "interpolation": interpolation, "fill_value": 7.5}
    for mode in ("reflect", "wrap", "constant", "nearest")
    for interpolation in ("bilinear", "nearest")
]
BATCH = 6


def images(*shape, high=255.0):
    return torch.tensor(RANDOM.uniform(0, high, shape or (BATCH, 9, 7, 3)).astype("float32"))


PINNED = [
    *[("RandomRotation", {"factor": (share, share), **place}) for place in PLACES for share in (0.07, -0.61)],
    *[("RandomZoom", {"height_factor": (0.37, 0.37), "width_factor": w, **place}) for place in PLACES for w in (None, (-0.43, -0.43))],
    *[("RandomTranslation", {"height_factor": (0.31, 0.31), "width_factor": (-0.57, -0.57), **place}) for place in PLACES],
    ("RandomTranslation", {"height_factor": (-1.0, -1.0), "width_factor": (0.0, 0.0)}),
    ("RandomContrast", {"factor": (0.0, 0.0)}),
    ("RandomBrightness", {"factor": (0.3, 0.3)}),
    ("RandomBrightness", {"factor": (-0.6, -0.6), "value_range": (0, 300)}),
    ("RandomHue", {"factor": 0.0}),
    *[("RandomSaturation", {"factor": (f, f)}) for f in (0.0, 0.3, 0.5, 0.9)],
    ("RandomSaturation", {"factor": (0.8, 0.8), "value_range": (0, 1)}),
    ("RandomGrayscale", {"factor": 1.0}),
    ("RandomGrayscale", {"factor": 0.0}),
    ("RandomInvert", {"factor": (1.0, 1.0)}),
    ("RandomInvert", {"factor": (0.0, 0.0), "value_range": (0, 1)}),
    *[("RandomPosterization", {"factor": (bits, bits)}) for bits in (1, 3, 8)],
    ("RandomPosterization", {"factor": (4, 4), "value_range": (0, 300)}),
    *[("RandomSharpness", {"factor": (f, f)}) for f in (0.0, 0.4, 1.0)],
    ("RandomErasing", {"factor": 0.0}),
    ("RandomPerspective", {"factor": 0.0}),
    ("RandomElasticTransform", {"factor": 0.0}),
    ("RandomElasticTransform", {"scale": (0.0, 0.0)}),
    ("RandomPerspective", {"factor": (1.0, 1.0), "scale": 0.0}),
    ("RandomColorDegeneration", {"factor": (0.4, 0.4)}),
    ("RandomColorJitter", {"brightness_factor": (0.1, 0.1), "contrast_factor": (0.0, 0.0), "saturation_factor": (0.4, 0.4), "hue_factor": 0.0}),
    ("RandomGaussianBlur", {"factor": (1.0, 1.0), "sigma": (0.7, 0.7), "kernel_size": 5}),
    ("RandomGaussianBlur", {"factor": (1.0, 1.0), "sigma": (1.0, 1.0)}),
    ("AutoContrast", {}),
    ("AutoContrast", {"value_range": (0, 300)}),
    ("Equalization", {}),
    ("ContrastLimitedAdaptiveHistogramEqualization", {}),
    ("ContrastLimitedAdaptiveHistogramEqualization", {"clip_limit": 0.0, "tile_grid_size": (2, 3)}),
    ("ContrastLimitedAdaptiveHistogramEqualization", {"clip_limit": 1.5, "tile_grid_size": (3, 7), "value_range": (0, 400)}),
    ("ContrastLimitedAdaptiveHistogramEqualization", {"tile_grid_size": (1, 1)}),
    ("Equalization", {"bins": 40}),
    ("Equalization", {"bins": 100, "value_range": (0, 400)}),
    ("Solarization", {"addition_factor": 0.0, "threshold_factor": (0.0, 0.0)}),
    ("RandomErasing", {"factor": (1.0, 1.0), "scale": (1.0, 1.0), "fill_value": (9, 300, -4)}),
]  # fmt: skip
"""Configurations that leave nothing to chance."""


@pytest.mark.filterwarnings("ignore:(?s).*Tensor.T is deprecated on 0-D")
@pytest.mark.parametrize(("name", "config"), PINNED)
def test_the_same_as_keras_where_nothing_is_left_to_chance(name, config):
    x = images()
    expected = getattr(keras.layers, name)(**config)(x.clone(), training=True)
    found = getattr(layers, name)(**config)(x, training=True)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=2e-3)


def drawn_alike(name, config, x):
    """Both layers, and what ours draws, in the form that Keras takes."""
    ours, theirs = getattr(layers, name)(**config, seed=5), getattr(keras.layers, name)(**config)
    drawn = ours.draw(x)
    taken = dict(drawn)
    for key in ("apply_inversion", "apply_erasing", "should_apply_blur", "apply_perspective"):
        if key in taken:
            taken[key] = taken[key][:, 0, 0, 0]
    if name == "RandomRotation":
        zeros, ones = torch.zeros(len(x)), torch.ones(len(x))
        matrix = theirs._compute_affine_matrix(
            0.5, 0.5, drawn["angle"], zeros, zeros, ones, zeros, zeros, x.shape[1], x.shape[2]
        )
        taken = {"rotation_matrix": matrix}
    if name in ("RandomFlip", "RandomPerspective"):
        taken["input_shape"] = x.shape
    if name == "RandomGrayscale":
        taken = drawn["should_apply"]
    if name == "RandomPosterization":
        taken["shift_factor"] = drawn["shift_factor"].to(torch.uint8)
    return ours, theirs, drawn, taken


DRAWN = [
    *[("RandomRotation", {"factor": 0.4, **place}) for place in PLACES],
    *[("RandomZoom", {"height_factor": 0.5, "width_factor": 0.7, **place}) for place in PLACES],
    *[("RandomTranslation", {"height_factor": 0.6, "width_factor": 0.3, **place}) for place in PLACES],
    *[("RandomShear", {"x_factor": 0.4, "y_factor": (0.1, 0.8), **place}) for place in PLACES],
    *[("RandomFlip", {"mode": mode}) for mode in ("horizontal", "vertical", "horizontal_and_vertical")],
    ("RandomContrast", {"factor": 0.8}),
    ("RandomContrast", {"factor": (0.2, 0.9), "value_range": (20, 200)}),
    ("RandomBrightness", {"factor": 0.8}),
    ("RandomBrightness", {"factor": (-0.1, 0.9), "value_range": (10, 200)}),
    ("RandomHue", {"factor": 1.0}),
    ("RandomHue", {"factor": (0.3, 0.6), "value_range": (0, 256)}),
    ("RandomSaturation", {"factor": (0.1, 0.9)}),
    ("RandomGrayscale", {}),
    ("RandomInvert", {"factor": 0.8}),
    ("RandomPosterization", {"factor": (1, 8)}),
    ("RandomSharpness", {"factor": 0.9}),
    ("RandomColorDegeneration", {"factor": (0.2, 0.9)}),
    ("RandomGaussianBlur", {"factor": 0.9, "sigma": (0.3, 1.0)}),
    ("Solarization", {"addition_factor": 0.3, "threshold_factor": (0.1, 0.9)}),
    ("MixUp", {"alpha": 0.7}),
    ("CutMix", {}),
    *[("RandomPerspective", {"scale": 0.6, "interpolation": how, "fill_value": 3.0}) for how in ("nearest", "bilinear")],
    ("RandomPerspective", {"factor": 0.8}),
    ("RandomErasing", {}),
    ("RandomErasing", {"fill_value": 3.0, "scale": 0.5, "value_range": (0, 2)}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "config"), DRAWN)
@pytest.mark.parametrize("channels", [1, 3])
def test_with_the_same_draw_the_images_are_those_of_keras(name, config, channels):
    if channels == 1 and name in COLOURS:
        return
    x = images(BATCH, 8, 11, channels)
    ours, theirs, drawn, taken = drawn_alike(name, config, x)
    before = x.clone()
    expected = theirs.transform_images(x.clone(), taken, training=True)
    found = ours.transform_images(x, drawn)
    torch.testing.assert_close(found, expected.to(torch.float32), rtol=1e-5, atol=2e-3)
    torch.testing.assert_close(x, before, rtol=0, atol=0)
    changed = (found != x).flatten(1).any(1)
    assert changed.any()
    if name in ("MixUp", "CutMix"):
        labels = torch.eye(BATCH)
        torch.testing.assert_close(
            ours.transform_labels(labels, drawn), theirs.transform_labels(labels, taken)
        )


COLOURS = ("RandomHue", "RandomSaturation", "RandomGrayscale", "RandomColorDegeneration")
EACH = sorted(dict(DRAWN).items())


@pytest.mark.parametrize(("name", "config"), EACH)
def test_each_image_has_a_draw_of_its_own_and_a_seed_repeats_them(name, config):
    x = images(1, 8, 8, 3).repeat(24, 1, 1, 1)
    if name in ("MixUp", "CutMix"):
        x = images(24, 8, 8, 3)
    make = getattr(layers, name)
    first, second = (make(**config, seed=3)(x, training=True) for _ in range(2))
    torch.testing.assert_close(first, second, rtol=0, atol=0)
    assert len(torch.unique(first.flatten(1), dim=0)) > 1
    assert not torch.equal(make(**config, seed=4)(x, training=True), first)
    again = make(**config, seed=3)
    again(x, training=True)
    assert not torch.equal(again(x, training=True), first), "the stream goes on"
    for _ in range(2):
        torch.manual_seed(0)
        unseeded = make(**config)(x, training=True)
        torch.manual_seed(0)
        assert torch.equal(unseeded, make(**config)(x, training=True))


@pytest.mark.parametrize(("name", "config"), EACH)
def test_nothing_happens_in_inference_and_models_know_which_is_which(name, config):
    x = images(4, 8, 8, 3)
    layer = getattr(layers, name)(**config, seed=1)
    assert torch.equal(layer(x, training=False), x)
    inputs = lamina.Input((8, 8, 3))
    network = Network([inputs], layer(inputs))
    assert torch.equal(network.program(training=False)(x)[0], x)
    changed = network.program(training=True)(images(16, 8, 8, 3).to(torch.float32))[0]
    assert changed.shape == (16, 8, 8, 3)
    twin = getattr(layers, name)(**config, seed=1)
    assert torch.equal(layer(x, training=False), twin(x, training=False))
    if name != "CutMix":  # Keras changes images unless it is told not to
        alone = getattr(layers, name)(**config, seed=1)
        assert torch.equal(alone(x), twin(x, training=True))


def test_one_image_and_whole_numbers():
    image = RANDOM.integers(0, 255, (5, 4, 3), dtype=np.uint8)
    turned = layers.RandomRotation(0.2, seed=1)(image, training=True)
    assert turned.shape == (5, 4, 3)
    assert turned.dtype == torch.float32
    assert torch.equal(
        layers.RandomRotation(0.2, seed=1)(torch.tensor(image), training=True), turned
    )


def test_data_with_targets_and_masks_is_changed_as_one():
    x = images(8, 6, 6, 3)
    labels, masks = torch.eye(8), torch.arange(36.0).reshape(1, 6, 6, 1).repeat(8, 1, 1, 1)
    given = {"images": x, "labels": labels, "segmentation_masks": masks}
    flip = layers.RandomFlip("horizontal", seed=2)(given, training=True)
    for i in range(8):
        is_flipped = not torch.equal(flip["images"][i], x[i])
        assert torch.equal(
            flip["segmentation_masks"][i], masks[i].flip(1) if is_flipped else masks[i]
        )
    assert torch.equal(flip["labels"], labels)
    mixed = layers.MixUp(seed=2)(given)
    weights = torch.einsum("bl,lhwc->bhwc", mixed["labels"], x)
    torch.testing.assert_close(mixed["images"], weights, rtol=1e-4, atol=1e-2)
    cut = layers.CutMix(seed=2)(given)
    assert torch.allclose(cut["labels"].sum(1), torch.ones(8))
    same = layers.RandomRotation(0.5)(given, training=False)
    assert torch.equal(same["images"], x)
    rotated = layers.RandomRotation((0.25, 0.25))(
        {"images": masks.repeat(1, 1, 1, 3), "segmentation_masks": masks}, training=True
    )
    torch.testing.assert_close(
        rotated["images"][..., :1], rotated["segmentation_masks"], rtol=0, atol=1e-3
    )
    with pytest.raises(NotSupportedError, match="bounding boxes"):
        layers.RandomFlip()({"images": x, "bounding_boxes": {}})


# --- RandomCrop ------------------------------------------------------------------------------------------------------


def test_a_crop_is_a_part_at_any_place():
    x = torch.arange(2 * 6 * 5, dtype=torch.float32).reshape(2, 6, 5, 1)
    layer = layers.RandomCrop(3, 2, seed=1)
    seen = set()
    for _ in range(80):
        part = layer(x, training=True)
        top, left = divmod(int(part[0, 0, 0, 0]), 5)
        assert torch.equal(part, x[:, top : top + 3, left : left + 2])
        seen.add((top, left))
    assert seen == {(top, left) for top in range(4) for left in range(4)}


@pytest.mark.parametrize("size", [(4, 9), (9, 4), (3, 3), (6, 6), (5, 2)])
def test_small_images_are_cropped_and_enlarged_as_in_keras(size):
    x = images(2, *size, 3)
    expected = keras.layers.RandomCrop(6, 6)(x, training=True)
    torch.testing.assert_close(
        layers.RandomCrop(6, 6)(x, training=True), expected, rtol=1e-5, atol=1e-3
    )


def test_in_inference_a_crop_is_the_resized_middle():
    x = images(2, 8, 4, 3)
    found = layers.RandomCrop(4, 4)(x, training=False)
    torch.testing.assert_close(found, x[:, 2:6])


# --- what cannot be --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "config", "match"),
    [
        ("RandomRotation", {"factor": 1.5}, r"RandomRotation\.factor: should be a number"),
        ("RandomRotation", {"factor": (1.5, 2)}, "range"),
        ("RandomRotation", {"factor": (0.1, 0.2, 0.3)}, "list of two numbers"),
        ("RandomRotation", {"factor": 0.1, "fill_mode": "mirror"}, "fill_mode"),
        ("RandomZoom", {"height_factor": -1.0}, "height_factor"),
        ("RandomZoom", {"height_factor": 0.1, "width_factor": 2}, "width_factor"),
        ("RandomTranslation", {"height_factor": (0.0, 1.5), "width_factor": 0}, "height_factor"),
        ("RandomContrast", {"factor": -0.1}, "factor"),
        ("RandomBrightness", {"factor": 0.5, "value_range": 3}, "value_range"),
        ("RandomBrightness", {"factor": 0.5, "value_range": (1, 2, 3)}, "list of two"),
        ("RandomPosterization", {"factor": 9}, "factor"),
        ("RandomGrayscale", {"factor": 1.5}, "factor"),
        ("RandomGaussianBlur", {"kernel_size": 4}, "odd number"),
        ("RandomGaussianBlur", {"sigma": 2.0}, "sigma"),
        ("Solarization", {"addition_factor": -0.5}, "addition_factor"),
        ("RandomColorJitter", {"hue_factor": 2.0}, "hue_factor"),
        ("RandomErasing", {"fill_value": (1, 2)}, "three numbers"),
        ("RandomFlip", {"mode": "diagonal"}, "mode"),
        ("RandomFlip", {"data_format": "channels_first"}, "channels_first"),
    ],
)
def test_what_cannot_be(name, config, match):
    with pytest.raises(ConfigError, match=match):
        getattr(layers, name)(**config)


@pytest.mark.filterwarnings("ignore:(?s).*Tensor.T is deprecated on 0-D")
def test_channels_of_one_value_stay_as_they_are():
    x = images(2, 4, 4, 2)
    x[..., 0] = 7.0
    for name in ("AutoContrast", "Equalization"):
        expected = getattr(keras.layers, name)()(x.clone(), training=True)
        found = getattr(layers, name)()(x, training=True)
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-3)


def test_parts_of_an_image_are_evened_out_each_by_itself():
    layer = layers.ContrastLimitedAdaptiveHistogramEqualization(
        (0, 1), clip_limit=40.0, tile_grid_size=2
    )
    x = images(1, 32, 32, 1, high=0.1)
    x[:, :, 16:] += 0.9
    found = layer(x)
    assert torch.equal(layer(x, training=False), found)
    assert found.shape == x.shape
    assert 0 <= found.min() < 0.05
    for half in (found[:, :, :8], found[:, :, -8:]):
        assert half.std() > 5 * x[:, :, :8].std()  # from a tenth of the range to most of it
    again = type(layer).from_config(layer.get_config())
    assert torch.equal(again(x), found)
    assert torch.equal(layer(x[0]), found[0])


def test_jitter_draws_each_change_for_each_image():
    x = images(1, 8, 8, 3).repeat(8, 1, 1, 1)
    jitter = layers.RandomColorJitter((0, 255), 0.2, 0.2, 0.4, 0.3, seed=4)
    first = jitter(x, training=True)
    assert len(torch.unique(first.flatten(1), dim=0)) == 8
    again = layers.RandomColorJitter.from_config(jitter.get_config())
    assert torch.equal(again(x, training=True), first)
    assert torch.equal(layers.RandomColorJitter()(x, training=True), x)


@pytest.mark.parametrize("name", ["MaxNumBoundingBoxes"])
def test_what_is_left_out_says_so(name):
    with pytest.raises(NotSupportedError, match=name):
        getattr(layers, name)


def test_colours_need_colours():
    with pytest.raises(ShapeError, match="3 channels"):
        layers.RandomHue(0.1)(images(2, 4, 4, 2))
    with pytest.raises(ShapeError, match="RandomFlip"):
        layers.RandomFlip()(torch.zeros(2, 3))


def test_all_are_found():
    names = {name for name, _ in DRAWN} | {"RandomCrop"}
    random = {
        name
        for name in layers.__all__
        if inspect.isclass(getattr(layers, name))
        and hasattr(getattr(layers, name), "transform_labels")
    }
    assert names <= random
