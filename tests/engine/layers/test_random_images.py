"""Layers that change images at random: what they may do, and what a seed decides."""

import pytest
import torch

from lamina.layers import RandomFlip

IMAGES = torch.arange(64 * 2 * 3, dtype=torch.float32).reshape(64, 2, 3, 1)


@pytest.mark.parametrize(
    ("mode", "ways"),
    [
        ("horizontal", [(2,)]),
        ("vertical", [(1,)]),
        ("horizontal_and_vertical", [(1,), (2,), (1, 2)]),
    ],
)
def test_flip_gives_each_mirror_image_and_nothing_else(mode, ways):
    out = RandomFlip(mode, seed=1)(IMAGES, training=True)
    allowed = [(), *ways]
    counts = [0] * len(allowed)
    for x, y in zip(IMAGES, out, strict=True):
        same = [torch.equal(x.flip([a - 1 for a in axes]) if axes else x, y) for axes in allowed]
        assert sum(same) == 1
        counts[same.index(True)] += 1
    assert min(counts) >= 64 / len(allowed) / 2


def test_flip_is_nothing_in_inference_and_the_same_under_a_seed():
    assert torch.equal(RandomFlip(seed=1)(IMAGES), IMAGES)
    first, second = (RandomFlip(seed=3)(IMAGES, training=True) for _ in range(2))
    assert torch.equal(first, second)
    torch.manual_seed(0)
    unseeded = RandomFlip()(IMAGES, training=True)
    torch.manual_seed(0)
    assert torch.equal(unseeded, RandomFlip()(IMAGES, training=True))
