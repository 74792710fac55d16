"""A training that cannot fit is a problem before it starts."""

from __future__ import annotations

from lamina.checking import check
from lamina.training.memory import machine_bytes
from support.graphs import document, node

TRAINING = {
    "format": "lamina.training", "version": 1, "dataset": {"id": "iris"}, "loss": "categorical_crossentropy",
    "batch_size": 32,
}  # fmt: skip


def graph(units: int) -> dict[str, object]:
    nodes = [
        node("x", "Input", [], shape=[4]),
        node("wide", "Dense", ["x"], units=units),
        node("out", "Dense", ["wide"], units=3, activation="softmax"),
    ]
    return document(nodes, ["out"])


def test_a_network_larger_than_the_machine_is_refused_with_its_largest_layer() -> None:
    units = machine_bytes() // 16
    (problem,) = check(graph(units), TRAINING).errors
    assert (problem.code, problem.node) == ("too_large", "wide")
    assert "GiB" in problem.message.en


def test_a_batch_larger_than_the_machine_is_refused_with_its_size() -> None:
    found = [
        p
        for p in check(graph(64), {**TRAINING, "batch_size": 10**12}).errors
        if p.code == "too_large"
    ]
    assert [p.field for p in found] == ["batch_size"]


def test_what_fits_is_no_problem() -> None:
    assert check(graph(64), TRAINING).errors == []


def test_a_split_that_leaves_nothing_to_train_on_is_a_problem() -> None:
    (problem,) = check(graph(64), {**TRAINING, "validation": {"split": 0.9999}}).errors
    assert problem.field == "validation.split"
    assert problem.fixes
