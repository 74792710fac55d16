"""Callbacks that keep, restore or try out the state of a training."""

import math

import numpy as np
import pytest

import lamina
from lamina import callbacks
from lamina.errors import ConfigError


class Interrupted(Exception):
    pass


class Interrupt(callbacks.Callback):
    """Ends the process, as it were, at a batch counted over all epochs."""

    def __init__(self, at):
        super().__init__()
        self.at = at

    def on_train_batch_end(self, batch, logs=None):
        self.at -= 1
        if self.at == 0:
            raise Interrupted


def train(*given, epochs=4, optimizer="adam"):
    lamina.utils.set_random_seed(3)
    x = np.random.default_rng(0).normal(size=(20, 3)).astype("float32")
    model = lamina.Sequential(
        [lamina.Input((3,)), lamina.layers.Dropout(0.3), lamina.layers.Dense(1, name="out")]
    )
    model.compile(optimizer, "mse")
    history = model.fit(x, x[:, :1], batch_size=4, epochs=epochs, verbose=0, callbacks=list(given))
    return model, history


@pytest.mark.parametrize(("save_freq", "at"), [("epoch", 12), (1, 12), (2, 9), (5, 11)])
def test_an_interrupted_training_goes_on_as_if_it_had_not_been(tmp_path, save_freq, at):
    straight, _ = train()
    folder = tmp_path / "backup"

    def backup():
        return callbacks.BackupAndRestore(folder, save_freq=save_freq)

    with pytest.raises(Interrupted):
        train(backup(), Interrupt(at))
    assert folder.is_dir()
    resumed, history = train(backup())
    assert history.epoch == list(range({"epoch": 2, 1: 2, 2: 1, 5: 2}[save_freq], 4))
    for a, b in zip(straight.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert int(resumed.optimizer.iterations) == 20
    assert not folder.exists()


def test_a_damaged_backup_falls_back_on_the_one_before(tmp_path):
    def backup():
        return callbacks.BackupAndRestore(tmp_path, double_checkpoint=True, delete_checkpoint=False)

    with pytest.raises(Interrupted):
        train(backup(), Interrupt(18))
    newest = max(tmp_path.glob("*.weights.h5"))
    newest.write_bytes(b"damaged")
    _, history = train(backup())
    assert history.epoch == [2, 3]


def test_averages_are_evaluated_but_not_trained_on():
    class Look(callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.seen = self.model.get_weights()

    def averaged():
        return lamina.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5)

    plain, _ = train(optimizer=averaged())
    look = Look()
    swapped, _ = train(callbacks.SwapEMAWeights(swap_on_epoch=True), look, optimizer=averaged())
    for a, b, c in zip(plain.get_weights(), swapped.get_weights(), look.seen, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)
        np.testing.assert_allclose(a, c, rtol=1e-6)
    with pytest.raises(ConfigError, match="use_ema=True"):
        train(callbacks.SwapEMAWeights())


def test_the_finder_suggests_a_rate_and_leaves_no_trace():
    finder = callbacks.LearningRateFinder(min_lr=1e-4, max_lr=100.0, steps=60)
    lamina.utils.set_random_seed(3)
    x = np.random.default_rng(0).normal(size=(40, 3)).astype("float32")
    model = lamina.Sequential([lamina.Input((3,)), lamina.layers.Dense(1)])
    model.compile(lamina.optimizers.SGD(0.25), "mse")
    before = model.get_weights()
    model.fit(x, x[:, :1], batch_size=20, epochs=40, verbose=0, callbacks=[finder])
    assert 1e-3 < finder.suggestion < 10
    assert len(finder.rates) == len(finder.losses) < 60  # it ran away before the last rate
    assert all(map(math.isfinite, finder.losses))
    assert model.optimizer.learning_rate == 0.25
    assert model.optimizer.iterations == 0
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_what_cannot_be_is_refused():
    with pytest.raises(ConfigError, match="for JAX"):
        callbacks.OrbaxCheckpoint("somewhere")
    with pytest.raises(ConfigError, match="backup_dir is empty"):
        callbacks.BackupAndRestore("")
    with pytest.raises(ConfigError, match="above min_lr"):
        callbacks.LearningRateFinder(min_lr=1.0, max_lr=0.5)
