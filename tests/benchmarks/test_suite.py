"""The benchmark suite's own logic, on workloads that take a moment; no test here looks at how long something took."""

import dataclasses
import json
import math

import numpy as np
import pytest
import torch

import lamina
from benchmarks import __main__ as command
from benchmarks import (
    clocks,
    environments,
    figures,
    machine,
    models_keras,
    models_torch,
    probes,
    results,
    tables,
    worker,
)
from benchmarks.contenders import CONTENDERS, CannotTakePart, Setting, torch_loop
from benchmarks.driver import Comparison
from benchmarks.figures import Turn
from benchmarks.workloads import WORKLOADS, data

TINY = {name: workload.sized("tiny") for name, workload in WORKLOADS.items()}


# --- ratios -------------------------------------------------------------------------------------------------------


def test_a_ratio_is_taken_within_each_round():
    """The machine is three times as slow in the second round; the ratio stays what it is."""
    mine, theirs = [Turn(1.0), Turn(3.0), Turn(1.0)], [Turn(2.0), Turn(6.0), Turn(2.0)]
    found = figures.ratio(mine, theirs)
    assert (found.median, found.low, found.high) == (2.0, 2.0, 2.0)


def test_disturbed_rounds_are_left_out_where_enough_are_there():
    clean, disturbed = Turn(1.0, disturbed=0.05), Turn(9.0, disturbed=0.5)
    reference = [Turn(2.0, disturbed=0.0)] * 4
    assert figures.ratio([clean, disturbed, clean, clean], reference).count == 3
    assert figures.ratio([clean, disturbed, disturbed, clean], reference).count == 4


def test_no_common_round_gives_no_ratio():
    assert figures.ratio([Turn(1.0)], []) is None


def test_turns_alternate_and_one_that_fails_is_out():
    order = []

    def take_turn(name):
        order.append(name)
        return None if name == "b" and len(order) > 3 else Turn(1.0)

    turns = figures.by_rounds(["a", "b", "c"], 3, take_turn)
    assert "".join(order) == "abccbaac"
    assert {name: len(mine) for name, mine in turns.items()} == {"a": 3, "b": 1, "c": 3}


def test_growth_is_per_unit_of_work():
    assert figures.growth([2.0, 2.0], [20.0, 24.0], 10).median == pytest.approx(1.1)


# --- the same work ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TINY)
def test_the_models_by_hand_are_the_ones_in_keras_interface(name):
    workload = TINY[name]
    model = models_keras.build(workload, lamina)
    for tuned in (True, False):
        with torch.device("meta"):
            by_hand = models_torch.build(workload, tuned=tuned)
        count = sum(weight.numel() for weight in by_hand.parameters() if weight.requires_grad)
        assert count == sum(math.prod(w.shape) for w in model.trainable_weights)


@pytest.mark.parametrize("name", TINY)
def test_data_is_the_same_each_time_and_fits_the_model(name):
    workload = TINY[name]
    (x, y), (again, _) = data(workload), data(workload)
    assert np.array_equal(x, again)
    assert len(x) == len(y) == workload.samples
    assert y.shape[1:] == (workload.classes or 1,)
    [inputs] = models_keras.build(workload, lamina).inputs
    assert x.shape[1:] == inputs.shape[1:]


def test_rmsprop_in_one_pass_is_rmsprop():

    gradients = torch.randn(5, 4, generator=torch.Generator().manual_seed(0))
    results_ = []
    for fused in (True, False):
        weight = torch.nn.Parameter(torch.ones(4))
        optimizer = torch_loop.make_optimizer(WORKLOADS["cnn-32"], [weight], fused=fused)
        for gradient in gradients:
            weight.grad = gradient.clone()
            optimizer.step()
        results_.append(weight.detach())
    torch.testing.assert_close(*results_, rtol=1e-5, atol=1e-6)


@pytest.fixture
def quiet_process(monkeypatch):
    """What a contender changes in its whole process is left alone."""
    monkeypatch.setattr(torch_loop, "prepare_torch", lambda setting: None)
    monkeypatch.setattr(torch_loop, "keep_freed_memory", lambda: None)


def test_accumulated_gradients_are_those_of_the_whole_batch(quiet_process):

    weights = []
    for batch_size, accumulation in ((4, 2), (8, 1)):
        workload = dataclasses.replace(
            TINY["mlp"],
            batch_size=batch_size,
            accumulation=accumulation,
            samples=8,
            optimizer="sgd",
        )
        loop = torch_loop.Contender(workload, Setting(), "tuned")
        loop.load(*data(workload))
        loop._epoch(loop.x, loop.y)
        weights.append(loop.weights[0].detach())
    torch.testing.assert_close(*weights, rtol=1e-4, atol=1e-7)


def test_bf16_trains(quiet_process):
    loop = torch_loop.Contender(TINY["mlp"], Setting(precision="bf16"), "tuned")
    x, y = data(TINY["mlp"])
    loop.load(x, y)
    assert loop.predict(x[:3]).dtype == np.float32
    loop.first_step()


# --- processes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["tuned", "naive", "lamina", "lamina, three callbacks"])
def test_a_worker_does_what_it_is_told(quiet_process, name):
    said = []
    words = iter(["first", "turn", "turn", "end", "predict", ""])
    workload = dataclasses.replace(TINY["mlp"], planned=3)
    worker.serve(name, workload, Setting(), lambda **m: said.append(m), lambda: next(words))
    events = ["ready", "first", "turn", "turn", "ended", "predict"]
    assert [message["event"] for message in said] == events
    assert said[3]["scores"].keys() == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert said[5]["samples"] == TINY["mlp"].samples
    json.dumps(said)


def test_a_precision_that_a_contender_lacks_is_said(quiet_process, monkeypatch):
    from benchmarks.contenders import keras_interface

    class Old:
        class utils:
            set_random_seed = staticmethod(lambda seed: None)

        config = object()

    monkeypatch.setattr(keras_interface, "_import", lambda framework, setting: Old)
    with pytest.raises(CannotTakePart, match="lamina computes in float32 only"):
        CONTENDERS["lamina"].make(TINY["mlp"], Setting(precision="bf16"))


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """A comparison with real processes, one of which has no environment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAMINA_BENCH_ENVIRONMENTS", str(tmp_path_factory.mktemp("none")))
        comparison = Comparison(
            "regression",
            ("tuned", "lamina", "keras-jax"),
            "tuned",
            rounds=2,
            launches=2,
            size="tiny",
            patience_s=0,
        )
        return comparison.run(lambda line: None)


def test_a_comparison_tells_ratios_scores_and_who_was_left_out(compared):
    tuned, mine, missing = compared["contenders"]
    assert tuned["ratio"]["median"] == 1.0
    assert mine["ratio"]["median"] > 0
    assert mine["ratio"]["count"] == 2
    assert mine["scores"].keys() == {"loss"}
    assert mine["predict"]["single_ms"] > 0
    assert mine["versions"].startswith("lamina ")
    assert "--make-environments keras-jax" in missing["skipped"]
    json.dumps(compared)


def test_its_table_has_a_row_for_each(compared):
    text = tables.of_comparison(compared)
    assert "| tuned " in text
    assert "| lamina " in text
    assert "keras-jax: left out. No environment" in text


def test_the_device_is_asked_how_long_it_worked():
    log = []

    class Event:
        def __init__(self, enable_timing):
            assert enable_timing

        def record(self):
            log.append("record")

        def elapsed_time(self, last):
            return 250.0

    class Cuda:
        @staticmethod
        def synchronize():
            log.append("wait")

    Cuda.Event = Event
    clock = clocks.DeviceClock(Cuda)
    clock.start()
    assert clock.stop()[1] == 0.25
    assert log == ["wait", "record", "record", "wait"]


def test_memory_is_measured_over_a_training():
    seen = probes.memory_over(20)
    assert seen["steps"] == 20
    assert seen["growth_mb"] == pytest.approx(
        seen["at_the_end_mb"] - seen["after_a_tenth_mb"], abs=1
    )


def test_the_machine_is_described():
    described = machine.describe()
    assert {"cpu", "cpus", "torch", "lamina", "load"} <= described.keys()


def test_peers_have_environments():
    named = {entry.environment for entry in CONTENDERS.values()} - {None}
    assert named == set(environments.PEERS)
    jax, keras = environments.PEERS["keras-jax"].packages
    assert jax.startswith("jax==")
    assert keras.startswith("keras==")


# --- results and the command --------------------------------------------------------------------------------------


def test_results_are_kept_and_read(tmp_path, monkeypatch, compared):
    monkeypatch.setattr(results, "FOLDER", tmp_path)
    result = {"format": results.FORMAT, "comparisons": [compared], "probes": {}}
    assert results.read(results.write(result, "mine")) == result
    old = results.write({"format": 0}, "old")
    with pytest.raises(ValueError, match=r"old\.json has format 0, this suite reads 1"):
        results.read(old)


def test_figures_go_between_the_markers():
    begin, end = tables.MARKERS
    page = f"Before.\n{begin}\nold\n{end}\nBehind.\n"
    assert tables.page_text(page, "new") == f"Before.\n{begin}\n\nnew\n\n{end}\nBehind.\n"
    with pytest.raises(ValueError, match="needs the lines"):
        tables.page_text("no markers", "new")


def test_the_page_has_the_figures_of_the_baseline():
    page = tables.PAGE.read_text(encoding="utf-8")
    assert page == tables.page_text(page, tables.of_page(results.read(results.BASELINE)))


def test_the_command_knows_what_suits_a_device():
    made = command.parser()
    on_cpu = command.wanted(made.parse_args([]), made)
    assert {"cnn-32", "callbacks", "imports", "memory", "linear"} <= set(on_cpu)
    on_cuda = made.parse_args(["--device", "cuda"])
    assert command.wanted(on_cuda, made) == ["cuda-cnn", "cuda-resnet50", "cuda-transformer"]
    precisions = [c.setting.precision for c in command.comparisons(on_cuda, ["cuda-cnn"])]
    assert precisions == ["float32", "tf32", "bf16"]


def test_the_command_compares_callbacks_with_none():
    made = command.parser()
    found = list(command.comparisons(made.parse_args([]), ["callbacks"]))
    assert {comparison.reference for comparison in found} == {"lamina"}
    assert all(comparison.contenders[0] == "lamina" for comparison in found)


def test_the_command_refuses_what_it_does_not_know(capsys):
    with pytest.raises(SystemExit):
        command.main(["cnn-33"])
    assert "'cnn-33' is not one of cnn-32" in capsys.readouterr().err


@pytest.mark.parametrize(
    "name", [name for name, workload in WORKLOADS.items() if workload.device == "cpu"]
)
def test_the_loop_by_hand_takes_a_step_of_each_workload(name):
    workload = WORKLOADS[name].sized("tiny")
    contender = CONTENDERS["tuned"].make(workload, Setting())
    contender.load(*data(workload))
    contender.first_step()
