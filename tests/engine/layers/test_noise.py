"""Noise while training: what it leaves as it is on average, what it shares, and whose seed it follows."""

from __future__ import annotations

import keras
import pytest
import torch

from lamina import layers
from lamina.errors import ConfigError, ShapeError
from lamina.layer import Layer

SHAPES = {1: (400, 5, 16), 2: (400, 3, 4, 16), 3: (400, 2, 3, 2, 16)}


def in_training(made: Layer, x: torch.Tensor) -> torch.Tensor:
    return made(x, training=True)


@pytest.mark.parametrize("seed", [None, 7])
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_spatial_dropout_drops_whole_channels(rank: int, seed: int | None) -> None:
    torch.manual_seed(0)
    x = torch.ones(SHAPES[rank])
    y = in_training(getattr(layers, f"SpatialDropout{rank}D")(rate=0.25, seed=seed), x)
    channels = y.flatten(1, -2)
    assert (channels == channels[:, :1]).all()
    assert sorted(y.unique().tolist()) == pytest.approx([0, 4 / 3])
    assert (y == 0).float().mean().item() == pytest.approx(0.25, abs=0.03)


@pytest.mark.parametrize("seed", [None, 7])
@pytest.mark.parametrize(
    ("name", "config", "mean", "deviation"),
    [
        ("GaussianNoise", {"stddev": 0.5}, 2.0, 0.5),
        ("GaussianDropout", {"rate": 0.2}, 2.0, 1.0),
    ],
)
def test_gaussian_noise_has_the_mean_and_deviation_it_says(
    name: str, config: dict[str, float], mean: float, deviation: float, seed: int | None
) -> None:
    torch.manual_seed(0)
    y = in_training(getattr(layers, name)(**config, seed=seed), torch.full((200, 200), 2.0))
    assert y.mean().item() == pytest.approx(mean, abs=0.02)
    assert y.std().item() == pytest.approx(deviation, abs=0.02)


@pytest.mark.parametrize("seed", [None, 7])
def test_alpha_dropout_keeps_mean_and_variance(seed: int | None) -> None:
    torch.manual_seed(0)
    x = torch.randn(300, 300)
    y = in_training(layers.AlphaDropout(0.3, seed=seed), x)
    assert y.mean().item() == pytest.approx(0.0, abs=0.02)
    assert y.std().item() == pytest.approx(1.0, abs=0.02)
    assert y.mode().values.unique().numel() == 1, "what is dropped has one value"


@pytest.mark.parametrize(
    ("name", "amount"),
    [("GaussianNoise", 0.5), ("GaussianDropout", 0.5), ("AlphaDropout", 0.5)],
)
def test_a_seed_of_its_own_gives_the_same_noise_again(name: str, amount: float) -> None:
    x = torch.randn(4, 5)
    first, second = (in_training(getattr(layers, name)(amount, seed=3), x) for _ in range(2))
    torch.testing.assert_close(first, second, rtol=0, atol=0)
    assert not torch.equal(first, x)


@pytest.mark.parametrize("seed", [None, 7])
@pytest.mark.parametrize("noise_shape", [(None, 1, 40), [None, 6, 1], (1, 1, 40), (300, 1, 1)])
@pytest.mark.parametrize("name", ["Dropout", "AlphaDropout"])
def test_noise_is_the_same_along_axes_of_size_1_as_in_keras(
    name: str, noise_shape: tuple[int | None, ...], seed: int | None
) -> None:
    torch.manual_seed(0)
    x = torch.ones(300, 6, 40)
    ours = in_training(getattr(layers, name)(0.25, noise_shape, seed=seed), x)
    theirs = getattr(keras.layers, name)(0.25, noise_shape, seed=7)(x, training=True)
    for y in (ours, theirs):
        for axis, size in enumerate(noise_shape):
            first = y.narrow(axis, 0, 1)
            assert bool((y == first).all()) == (size == 1), axis
    assert ours.unique().tolist() == pytest.approx(theirs.unique().tolist(), abs=1e-5)
    if noise_shape[0] != 1:  # enough are drawn to tell the rate
        dropped = ours.unique()[0]
        assert (ours == dropped).float().mean().item() == pytest.approx(0.25, abs=0.06)


@pytest.mark.parametrize("name", ["Dropout", "AlphaDropout"])
def test_a_noise_shape_that_does_not_fit_is_refused(name: str) -> None:
    made = getattr(layers, name)
    for wrong in ((None, 1), (None, 2, 4), (None, 1, 1, 1)):
        with pytest.raises(ShapeError, match="noise_shape"):
            made(0.5, wrong)(torch.ones(2, 3, 4))
    for wrong in ("abc", (0, 1), (1.5,)):
        with pytest.raises(ConfigError, match="noise_shape"):
            made(0.5, wrong)
