"""Keras' interface for loops by hand, for optimizers of one's own, and for schedules and files."""

import keras
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import lamina
from lamina import optimizers
from lamina.errors import ConfigError

schedules = optimizers.schedules


class Weight:
    def __init__(self, values, name="w", constraint=None):
        self.path, self.constraint = f"layer/{name}", constraint
        self.value = torch.nn.Parameter(torch.tensor(values))

    def to_keras(self, tensor):
        return tensor

    from_keras = to_keras


class OwnMomentum(optimizers.Optimizer):
    def __init__(self, learning_rate=0.1, momentum=0.9, name=None, **kwargs):
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
        self.momentum = momentum

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        self.momentums = [
            self.add_variable_from_reference(reference_variable=v, name="momentum")
            for v in variables
        ]

    def update_step(self, gradient, variable, learning_rate):
        m = self.momentums[self._get_variable_index(variable)]
        self.assign(m, m * self.momentum - gradient * learning_rate)
        self.assign_add(variable, m)

    def get_config(self):
        return {**super().get_config(), "momentum": self.momentum}


def test_an_optimizer_of_ones_own_trains_as_the_built_in_one():
    def train(optimizer):
        lamina.utils.set_random_seed(0)
        x = np.random.default_rng(0).normal(size=(32, 6, 6, 1)).astype("float32")
        model = lamina.Sequential(
            [
                lamina.Input((6, 6, 1)),
                lamina.layers.Conv2D(3, 3),
                lamina.layers.Flatten(),
                lamina.layers.Dense(1),
            ]
        )
        model.compile(optimizer, "mse")
        for _ in range(2):
            model.fit(x, x.mean((1, 2)), epochs=2, verbose=0)
        return model

    own, built_in = train(OwnMomentum()), train(optimizers.SGD(0.1, momentum=0.9))
    for a, b in zip(own.get_weights(), built_in.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
    state = own.optimizer.variables_for_file(), built_in.optimizer.variables_for_file()
    for a, b in zip(*state, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
    assert OwnMomentum.from_config(own.optimizer.get_config()).momentum == 0.9


def test_the_step_of_a_built_in_optimizer_can_be_changed():
    class Half(optimizers.Adam):
        def update_step(self, gradient, variable, learning_rate):
            super().update_step(gradient, variable, learning_rate / 2)

    a, b = Weight([1.0, 2.0]), Weight([1.0, 2.0])
    Half(0.1).apply([torch.tensor([0.3, -0.2])], [a])
    optimizers.Adam(0.05).apply([torch.tensor([0.3, -0.2])], [b])
    torch.testing.assert_close(a.value, b.value)


def test_loops_by_hand_take_tensors_and_pairs():
    weight = torch.nn.Parameter(torch.ones(3))
    optimizer = optimizers.SGD(0.5)
    assert optimizer.apply_gradients([(torch.ones(3), weight)]) == 1
    torch.testing.assert_close(weight.detach(), torch.full((3,), 0.5))
    optimizer.learning_rate.assign(0.25)
    optimizer.iterations.assign(7)
    assert [v.name for v in optimizer.variables] == ["iteration", "learning_rate"]
    assert [float(v) for v in optimizer.variables] == [7.0, 0.25]


def test_constraints_hold_after_each_update():
    weight = Weight([1.0, 0.05], constraint=lambda w: w.clamp(min=0))
    free = Weight([0.05])
    optimizers.SGD(1.0).apply([torch.tensor([0.5, 0.5]), torch.tensor([0.5])], [weight, free])
    assert weight.value.tolist() == [0.5, 0.0]
    assert free.value.tolist() == pytest.approx([-0.45])


@pytest.mark.parametrize("name", ["adam", "ADAM", "Adam", "rmsprop", "AdamW", "adafactor", "LION"])
def test_names_are_found_whatever_their_case(name):
    assert type(optimizers.get(name)).__name__.lower() == name.lower()


# Keras itself does not find its Lamb by name.
@pytest.mark.parametrize("name", [n for n in optimizers.OPTIMIZERS.names() if n != "Lamb"])
def test_keras_reads_what_serialize_writes_and_the_reverse(name):
    ours = getattr(optimizers, name)(learning_rate=0.25, clipnorm=2.0)
    theirs = keras.optimizers.deserialize(optimizers.serialize(ours))
    assert type(theirs).__name__ == name
    assert theirs.clipnorm == 2.0
    again = optimizers.deserialize(keras.optimizers.serialize(theirs))
    assert again.get_config() == ours.get_config()


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_schedules_equal_keras(data):
    draw = data.draw
    rate, steps = draw(st.sampled_from([0.1, 1.0])), draw(st.sampled_from([7, 10]))
    kind, config = draw(
        st.sampled_from(
            [
                (
                    "InverseTimeDecay",
                    {"decay_steps": steps, "decay_rate": 0.7, "staircase": draw(st.booleans())},
                ),
                (
                    "PolynomialDecay",
                    {
                        "decay_steps": steps,
                        "power": draw(st.sampled_from([1.0, 0.5, 2.0])),
                        "cycle": draw(st.booleans()),
                    },
                ),
                (
                    "CosineDecayRestarts",
                    {
                        "first_decay_steps": steps,
                        "t_mul": draw(st.sampled_from([1.0, 1.5])),
                        "m_mul": draw(st.sampled_from([1.0, 0.8])),
                        "alpha": draw(st.sampled_from([0.0, 0.1])),
                    },
                ),
            ]
        )
    )
    ours = getattr(schedules, kind)(rate, **config)
    theirs = getattr(keras.optimizers.schedules, kind)(rate, **config)
    for step in range(60):
        assert ours(step) == pytest.approx(float(theirs(step)), rel=2e-5, abs=1e-6)
    assert ours.get_config() == pytest.approx(theirs.get_config())


def test_one_cycle_is_that_of_torch():
    parameter = torch.nn.Parameter(torch.zeros(1))
    sgd = torch.optim.SGD([parameter], lr=1.0)
    theirs = torch.optim.lr_scheduler.OneCycleLR(sgd, max_lr=0.5, total_steps=40)
    ours = schedules.OneCycle(0.5, 40)
    for step in range(40):
        assert ours(step) == pytest.approx(sgd.param_groups[0]["lr"], rel=1e-6)
        sgd.step()
        if step < 39:
            theirs.step()


def test_loss_scaling_equals_keras():
    ours = optimizers.LossScaleOptimizer(optimizers.SGD(0.5), 64.0, dynamic_growth_steps=3)
    theirs = keras.optimizers.LossScaleOptimizer(
        keras.optimizers.SGD(0.5), initial_scale=64.0, dynamic_growth_steps=3
    )
    weight, variable = Weight([1.0, 2.0]), keras.Variable([1.0, 2.0])
    for gradient in (
        [1.0, 2.0],
        [3.0, 1.0],
        [np.inf, 1.0],
        [1.0, 1.0],
        [2.0, 1.0],
        [1.0, 0.5],
        [1.0, 1.0],
    ):
        ours.apply([torch.tensor(gradient)], [weight])
        theirs.apply([torch.tensor(gradient)], [variable])
        np.testing.assert_allclose(weight.value.detach(), variable.numpy())
        for a, b in zip(ours.variables_for_file(), theirs.variables, strict=True):
            np.testing.assert_allclose(a, b.numpy())
    assert float(ours.scale_loss(torch.tensor(1.0))) == float(theirs.scale_loss(1.0))
    with pytest.raises(ConfigError, match="inner optimizer"):
        optimizers.LossScaleOptimizer(optimizers.SGD(), clipnorm=1.0)


def test_schedule_free_steps_are_those_of_the_paper():
    rate, beta_1, beta_2, epsilon, warmup = 0.1, 0.8, 0.99, 1e-8, 4
    optimizer = optimizers.ScheduleFreeAdamW(rate, beta_1, beta_2, epsilon, warmup_steps=warmup)
    weight = Weight([1.0, -2.0, 0.5])
    y = z = x = np.array([1.0, -2.0, 0.5])
    v = np.zeros(3)
    rng = np.random.default_rng(0)
    for step in range(1, 101):
        g = rng.normal(size=3)
        optimizer.apply([torch.tensor(g, dtype=torch.float32)], [weight])
        v = beta_2 * v + (1 - beta_2) * g**2
        scale = rate * min(step / warmup, 1) / (np.sqrt(v / (1 - beta_2**step)) + epsilon)
        z = z - scale * g
        x = (1 - 1 / step) * x + z / step
        y = (1 - beta_1) * z + beta_1 * x
    np.testing.assert_allclose(weight.value.detach(), y, rtol=1e-4, atol=1e-5)


FILED = [*optimizers.OPTIMIZERS.names(), "LossScaleOptimizer"]


def options_of(module, name):
    if name == "LossScaleOptimizer":
        return module.LossScaleOptimizer(module.Adam(0.01), initial_scale=8.0)
    momentum = {"momentum": 0.9} if name in ("SGD", "RMSprop") else {}
    return getattr(module, name)(learning_rate=0.01, **momentum)


@pytest.mark.parametrize("name", FILED)
@pytest.mark.filterwarnings("ignore:.*:DeprecationWarning")
def test_training_goes_on_through_a_file_in_either_direction(name, tmp_path):
    x = np.random.default_rng(0).normal(size=(24, 5)).astype("float32")
    y = x[:, :2]

    def model_of(library):
        return library.Sequential(
            [
                library.layers.Input((5,)),
                library.layers.Dense(4, name="a"),
                library.layers.Dense(2, name="b"),
            ]
        )

    fit = {"epochs": 2, "batch_size": 8, "shuffle": False, "verbose": 0}
    ours = model_of(lamina)
    ours.compile(options_of(optimizers, name), "mse")
    ours.fit(x, y, **fit)
    ours.save(tmp_path / "ours.keras")
    theirs = keras.models.load_model(tmp_path / "ours.keras")
    for a, b in zip(ours.optimizer.variables_for_file(), theirs.optimizer.variables, strict=True):
        np.testing.assert_allclose(a, b.numpy(), rtol=1e-6, atol=1e-9)
    theirs.save(tmp_path / "theirs.keras")
    again = lamina.models.load_model(tmp_path / "theirs.keras")
    for a, b in zip(
        ours.optimizer.variables_for_file(), again.optimizer.variables_for_file(), strict=True
    ):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-8)
    ours.fit(x, y, **fit)
    again.fit(x, y, **fit)
    for a, b in zip(ours.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    if name != "ScheduleFreeAdamW":
        theirs.fit(x, y, **fit)
        for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
