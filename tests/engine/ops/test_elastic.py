"""`elastic_transform`: what is drawn cannot equal Keras' numbers, so what must hold of every draw."""

import keras
import numpy as np
import pytest

from lamina import ops
from lamina.seed_generator import SeedGenerator

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.random((4, 24, 20, 3)).astype("float32")


@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
def test_without_force_nothing_moves(interpolation):
    out = ops.image.elastic_transform(IMAGES, alpha=0.0, interpolation=interpolation)
    np.testing.assert_allclose(out, IMAGES, atol=0.0 if interpolation == "nearest" else 2e-6)


def test_a_seed_decides():
    first, again = (ops.image.elastic_transform(IMAGES, seed=3) for _ in range(2))
    assert first.equal(again)
    assert not first.equal(ops.image.elastic_transform(IMAGES, seed=4))
    stream = SeedGenerator(3)
    drawn = [ops.image.elastic_transform(IMAGES, seed=stream) for _ in range(2)]
    assert not drawn[0].equal(drawn[1])


@pytest.mark.parametrize("dtype", ["float32", "uint8"])
@pytest.mark.parametrize("order", ["channels_last", "channels_first"])
def test_shapes_and_types_stay(dtype, order):
    images = (IMAGES * 255).astype(dtype)
    images = images if order == "channels_last" else images.transpose(0, 3, 1, 2)
    for given in (images, images[0]):
        out = ops.image.elastic_transform(given, data_format=order)
        assert tuple(out.shape) == given.shape
        assert out.numpy().dtype == dtype
        assert out.min() >= given.min()
        assert out.max() <= given.max()


def test_pixels_move_as_far_as_in_keras():
    ramp = np.broadcast_to(np.arange(64.0)[None, None, :, None], (48, 64, 64, 1)).astype("float32")
    keras.utils.set_random_seed(0)
    there = keras.ops.image.elastic_transform(ramp, alpha=20.0, sigma=5.0).detach().numpy()
    mine = ops.image.elastic_transform(ramp, alpha=20.0, sigma=5.0, seed=1).numpy()
    moved, expected = (np.std((out - ramp)[:, 16:48, 16:48]) for out in (mine, there))
    assert moved == pytest.approx(expected, rel=0.1)


def test_a_graph_knows_its_shape():
    from lamina import Input

    assert ops.image.elastic_transform(Input((8, 9, 3))).shape == (None, 8, 9, 3)
