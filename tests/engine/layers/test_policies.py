"""RandAugment, AugMix, RandomElasticTransform and Pipeline: what is drawn, and what Keras makes of the same draw."""

import keras
import numpy as np
import pytest
import torch

import lamina
from lamina import layers

RANDOM = np.random.default_rng(0)
KERAS_NAMES = {
    "RandomShear": "random_shear",
    "RandomTranslation": "random_translation",
    "RandomRotation": "random_rotation",
    "RandomBrightness": "random_brightness",
    "RandomColorDegeneration": "random_color_degeneration",
    "RandomContrast": "random_contrast",
    "RandomSharpness": "random_sharpness",
    "RandomPosterization": "random_posterization",
    "Solarization": "solarization",
    "AutoContrast": "auto_contrast",
    "Equalization": "equalization",
}


def images(count=4, size=(8, 9), channels=3):
    return torch.tensor(RANDOM.uniform(0, 255, (count, *size, channels)).astype("float32"))


def assert_nearly_all_close(actual, expected):
    """Posterization makes a whole step of what interpolation rounded otherwise, in few places."""
    is_close = torch.isclose(actual, expected, rtol=1e-4, atol=5e-3)
    assert is_close.float().mean() > 0.995


def in_keras(ours, theirs, x, step):
    """What a layer of Keras makes of one step of ours: the same part with the same draw."""
    index, drawn = step
    part = ours.__dict__["parts"][index]
    inner = getattr(theirs, KERAS_NAMES[type(part).__name__])
    taken = dict(drawn)
    if type(part).__name__ == "RandomRotation":
        zeros, ones = torch.zeros(len(x)), torch.ones(len(x))
        taken = {
            "rotation_matrix": inner._compute_affine_matrix(
                0.5, 0.5, drawn["angle"], zeros, zeros, ones, zeros, zeros, *x.shape[1:3]
            )
        }
    if type(part).__name__ == "RandomPosterization":
        taken["shift_factor"] = drawn["shift_factor"].to(torch.uint8)
    return inner.transform_images(x, taken)


@pytest.mark.filterwarnings("ignore:(?s).*Tensor.T is deprecated on 0-D")
@pytest.mark.parametrize("factor", [0.4, (0.2, 0.9)])
def test_rand_augment_equals_keras_with_the_same_draw(factor):
    ours, theirs = (
        layers.RandAugment(num_ops=3, factor=factor, seed=1),
        keras.layers.RandAugment(factor=factor),
    )
    seen = set()
    for _ in range(30):
        x = images()
        drawn = ours.draw(x)
        expected = x.clone()
        for step in drawn["steps"]:
            seen.add(step[0])
            expected = in_keras(ours, theirs, expected, step)
        assert_nearly_all_close(ours.transform_images(x, drawn), expected.float())
    assert seen == set(range(len(KERAS_NAMES)))


@pytest.mark.filterwarnings("ignore:(?s).*Tensor.T is deprecated on 0-D")
@pytest.mark.parametrize("all_ops", [True, False])
def test_aug_mix_equals_keras_with_the_same_draw(all_ops):
    config = {"num_chains": 2, "chain_depth": 2, "factor": 0.5, "all_ops": all_ops}
    ours, theirs = layers.AugMix(**config, seed=1), keras.layers.AugMix(**config)
    for _ in range(20):
        x = images()
        drawn = ours.draw(x)
        shares, own = drawn["chain_mixing_weights"], drawn["weight_sample"]
        assert float(shares.sum()) == pytest.approx(1, rel=1e-5)
        mixed = torch.zeros_like(x)
        for share, steps in zip(shares, drawn["chains"], strict=True):
            part = x.clone()
            for step in steps:
                part = in_keras(ours, theirs, part, step)
            mixed += share * part
        expected = (own * x + (1 - own) * mixed).clamp(0, 255)
        assert_nearly_all_close(ours.transform_images(x, drawn), expected)


@pytest.mark.parametrize("name", ["RandAugment", "AugMix", "RandomElasticTransform"])
def test_a_seed_repeats_the_draws_and_inference_changes_nothing(name):
    x = images(6)
    make = getattr(layers, name)
    first, second = (make(seed=3)(x, training=True) for _ in range(2))
    torch.testing.assert_close(first, second, rtol=0, atol=0)
    assert any(not torch.equal(make(seed=seed)(x, training=True), first) for seed in range(4, 9))
    layer = make(seed=3)
    assert torch.equal(layer(x, training=False), x)
    assert any(not torch.equal(layer(x, training=True), x) for _ in range(6))
    again = make.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    theirs = getattr(keras.layers, name).from_config(layer.get_config())
    assert (
        theirs.get_config()["factor"]
        == keras.layers.deserialize(
            keras.layers.serialize(getattr(keras.layers, name)())
        ).get_config()["factor"]
    )


def test_masks_bend_with_their_images():
    masks = torch.arange(20.0).reshape(1, 4, 5, 1).repeat(3, 1, 1, 1)
    layer = layers.RandomElasticTransform(interpolation="nearest", seed=1)
    out = layer({"images": masks.repeat(1, 1, 1, 3), "segmentation_masks": masks}, training=True)
    torch.testing.assert_close(out["images"][..., :1], out["segmentation_masks"])


def test_a_pipeline_is_its_layers_one_after_the_other():
    x = images()
    parts = [
        layers.RandomFlip(seed=1),
        layers.RandomContrast(0.3, seed=2),
        layers.Rescaling(1 / 255),
    ]
    pipeline = layers.Pipeline(parts)
    again = layers.Pipeline.from_config(pipeline.get_config())
    expected = x
    for one in again.layers:
        expected = (
            one(expected, training=True) if "training" in one.call_parameters else one(expected)
        )
    torch.testing.assert_close(pipeline(x, training=True), expected)
    torch.testing.assert_close(pipeline(x, training=False), x / 255)
    theirs = keras.layers.Pipeline.from_config(pipeline.get_config())
    assert [type(one).__name__ for one in theirs.layers] == [type(one).__name__ for one in parts]
    np.testing.assert_allclose(theirs(x, training=False), x / 255, rtol=1e-6)


def test_a_pipeline_takes_data_with_targets():
    data = {"images": images(), "labels": torch.eye(4)}
    out = layers.Pipeline([layers.RandomFlip(seed=1), layers.MixUp(seed=2)])(data, training=True)
    assert out["images"].shape == (4, 8, 9, 3)
    assert out["labels"].sum(1).allclose(torch.ones(4))


def test_a_pipeline_stands_in_a_model_and_its_file(tmp_path):
    model = lamina.Sequential(
        [
            lamina.Input((8, 9, 3)),
            layers.Pipeline([layers.RandomFlip(), layers.Rescaling(1 / 255)]),
            layers.GlobalAveragePooling2D(),
            layers.Dense(2),
        ]
    )
    model.compile("sgd", "mse")
    x = images().numpy()
    model.fit(x, np.ones((4, 2)), verbose=0)
    model.save(tmp_path / "model.keras")
    expected = model.predict(x, verbose=0)
    for library in (lamina, keras):
        again = library.models.load_model(tmp_path / "model.keras")
        np.testing.assert_allclose(again.predict(x, verbose=0), expected, rtol=1e-5, atol=1e-7)


def test_what_is_no_layer_is_an_error():
    with pytest.raises(ValueError, match="Pipeline is made of layers, got int"):
        layers.Pipeline([3])
    with pytest.raises(ValueError, match="list of `layers`"):
        layers.Pipeline.from_config({"name": "x"})


@pytest.mark.parametrize(
    ("config", "match"),
    [
        ({"window": "nonsense"}, "window"),
        ({"frame_length": 4, "frame_step": 5}, "frame_step"),
        ({"frame_length": 8, "fft_length": 4}, "fft_length"),
        ({"mode": "loud"}, "mode"),
    ],
)
def test_a_spectrogram_that_cannot_be_is_an_error(config, match):
    with pytest.raises(ValueError, match=match):
        layers.STFTSpectrogram(**config)


@pytest.mark.parametrize("shape", [(900,), (2, 900)])
def test_a_mel_spectrogram_of_one_sound_or_several(shape):
    sound = RANDOM.normal(size=shape).astype("float32")
    config = {"num_mel_bins": 8, "sampling_rate": 8000, "sequence_stride": 64, "fft_length": 256}
    mine = layers.MelSpectrogram(**config)(sound)
    np.testing.assert_allclose(
        mine, keras.layers.MelSpectrogram(**config)(sound), rtol=1e-3, atol=1e-3
    )


def test_a_spectrogram_begins_as_a_fourier_transform():
    sound = RANDOM.normal(size=(2, 60, 2)).astype("float32")
    for mode in ("log", "psd", "stft"):
        config = {"mode": mode, "frame_length": 16, "frame_step": 5, "window": np.hanning(16)}
        mine = layers.STFTSpectrogram(**config)(sound)
        there = keras.layers.STFTSpectrogram(**config)(sound)
        np.testing.assert_allclose(mine.detach(), there.detach(), rtol=1e-3, atol=1e-3)
