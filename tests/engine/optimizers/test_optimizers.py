"""A hundred steps of every optimizer against real Keras, over drawn options."""

import re

import keras
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from lamina import optimizers
from lamina.errors import ConfigError

STEPS = 100
# Keras' own ScheduleFreeAdamW is right on other backends only; it has a test of its own.
NAMES = [name for name in optimizers.OPTIMIZERS.names() if name != "ScheduleFreeAdamW"]
SHAPES = [(3, 4), (4,), (2, 1, 3, 5)]
GENERAL = {
    "weight_decay": st.sampled_from([None, 0.01]),
    "clip": st.sampled_from([{}, {"clipnorm": 0.5}, {"clipvalue": 0.2}, {"global_clipnorm": 1.0}]),
    "ema": st.sampled_from(
        [{}, {"use_ema": True, "ema_momentum": 0.9, "ema_overwrite_frequency": 7}]
    ),
    "accumulation": st.sampled_from([{}, {"gradient_accumulation_steps": 3}]),
    "scale": st.sampled_from([{}, {"loss_scale_factor": 8.0}]),
}


class Weight:
    """A variable whose layout in torch is the reverse of Keras'."""

    def __init__(self, array, path):
        self.path = path
        self.value = torch.nn.Parameter(
            self.from_keras(torch.from_numpy(array.copy())).contiguous()
        )

    def to_keras(self, tensor):
        return tensor.permute(*reversed(range(tensor.dim())))

    from_keras = to_keras

    def numpy(self):
        return self.to_keras(self.value.detach()).numpy()


def start(seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape).astype("float32") for shape in SHAPES]


def gradients(seed):
    """Of sizes from 1e-6 to 1, so that where epsilon stands is seen."""
    rng = np.random.default_rng(seed)
    sizes = [10 ** rng.uniform(-6, 0, shape) for shape in SHAPES]
    for _ in range(STEPS):
        yield [(rng.normal(size=size.shape) * size).astype("float32") for size in sizes]


def run_both(name, options, seed=0):
    ours, theirs = getattr(optimizers, name)(**options), getattr(keras.optimizers, name)(**options)
    weights = [Weight(array, f"layer/{i}") for i, array in enumerate(start())]
    variables = [keras.Variable(array) for array in start()]
    ours.build(weights)
    theirs.build(variables)
    for grads in gradients(seed):
        for weight, grad in zip(weights, grads, strict=True):
            weight.value.grad = weight.from_keras(torch.from_numpy(grad.copy())).contiguous()
        ours.step()
        theirs.apply([torch.from_numpy(grad) for grad in grads])
    return ours, theirs, weights, variables


def assert_same(ours, theirs, weights, variables):
    pairs = [(w.numpy(), v.value) for w, v in zip(weights, variables, strict=True)]
    pairs += [
        (a, v.value) for a, v in zip(ours.variables_for_file(), theirs.variables, strict=True)
    ]
    for got, value in pairs:
        expected = value.detach().numpy()
        # Gradients reach 1, so sums that cancel keep no more than 3e-8; and what stands beside epsilon in a sum
        # need not be more exact than that sum.
        slack = 3e-8 + 1e-6 * getattr(ours, "epsilon", 0)
        assert np.abs(got - expected).max() <= 1e-5 * np.abs(expected).max() + slack


def general(draw):
    options = {"weight_decay": draw(GENERAL["weight_decay"])}
    for name in ("clip", "ema", "accumulation", "scale"):
        options |= draw(GENERAL[name])
    return options


@st.composite
def configurations(draw):
    name = draw(st.sampled_from(NAMES))
    own = {
        "SGD": {"momentum": draw(st.sampled_from([0.0, 0.9])), "nesterov": draw(st.booleans())},
        "RMSprop": {
            "rho": draw(st.sampled_from([0.9, 0.99, 0.0])),
            "momentum": draw(st.sampled_from([0.0, 0.0, 0.8])),
            "centered": draw(st.sampled_from([False, False, True])),
            "epsilon": draw(st.sampled_from([1e-7, 1e-3])),
        },
        "Adam": {
            "beta_1": draw(st.sampled_from([0.9, 0.5])),
            "amsgrad": draw(st.booleans()),
            "epsilon": draw(st.sampled_from([1e-7, 1e-3])),
        },
        "AdamW": {"amsgrad": draw(st.booleans())},
        "Adagrad": {
            "initial_accumulator_value": draw(st.sampled_from([0.1, 0.0])),
            "epsilon": draw(st.sampled_from([1e-7, 1e-3])),
        },
        "Adadelta": {"rho": draw(st.sampled_from([0.95, 0.5]))},
        "Adamax": {"beta_1": draw(st.sampled_from([0.9, 0.5]))},
        "Nadam": {"beta_1": draw(st.sampled_from([0.9, 0.5]))},
        "Lion": {"beta_1": draw(st.sampled_from([0.9, 0.5]))},
        "Lamb": {"epsilon": draw(st.sampled_from([1e-7, 1e-3]))},
        "Ftrl": {
            "learning_rate_power": draw(st.sampled_from([-0.5, -0.7])),
            "l1_regularization_strength": draw(st.sampled_from([0.0, 0.01])),
            "l2_regularization_strength": draw(st.sampled_from([0.0, 0.01])),
            "l2_shrinkage_regularization_strength": draw(st.sampled_from([0.0, 0.01])),
            "beta": draw(st.sampled_from([0.0, 0.1])),
        },
        "Adafactor": {
            "clip_threshold": draw(st.sampled_from([1.0, 0.3])),
            "relative_step": draw(st.booleans()),
        },
        "Muon": {
            "nesterov": draw(st.booleans()),
            "rms_rate": draw(st.sampled_from([0.2, None])),
            "exclude_layers": draw(st.sampled_from([None, ["variable"]])),
        },
    }[name]
    options = general(draw)
    if name == "AdamW":
        options["weight_decay"] = options["weight_decay"] or 0.004
    if own.get("centered"):
        own["epsilon"] = 1e-3  # with 1e-7 the difference of squares is rounding noise, in Keras too
    return name, {"learning_rate": draw(st.sampled_from([0.01, 0.001])), **own, **options}


@settings(max_examples=24, deadline=None)
@given(configurations(), st.integers(0, 2**16))
def test_a_hundred_steps_equal_keras(configuration, seed):
    assert_same(*run_both(*configuration, seed))


@pytest.mark.parametrize("name", optimizers.OPTIMIZERS.names())
def test_defaults_are_those_of_keras(name):
    ours = getattr(optimizers, name)().get_config()
    theirs = getattr(keras.optimizers, name)().get_config()
    assert set(ours) == set(theirs)
    theirs["name"] = re.sub(r"_\d+$", "", theirs["name"])
    for key, value in theirs.items():
        assert ours[key] == (pytest.approx(value) if isinstance(value, float) else value)
    if name in NAMES:
        assert_same(*run_both(name, {}))


@pytest.mark.parametrize(
    "schedule",
    [
        ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.7}),
        (
            "ExponentialDecay",
            {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.7, "staircase": True},
        ),
        ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 40, "alpha": 0.1}),
        (
            "CosineDecay",
            {
                "initial_learning_rate": 0.0,
                "decay_steps": 40,
                "warmup_target": 0.1,
                "warmup_steps": 9,
            },
        ),
        ("PiecewiseConstantDecay", {"boundaries": [5, 30], "values": [0.1, 0.03, 0.01]}),
    ],
)
@pytest.mark.parametrize(
    ("name", "own"), [("SGD", {"momentum": 0.9}), ("RMSprop", {}), ("Adam", {})]
)
def test_scheduled_steps_equal_keras(name, own, schedule):
    kind, config = schedule
    ours = getattr(optimizers.schedules, kind)(**config)
    theirs = getattr(keras.optimizers.schedules, kind)(**config)
    for step in range(60):
        assert ours(step) == pytest.approx(float(theirs(step)), rel=1e-5, abs=1e-8)
    assert set(theirs.get_config()) <= set(ours.get_config())

    weights = [Weight(array, str(i)) for i, array in enumerate(start())]
    variables = [keras.Variable(array) for array in start()]
    a = getattr(optimizers, name)(learning_rate=ours, **own)
    b = getattr(keras.optimizers, name)(learning_rate=theirs, **own)
    for grads in gradients(1):
        a.apply(
            [w.from_keras(torch.from_numpy(g)) for w, g in zip(weights, grads, strict=True)],
            weights,
        )
        b.apply([torch.from_numpy(g) for g in grads], variables)
    assert_same(a, b, weights, variables)


@pytest.mark.parametrize("name", NAMES)
def test_a_weight_without_a_gradient_keeps_its_value_and_state(name):
    options = {"momentum": 0.9} if name == "SGD" else {}
    ours, theirs = getattr(optimizers, name)(**options), getattr(keras.optimizers, name)(**options)
    weights = [Weight(array, str(i)) for i, array in enumerate(start())]
    variables = [keras.Variable(array) for array in start()]
    ours.build(weights)
    theirs.build(variables)
    for step, grads in enumerate(gradients(2)):
        missing = step % 3
        ours.apply(
            [
                None if i == missing else w.from_keras(torch.from_numpy(g))
                for i, (w, g) in enumerate(zip(weights, grads, strict=True))
            ]
        )
        with pytest.warns(UserWarning, match="Gradients do not exist"):
            theirs.apply(
                [None if i == missing else torch.from_numpy(g) for i, g in enumerate(grads)]
            )
    assert_same(ours, theirs, weights, variables)


@pytest.mark.parametrize("name", optimizers.OPTIMIZERS.names())
@pytest.mark.parametrize("options", [{}, {"use_ema": True, "gradient_accumulation_steps": 2}])
def test_a_state_that_was_saved_continues_as_if_never_stopped(name, options):
    def half(optimizer, weights, part):
        for index, grads in enumerate(gradients(3)):
            if (index < STEPS // 2) == (part == 0):
                optimizer.apply(
                    [
                        w.from_keras(torch.from_numpy(g))
                        for w, g in zip(weights, grads, strict=True)
                    ],
                    weights,
                )

    cls = getattr(optimizers, name)
    straight, weights = cls(**options), [Weight(array, str(i)) for i, array in enumerate(start())]
    half(straight, weights, 0)
    saved, values = straight.variables_for_file(), [w.numpy().copy() for w in weights]
    half(straight, weights, 1)

    resumed, others = cls(**options), [Weight(array, str(i)) for i, array in enumerate(values)]
    resumed.build(others).load_from_file(saved)
    half(resumed, others, 1)
    for weight, other in zip(weights, others, strict=True):
        assert_close(weight.numpy(), other.numpy(), rtol=1e-5, atol=1e-7)


def test_a_state_of_other_weights_is_refused_whole():
    ours = optimizers.Adam().build([Weight(np.ones((2, 3), "float32"), "a")])
    before = ours.variables_for_file()
    other = optimizers.Adam().build([Weight(np.ones((5, 3), "float32"), "a")])
    with pytest.raises(ConfigError, match="is not that of Adam"):
        ours.load_from_file(other.variables_for_file())
    assert all(np.array_equal(a, b) for a, b in zip(before, ours.variables_for_file(), strict=True))


def test_ema_is_what_remains_at_the_end():
    options = {"use_ema": True, "ema_momentum": 0.5}
    ours, theirs, weights, variables = run_both("SGD", options)
    ours.finalize()
    theirs.finalize_variable_values(variables)
    assert_same(ours, theirs, weights, variables)


def test_weights_can_be_left_without_decay():
    options = {"learning_rate": 0.1, "weight_decay": 0.5}
    for name in ("SGD", "Adam"):
        optimizer = getattr(optimizers, name)(**options)
        kernel, bias = (Weight(np.ones(3, "float32"), f"dense/{n}") for n in ("kernel", "bias"))
        optimizer.exclude_from_weight_decay(var_names=["bias"])
        optimizer.apply([torch.zeros(3), torch.zeros(3)], [kernel, bias])
        assert_close(bias.numpy(), np.ones(3, "float32"))
        assert_close(kernel.numpy(), np.full(3, 0.95, "float32"))


def test_the_old_spelling_of_the_learning_rate_works():
    optimizer = optimizers.SGD(lr=0.5)
    assert optimizer.lr == optimizer.learning_rate == 0.5
    optimizer.learning_rate = np.float32(0.25)
    optimizer.lr.assign(0.125)
    assert float(optimizer.learning_rate.numpy()) == 0.125


def test_a_scheduled_rate_cannot_be_set_to_a_number():
    optimizer = optimizers.SGD(optimizers.schedules.CosineDecay(0.1, 10))
    assert float(optimizer.learning_rate) == pytest.approx(0.1)
    with pytest.raises(ConfigError, match="follows a schedule"):
        optimizer.learning_rate = 0.1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: optimizers.Adam(learning_rate=-1.0), "learning_rate: must be at least 0"),
        (lambda: optimizers.Adam("fast"), "learning_rate: must be a number"),
        (lambda: optimizers.Adam(beta_1=2), "Adam.beta_1 must be at most 1"),
        (lambda: optimizers.SGD(clipnorm=1.0, clipvalue=1.0), "Only one of clipnorm"),
        (lambda: optimizers.SGD(gradient_accumulation_steps=1), "must be at least 2"),
        (lambda: optimizers.get("adma"), "Did you mean adam"),
    ],
)
def test_bad_options_are_named(make, message):
    with pytest.raises(ConfigError, match=message):
        make()


def test_nothing_to_train_is_named():
    optimizer = optimizers.SGD().build([Weight(np.ones(2, "float32"), "a")])
    with pytest.raises(ConfigError, match="No weight has a gradient"):
        optimizer.step()


def test_other_weights_are_refused():
    optimizer = optimizers.SGD().build([Weight(np.ones(2, "float32"), "a")])
    with pytest.raises(ConfigError, match="does not know b"):
        optimizer.build([Weight(np.ones(2, "float32"), "b")])


@pytest.mark.parametrize("name", optimizers.OPTIMIZERS.names())
def test_every_optimizer_round_trips_and_has_help(name):
    cls = optimizers.OPTIMIZERS.get(name)
    schedule = optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)
    for config in (cls().get_config(), cls(learning_rate=schedule, clipnorm=1.0).get_config()):
        assert cls.from_config(config).get_config() == config
        assert optimizers.get({"class_name": name, "config": config}).get_config() == config
    assert cls.summary.en
    assert cls.summary.zh
