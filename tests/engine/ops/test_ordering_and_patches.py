"""Order, names of axes, patches and CTC against real Keras."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import torch

import lamina
from lamina import ops
from lamina.errors import ConfigError, ShapeError

random = np.random.default_rng(4)
IMAGES = random.normal(size=(2, 6, 7, 3)).astype("float32")
VOLUMES = random.normal(size=(2, 4, 5, 4, 2)).astype("float32")


def same(ours: Any, theirs: Any) -> None:
    theirs = theirs if isinstance(theirs, tuple) else (theirs,)
    ours = ours if isinstance(ours, tuple) else (ours,)
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, keras.ops.convert_to_numpy(b), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "args", "options"),
    [
        ("image.extract_patches", (IMAGES, 2), {}),
        ("image.extract_patches", (IMAGES[0], (2, 3)), {"strides": 1, "padding": "same"}),
        ("image.extract_patches", (IMAGES, 2), {"strides": 1, "dilation_rate": 2}),
        ("image.extract_patches", (IMAGES, 2), {"data_format": "channels_first"}),
        ("image.extract_patches", (VOLUMES, (2, 2, 1)), {}),
        ("image.extract_patches_3d", (VOLUMES, 2), {"strides": (1, 2, 2)}),
        ("image.gaussian_blur", (IMAGES,), {"data_format": "channels_last"}),
        ("image.gaussian_blur", (IMAGES[0], (5, 5), (0.7, 1.5)), {"data_format": "channels_last"}),
        ("image.sobel_edges", (IMAGES,), {}),
        ("image.sobel_edges", (IMAGES,), {"data_format": "channels_first"}),
        ("unique", (np.array([[3, 1], [3, 2]]),), {"return_counts": True}),
        ("unique", (np.array([3, 1, 3, 2]),), {"return_index": True, "return_inverse": True}),
        ("unique", (np.array([3, 1, 3]),), {"size": 4, "fill_value": 9, "return_counts": True}),
        ("unique", (np.array([[3, 1], [3, 1]]),), {"axis": 0}),
        ("unique", (np.array([3, 1, 2]),), {"size": 2}),
        ("rearrange", (IMAGES, "b h w c -> b (h w) c"), {}),
        ("rearrange", (IMAGES, "b (h s) w c -> b h (s c) w"), {"s": 2}),
        ("view", (np.array([1.5, 2.0], "float32"), "int32"), {}),
        ("view", (np.array([1, 2], "int32"), "uint8"), {}),
        (
            "ctc_loss",
            (np.array([[1, 2], [2, 0]]), random.normal(size=(2, 5, 4)).astype("float32")),
            {"target_length": np.array([2, 1]), "output_length": np.array([5, 4])},
        ),
    ],
)
def test_equal_to_keras(name: str, args: Any, options: Any) -> None:
    theirs, ours = keras.ops, ops
    for part in name.split("."):
        theirs, ours = getattr(theirs, part), getattr(ours, part)
    same(ours(*args, **options), theirs(*args, **options))


@pytest.mark.parametrize("kth", [0, 2, 5])
def test_a_partition_stands_where_sorting_would_put_it(kth: int) -> None:
    x = random.integers(0, 9, (3, 6))
    order = ops.argpartition(x, kth).numpy()
    assert order.dtype == np.int32
    parted = np.take_along_axis(x, order, -1)
    np.testing.assert_array_equal(parted[:, kth], np.sort(x)[:, kth])
    assert (parted[:, :kth] <= parted[:, kth : kth + 1]).all()
    assert ops.argpartition(x, kth, axis=None).shape == (18,)


def test_they_are_nodes_of_a_graph() -> None:
    x = lamina.Input((6, 7, 3))
    patches = ops.image.extract_patches(x, 3)
    assert patches.shape == (None, 2, 2, 27)
    rows = ops.rearrange(patches, "b h w c -> b (h w) c")
    assert rows.shape == (None, 4, 27)
    found = lamina.Model(x, rows).predict(IMAGES, verbose=0)
    expected = ops.image.extract_patches(torch.tensor(IMAGES), 3).flatten(1, 2)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_what_does_not_fit_is_said_in_words() -> None:
    with pytest.raises(ConfigError, match="does not name the 4 axes"):
        ops.rearrange(IMAGES, "b h w -> b w h")
    with pytest.raises(ConfigError, match="does not split an axis of 7"):
        ops.rearrange(IMAGES, "b h (w s) c -> b h w s c", s=2)
    with pytest.raises(ConfigError, match="the same axes"):
        ops.rearrange(IMAGES, "b h w c -> b h w")
    with pytest.raises(ConfigError, match="size is a whole number"):
        ops.image.extract_patches(IMAGES, (1, 2, 3, 4))
    with pytest.raises(ShapeError, match="batch of them"):
        ops.image.gaussian_blur(IMAGES[0, 0])
