"""Random numbers: their distributions, not their bits; seeds that repeat and streams that go on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats

from lamina import random
from lamina.errors import ConfigError, ShapeError
from lamina.seeds import set_random_seed

DRAWS: dict[str, tuple[Any, Any]] = {
    "normal": (lambda **k: random.normal((4000,), 1.0, 2.0, **k), stats.norm(1, 2)),
    "uniform": (lambda **k: random.uniform((4000,), -1.0, 3.0, **k), stats.uniform(-1, 4)),
    "truncated_normal": (
        lambda **k: random.truncated_normal((4000,), 1.0, 2.0, **k),
        stats.truncnorm(-2, 2, 1, 2),
    ),
    "beta": (lambda **k: random.beta((4000,), 2.0, 0.5, **k), stats.beta(2, 0.5)),
    "gamma": (lambda **k: random.gamma((4000,), 1.5, **k), stats.gamma(1.5)),
}


@pytest.mark.parametrize("name", DRAWS)
def test_fractions_are_distributed_as_named(name: str) -> None:
    draw, distribution = DRAWS[name]
    values = draw(seed=5)
    assert values.dtype == torch.float32
    assert draw(seed=5, dtype="float16").dtype == torch.float16
    assert stats.kstest(values.numpy(), distribution.cdf).pvalue > 1e-3


@pytest.mark.parametrize(
    "draw",
    [
        *(draw for draw, _ in DRAWS.values()),
        lambda **k: random.randint((50,), 0, 99, **k),
        lambda **k: random.categorical(np.zeros((2, 9), "float32"), 20, **k),
        lambda **k: random.shuffle(np.arange(50), **k),
        lambda **k: random.dropout(np.ones(50, "float32"), 0.5, **k),
        lambda **k: random.binomial((50,), 9.0, 0.5, **k),
    ],
)
def test_seeds_repeat_and_streams_go_on(draw: Any) -> None:
    assert draw(seed=1).equal(draw(seed=1))
    assert not draw(seed=1).equal(draw(seed=2))
    first, second = random.SeedGenerator(3), random.SeedGenerator(3)
    one, other = draw(seed=first), draw(seed=first)
    assert not one.equal(other)
    assert one.equal(draw(seed=second))
    assert other.equal(draw(seed=second))
    third = random.SeedGenerator(3)
    assert one.equal(draw(seed=third.next()))
    assert other.equal(draw(seed=third.next().numpy()))
    set_random_seed(7)
    free = draw()
    assert not free.equal(draw())
    set_random_seed(7)
    assert free.equal(draw())


def test_whole_numbers_and_shares() -> None:
    whole = random.randint((3000,), -2, 3, seed=1)
    assert whole.dtype == torch.int32
    assert np.allclose(np.bincount(whole + 2) / 3000, 0.2, atol=0.03)
    shares = np.array([[0.1, 0.6, 0.3]], "float32")
    classes = random.categorical(np.log(shares), 3000, seed=1)
    assert classes.shape == (1, 3000)
    assert np.allclose(np.bincount(classes[0]) / 3000, shares[0], atol=0.03)
    tries = random.binomial((3000,), 10.0, 0.3, seed=1)
    assert float(tries.mean()) == pytest.approx(3.0, abs=0.15)
    kept = random.dropout(np.ones((1000, 3), "float32"), 0.25, noise_shape=(None, 1), seed=2)
    assert set(kept.unique().tolist()) == {0.0, float(np.float32(1 / 0.75))}
    assert kept[:, 0].equal(kept[:, 2])
    assert float(kept.mean()) == pytest.approx(1.0, abs=0.06)
    mixed = random.shuffle(np.arange(12).reshape(3, 4), axis=1, seed=3)
    assert sorted(mixed[0].tolist()) == [0, 1, 2, 3]
    assert (mixed - mixed[0]).unique().tolist() == [0, 4, 8]


def test_a_stream_is_configured() -> None:
    stream = random.SeedGenerator(5, name="noise")
    assert stream.next().tolist() == [5, 0]
    assert stream.next().tolist() == [5, 1]
    again = random.SeedGenerator.from_config(stream.get_config())
    assert (again.seed, again.name) == (5, "noise")


def test_wrong_seeds_and_types_are_said_in_words() -> None:
    with pytest.raises(ConfigError, match=r"a SeedGenerator or what its next\(\) gave, got str"):
        random.normal((2,), seed="x")
    with pytest.raises(ConfigError, match="got Tensor"):
        random.normal((2,), seed=torch.zeros(3, dtype=torch.int64))
    with pytest.raises(ConfigError, match=r"whole number, got 0\.5"):
        random.SeedGenerator(0.5)
    with pytest.raises(ConfigError, match="dtype of fractions, got 'int32'"):
        random.uniform((2,), dtype="int32")
    with pytest.raises(ConfigError, match="dtype of whole numbers"):
        random.randint((2,), 0, 3, dtype="float32")
    with pytest.raises(ShapeError, match=r"\(batch, classes\), got \(3,\)"):
        random.categorical(np.zeros(3, "float32"), 2)
