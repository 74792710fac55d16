"""`model.profile()`: what a step costs, layer by layer."""

import json

import numpy as np
import pytest
import torch

import lamina as keras
from lamina.errors import ConfigError
from lamina.graph.check import check_graph
from lamina.profiling import LayerCost, Limits, Profile, limits_of, measuring

layers = keras.layers
QUICK = {"batch_size": 4, "seconds": 0.0}


def classifier():
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(3, 3, activation="relu", name="conv"),
            layers.BatchNormalization(name="norm"),
            layers.Flatten(name="flat"),
            layers.Dropout(0.5, name="drop"),
            layers.Dense(5, activation="softmax", name="out"),
        ]
    )
    model.compile("adam", "categorical_crossentropy")
    return model


@pytest.fixture(scope="module")
def model():
    return classifier()


@pytest.fixture(scope="module")
def report(model):
    return model.profile(**QUICK)


def cost(report, name):
    return next(found for found in report.layers if found.name == name)


def test_every_layer_is_measured_in_order(report):
    assert [found.name for found in report.layers] == ["conv", "norm", "flat", "drop", "out"]
    assert all(found.forward_ms > 0 for found in report.layers)
    assert cost(report, "conv").backward_ms > 0
    assert report.update_ms > 0
    assert report.together_ms > 0
    assert report.batch_size == 4
    assert cost(report, "conv").output_shape == (4, 6, 6, 3)


def test_shares_make_the_whole_step(report):
    shares = sum(found.share for found in report.layers)
    assert shares + report.update_ms / report.total_ms == pytest.approx(1)


def test_arithmetic_is_that_of_the_check(model, report):
    totals = check_graph(model.graph).totals
    assert sum(found.macs for found in report.layers) == 4 * totals["macs"]
    assert sum(found.parameters for found in report.layers) == totals["parameters"]


def test_the_first_layer_has_no_gradient_of_its_input_to_compute(report):
    conv, out = cost(report, "conv"), cost(report, "out")
    assert conv.flops == 2 * conv.macs * 2
    assert out.flops == 2 * out.macs * 3


def test_bytes_are_those_of_tensors_weights_and_gradients(report):
    given, values, weights = 4 * 108, 4 * 5, 108 * 5 + 5
    forward = given + values + weights
    backward = values + given + weights + weights + given
    assert cost(report, "out").bytes == 4 * (forward + backward)


def test_another_view_moves_nothing(report):
    assert cost(report, "flat").bytes == 0


def test_a_lookup_reads_the_rows_it_gives():
    model = keras.Sequential([keras.Input((6,), dtype="int32"), layers.Embedding(1000, 2)])
    [found] = model.profile(**QUICK).layers
    rows, tokens, table = 4 * 6 * 2, 4 * 6, 1000 * 2
    assert found.bytes == 4 * ((tokens + rows + rows) + (rows + tokens + rows + table))


def test_the_model_stays_as_it_is():
    model = classifier()
    before, state = model.get_weights(), torch.get_rng_state()
    model.profile(**QUICK)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert torch.equal(state, torch.get_rng_state())
    assert all(weight.value.grad is None for weight in model.trainable_weights)
    assert model.optimizer.iterations == 0


def test_a_profile_does_not_change_what_training_does():
    x = np.random.default_rng(0).normal(size=(12, 8, 8, 1)).astype("float32")
    y = np.eye(5, dtype="float32")[np.arange(12) % 5]
    trained = []
    for profiled in (False, True):
        keras.utils.set_random_seed(3)
        model = classifier()
        if profiled:
            model.profile(x, **QUICK)
        model.fit(x, y, batch_size=4, epochs=2, verbose=0)
        trained.append(model.get_weights())
    for one, other in zip(*trained, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_layers_one_by_one_give_the_gradients_of_the_whole():
    """So what is timed is the real backward pass, also where a value is used twice."""
    x = keras.Input((4,))
    shared = layers.Dense(4, activation="tanh", name="shared")
    y = layers.Add()([shared(x), shared(shared(x))])
    model = keras.Model(x, layers.Dense(2, name="out")(y))
    inputs, gradient = torch.randn(3, 4), torch.randn(3, 2)
    for weight in model.trainable_weights:
        weight.value.requires_grad_()
    whole = torch.autograd.grad(
        model.program(training=True)(inputs),
        [weight.value for weight in model.trainable_weights],
        [gradient],
    )
    network = measuring.MeasuredNetwork(
        model.graph, model.layers_by_node, model.input_names, training=True
    )
    recorder = measuring.Recorder(torch.device("cpu"))
    network.recorded_by(recorder)
    outputs, _, _ = network.run([inputs])
    recorder.backward(outputs, [gradient])
    for expected, weight in zip(whole, model.trainable_weights, strict=True):
        torch.testing.assert_close(weight.value.grad, expected)
    assert [step.name for step in recorder.steps].count("shared") == 1
    assert len(recorder.steps) == 5


def test_blocks_are_laid_open():
    block = keras.Sequential([keras.Input((4,)), layers.Dense(3, name="down")], name="block")
    x = keras.Input((4,))
    model = keras.Model(x, layers.Dense(4, name="out")(block(x)))
    assert [found.name for found in model.profile(**QUICK).layers] == ["block/down", "out"]


def test_several_inputs_and_ops():
    a, b = keras.Input((4,), name="a"), keras.Input((3,), name="b")
    model = keras.Model([a, b], layers.Dense(4)(b) * a)
    report = model.profile({"a": np.ones((7, 4)), "b": np.ones((7, 3))})
    assert report.batch_size == 7
    assert report.layers[-1].macs is None
    assert report.layers[-1].arithmetic_share is None


def test_frozen_layers_learn_nothing():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3, trainable=False)])
    report = model.profile(**QUICK)
    assert report.layers[0].backward_ms == 0
    assert report.layers[0].flops == 2 * report.layers[0].macs


def test_without_compile_the_update_is_said_to_be_missing():
    report = keras.Sequential([keras.Input((4,)), layers.Dense(3)]).profile(**QUICK)
    assert report.update_ms is None
    assert any("not compiled" in note.en for note in report.notes)


def test_open_sizes_are_assumed_and_said():
    model = keras.Sequential([keras.Input((None, 3)), layers.LSTM(2)])
    report = model.profile(**QUICK)
    assert "leaves sizes open; 32 was taken" in report.notes[0].en
    given = model.profile(np.ones((2, 5, 3), "float32"), seconds=0)
    assert not any("leaves sizes open" in note.en for note in given.notes)


# --- what cannot be measured --------------------------------------------------------------------------------------


class Doubled(keras.layers.Layer):
    def call(self, x):
        return 2 * x


class OwnCall(keras.Model):
    def __init__(self):
        super().__init__(name="own")
        self.dense = layers.Dense(2)

    def call(self, x):
        return self.dense(x)


def test_arithmetic_of_ones_own_layer_is_not_known():
    model = keras.Sequential([keras.Input((4,)), Doubled(), layers.Dense(2)])
    first, second = model.profile(**QUICK).layers
    assert (first.type, first.macs, first.flops) == ("Doubled", None, None)
    assert second.macs == 4 * 8


def test_a_model_with_its_own_call_is_measured_as_one():
    report = OwnCall().profile(np.ones((6, 4), "float32"), seconds=0)
    [found] = report.layers
    assert found.parameters == 10
    assert "has a call of its own: it is measured as one" in report.notes[0].en


def test_an_own_train_step_is_said_not_to_be_measured():
    class OwnStep(keras.Model):
        def train_step(self, data):
            return super().train_step(data)

    x = keras.Input((4,))
    report = OwnStep(x, layers.Dense(2)(x)).profile(**QUICK)
    assert "has a train_step or compute_loss of its own" in report.notes[0].en
    assert len(report.layers) == 1


def test_a_train_step_without_a_call_cannot_be_measured():
    class Pair(keras.Model):
        def __init__(self):
            super().__init__(name="pair")
            self.one = layers.Dense(2)

        def train_step(self, data):
            return {"loss": 0.0}

    with pytest.raises(
        ConfigError, match=r'"pair" has a train_step and no call.*Profile the models'
    ):
        Pair().profile(np.ones((4, 3), "float32"))


def test_a_model_without_a_shape_asks_for_samples():
    model = keras.Sequential([layers.Dense(2)], name="open")
    with pytest.raises(ConfigError, match=r'"open" does not know the shape.*Give samples'):
        model.profile()
    assert len(model.profile(np.ones((4, 3), "float32"), seconds=0).layers) == 1


# --- what is said -------------------------------------------------------------------------------------------------


def report_of(*, forward=1.0, macs=10, arithmetic=0.1, memory=0.1, update=0.0):
    small = LayerCost("small", "Flatten", (1, 1), 0, 0, 0, 0, 0.001, 0.0, 0.0, 0.0, 0.0)
    large = LayerCost(
        "large", "Dense", (1, 2), 3, macs, 60, 40, forward, forward, 0.99, arithmetic, memory
    )
    return Profile("m", "cpu", 1, 8, Limits(1e9, 1e9), (small, large), update, 2.0)


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        ({"arithmetic": 0.8}, '"large" (Dense): 99% of a step (2 ms, 50% of it backward). It computes at 80%'),
        ({"memory": 0.7}, "It moves memory at 70% of what this machine can"),
        ({"memory": 1.7}, "as fast as caches allow"),
        ({"forward": 0.01}, "the calls themselves cost as much"),
        ({"macs": None, "arithmetic": None}, "is not known; it reaches 10%"),
        ({}, "It reaches 10% of the machine's arithmetic and 10% of its copying speed."),
        ({"update": 9.0}, "The largest cost is the optimizer's update of the weights: 82% of a step"),
    ],
)  # fmt: skip
def test_the_largest_cost_is_named_in_a_sentence(figures, said):
    sentence = report_of(**figures).sentence
    assert said in sentence.en
    assert sentence.zh.startswith("最大的开销是")
    assert sentence.zh.endswith("。")


def test_it_is_plain_data(report):
    plain = json.loads(json.dumps(report.to_dict()))
    assert plain["layers"][0]["name"] == "conv"
    assert plain["sentence"].keys() == {"en", "zh-CN"}
    assert plain["limits"]["flops_per_s"] > 0
    assert plain["total_ms"] == report.total_ms


def test_it_prints_as_a_table(report):
    text = str(report)
    assert "conv (Conv2D)" in text
    assert "update of the weights" in text
    assert report.sentence.en in text


def test_limits_are_measured_once():
    cpu = torch.device("cpu")
    assert limits_of(cpu) is limits_of(cpu)
    assert limits_of(cpu).bytes_per_s > 1e6
