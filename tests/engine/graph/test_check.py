"""The check: every problem with its node and something to do, and fixes that work."""

from __future__ import annotations

import time
from typing import Any

import jsonpatch
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamina.graph.check import check_graph
from lamina.graph.document import Graph
from lamina.layer import LAYERS
from lamina.problems import GraphError
from support.graphs import document, image_graphs, node

CHAIN = [
    node("image", "Input", [], shape=[8, 8, 1]),
    node("conv", "Conv2D", ["image"], filters=2, kernel_size=[3, 3]),
    node("flat", "Flatten", ["conv"]),
    node("out", "Dense", ["flat"], units=3, activation="softmax"),
]


def codes(doc: Any) -> list[tuple[str, str | None]]:
    return [(p.code, p.node) for p in check_graph(doc).problems]


def replaced(index: int, **changes: Any) -> dict[str, Any]:
    nodes = [dict(n) for n in CHAIN]
    nodes[index] |= changes
    return document(nodes, ["out"])


def test_a_good_graph_has_no_problems_and_all_facts() -> None:
    report = check_graph(document(CHAIN, ["out"]))
    assert report.problems == []
    assert {k: v.output_shape for k, v in report.nodes.items()} == {
        "image": (None, 8, 8, 1), "conv": (None, 6, 6, 2), "flat": (None, 72), "out": (None, 3),
    }  # fmt: skip
    assert report.nodes["conv"].parameters == 3 * 3 * 2 + 2
    assert report.nodes["conv"].macs == 6 * 6 * 2 * 9
    assert report.totals["parameters"] == 20 + 72 * 3 + 3
    assert report.fingerprint == Graph.parse(document(CHAIN, ["out"])).fingerprint()


@pytest.mark.parametrize(
    ("doc", "expected"),
    [
        pytest.param(replaced(1, type="Conv2d"), ("unknown_layer", "conv"), id="unknown layer"),
        pytest.param(
            replaced(1, inputs=[{"node": "gone"}]), ("dangling_input", "conv"), id="dangling"
        ),
        pytest.param(replaced(1, inputs=[]), ("missing_input", "conv"), id="missing input"),
        pytest.param(
            replaced(3, inputs=[{"node": "flat"}, {"node": "conv"}]),
            ("too_many_inputs", "out"),
            id="too many",
        ),
        pytest.param(replaced(3, config={"units": 0}), ("out_of_range", "out"), id="range"),
        pytest.param(
            replaced(3, config={"units": 3, "unit": 1}),
            ("unknown_parameter", "out"),
            id="parameter",
        ),
        pytest.param(
            replaced(1, config={"filters": 2, "kernel_size": [9, 9]}),
            ("shape", "conv"),
            id="window too large",
        ),
        pytest.param(replaced(3, id="flat"), ("duplicate_id", "flat"), id="duplicate"),
        pytest.param(document(CHAIN, []), ("no_output", None), id="no output"),
        pytest.param(document(CHAIN, ["out", "gone"]), ("bad_output", None), id="bad output"),
        pytest.param(document(CHAIN, ["flat"]), ("unused_node", "out"), id="unused"),
        pytest.param(replaced(1, inputs=[{"node": "flat"}]), ("cycle", "conv"), id="cycle"),
    ],
)
def test_each_fault_is_named_with_its_node_and_its_first_fix_removes_it(
    doc: dict[str, Any], expected: tuple[str, str | None]
) -> None:
    assert expected in codes(doc)
    problem = next(p for p in check_graph(doc).problems if (p.code, p.node) == expected)
    assert problem.message.en.endswith((".", "?"))
    assert problem.message.zh.endswith(("。", "？"))
    assert problem.fixes, "each of these can be mended by a click"
    for fix in problem.fixes:
        mended = jsonpatch.apply_patch(doc, fix.patch)
        assert expected not in codes(mended)


def offered(nodes: list[dict[str, Any]], outputs: list[str], at: str) -> list[str]:
    """What is offered to connect to a node that misses an input."""
    found = check_graph(document(nodes, outputs)).problems
    (problem,) = [p for p in found if (p.code, p.node) == ("missing_input", at)]
    return [fix.patch[0]["value"]["node"] for fix in problem.fixes]


def test_what_stands_alone_is_offered_no_output_and_nothing_that_leads_elsewhere() -> None:
    lonely = [*CHAIN, node("alone", "Flatten", [])]
    assert offered(lonely, ["out"], "alone") == []


def test_a_broken_chain_is_mended_where_it_broke() -> None:
    broken = [*CHAIN[:2], node("flat", "Flatten", []), CHAIN[3], node("alone", "Flatten", [])]
    assert offered(broken, ["out"], "flat") == ["conv"]


def test_a_second_input_is_the_last_before_it_of_a_shape_that_fits() -> None:
    same = {"filters": 2, "kernel_size": 3, "padding": "same"}
    nodes = [
        node("image", "Input", [], shape=[8, 8, 1]),
        node("first", "Conv2D", ["image"], **same),
        node("second", "Conv2D", ["first"], **same),
        node("third", "Conv2D", ["second"], **same),
        node("small", "Conv2D", ["third"], filters=5, kernel_size=3),
        node("sum", "Add", ["third"]),
        node("flat", "Flatten", ["sum"]),
        node("alone", "Flatten", []),
        node("out", "Dense", ["flat"], units=3),
    ]
    assert offered(nodes, ["out"], "sum") == ["second"]  # not small, alone, or what is behind it


def mended(nodes: list[dict[str, Any]], at: str) -> tuple[str, list[tuple[str, str | None]]]:
    """The label of the first fix of a node's shapes, and the problems that are left with it."""
    doc = document(nodes, [nodes[-1]["id"]])
    (problem,) = [p for p in check_graph(doc).problems if (p.code, p.node) == ("shape", at)]
    fix = problem.fixes[0]
    return fix.label.en, codes(jsonpatch.apply_patch(doc, fix.patch))


@pytest.mark.parametrize(
    ("config", "label"),
    [
        ({"filters": 4}, "Set Padding of b to same"),
        ({"filters": 3, "padding": "same"}, "Set Filters of b to 4"),
        ({"filters": 3}, "Set Padding of b to same, Filters of b to 4"),
    ],
)
def test_inputs_of_unequal_shape_are_made_equal(config: dict[str, Any], label: str) -> None:
    nodes = [
        node("image", "Input", [], shape=[8, 8, 1]),
        node("a", "Conv2D", ["image"], filters=4, kernel_size=3, padding="same"),
        node("b", "Conv2D", ["a"], kernel_size=3, **config),
        node("c", "ReLU", ["b"]),
        node("sum", "Add", ["a", "c"]),
    ]
    assert mended(nodes, "sum") == (label, [])


@pytest.mark.parametrize(
    ("shape", "kind", "target"),
    [
        ([28, 28, 1, 32], "LSTM", [28, 896]),
        ([10], "LSTM", [10, 1]),
        ([28, 28], "Conv2D", [28, 28, 1]),
    ],
)
def test_another_number_of_axes_is_reached_by_a_reshape(
    shape: list[int], kind: str, target: list[int]
) -> None:
    config = {"units": 3} if kind == "LSTM" else {"filters": 2, "kernel_size": 3}
    nodes = [node("in", "Input", [], shape=shape), node("out", kind, ["in"], **config)]
    assert mended(nodes, "out") == ("Insert a Reshape", [])
    problem = check_graph(document(nodes, ["out"])).problems[0]
    assert problem.fixes[0].patch[0]["value"]["config"] == {"target_shape": target}


def test_axes_that_are_gone_cannot_be_made_up() -> None:
    nodes = [*CHAIN[:3], node("late", "Conv2D", ["flat"], filters=2, kernel_size=3)]
    (problem,) = check_graph(document(nodes, ["late"])).problems
    assert "Put it before the layers that take axes away, such as Flatten." in problem.message.en
    assert problem.fixes == ()


def test_all_faults_are_listed_at_once() -> None:
    nodes = [
        node("image", "Input", [], shape=[8, 8, 1]),
        node("a", "Dens", ["image"], units=1),
        node("b", "Dense", ["image"], units=-1, foo=2),
        node("c", "Add", ["image"]),
        node("d", "Conv2D", ["flat"], filters=1, kernel_size=3),
        node("flat", "Flatten", ["image"]),
    ]
    found = codes(document(nodes, ["d"]))
    for expected in [
        ("unknown_layer", "a"), ("out_of_range", "b"), ("unknown_parameter", "b"), ("missing_input", "c"),
        ("shape", "d"), ("unused_node", "c"),
    ]:  # fmt: skip
        assert expected in found


def test_one_cause_gives_one_message() -> None:
    nodes = [*CHAIN[:1], node("conv", "Conv2D", ["image"], filters=1, kernel_size=20), *CHAIN[2:]]
    assert codes(document(nodes, ["out"])) == [("shape", "conv")]


def test_two_separate_cycles_are_two_problems() -> None:
    nodes = [
        node("a", "Flatten", ["b"]), node("b", "Flatten", ["a"]),
        node("c", "Flatten", ["d"]), node("d", "Flatten", ["c"]), node("e", "Flatten", ["d"]),
        node("s", "Flatten", ["s"]),
    ]  # fmt: skip
    found = [
        p.params["nodes"] for p in check_graph(document(nodes, ["e"])).problems if p.code == "cycle"
    ]
    assert sorted(map(sorted, found)) == [["a", "b"], ["c", "d"], ["s"]]


@pytest.mark.parametrize(
    ("doc", "words"),
    [
        (None, "JSON object"),
        ([], "JSON object"),
        ({}, "not a graph document"),
        ({"format": "lamina.graph", "version": 2, "nodes": []}, "newer Lamina"),
        ({"format": "lamina.graph", "version": 1}, "nodes is missing"),
        (
            {"format": "lamina.graph", "version": 1, "nodes": [{"id": "a"}], "outputs": []},
            r"nodes\[0\].type is missing",
        ),
        (
            {"format": "lamina.graph", "version": 1, "nodes": [], "outputs": [], "x": 1},
            "x is not part",
        ),
        (document([node("1a", "Flatten", [])], []), "ids start with a letter"),
    ],
)
def test_half_a_document_is_refused_whole(doc: Any, words: str) -> None:
    with pytest.raises(GraphError, match=words):
        Graph.parse(doc)
    report = check_graph(doc)
    assert report.errors
    assert report.nodes == {}


@settings(max_examples=150, deadline=None)
@given(image_graphs(), st.data())
def test_never_raises_whatever_is_taken_away_or_put_in(
    doc: dict[str, Any], data: st.DataObject
) -> None:
    junk = (
        st.none()
        | st.booleans()
        | st.integers()
        | st.text(max_size=3)
        | st.lists(st.integers(), max_size=2)
    )
    place = data.draw(st.sampled_from(["document", "node", "config"]))
    target = doc if place == "document" else data.draw(st.sampled_from(doc["nodes"]))
    if place == "config":
        target = target["config"]
    key = data.draw(st.sampled_from([*target, "other"]))
    if data.draw(st.booleans()) and key in target:
        del target[key]
    else:
        target[key] = data.draw(junk)
    report = check_graph(doc)
    for problem in report.problems:
        assert problem.to_json("zh-CN")["message"]
        for fix in problem.fixes:
            if fix.target == "graph" and all("config" in n and "inputs" in n for n in doc["nodes"]):
                jsonpatch.apply_patch(doc, fix.patch)


def test_a_graph_of_a_hundred_layers_is_checked_in_a_keystroke() -> None:
    nodes = [node("image", "Input", [], shape=[16, 16, 3])]
    for i in range(100):
        source = nodes[-1]["id"]
        nodes.append(
            node(f"c{i}", "Conv2D", [source], filters=4, kernel_size=[3, 3], padding="same")
        )
    doc = document(nodes, ["c99"])
    assert check_graph(doc).problems == []
    fastest = min(_seconds(lambda: check_graph(doc)) for _ in range(5))
    assert fastest < 0.5, (
        "an order of magnitude above what it takes: this guards against quadratic work"
    )


def _seconds(action: Any) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def test_a_layer_used_twice_has_its_weights_once() -> None:
    nodes = [
        node("a", "Input", [], shape=[4]),
        node("b", "Input", [], shape=[4]),
        node("first", "Dense", ["a"], units=3),
        {
            "id": "again",
            "type": "Dense",
            "config": {},
            "inputs": [{"node": "b"}],
            "shares": "first",
        },
        node("sum", "Add", ["first", "again"]),
    ]
    report = check_graph(document(nodes, ["sum"]))
    assert report.problems == []
    assert report.totals["parameters"] == 15
    assert report.fingerprint


def test_a_block_with_problems_is_one_problem_of_its_node():
    inner = {
        "format": "lamina.graph", "version": 1,
        "nodes": [
            {"id": "z", "type": "Input", "config": {"shape": [3]}},
            {"id": "d", "type": "Dense", "config": {"units": 0}, "inputs": [{"node": "z"}]},
        ],
        "outputs": [{"node": "d"}],
    }  # fmt: skip
    outer = {
        "format": "lamina.graph", "version": 1,
        "nodes": [
            {"id": "x", "type": "Input", "config": {"shape": [3]}},
            {"id": "b", "type": "Block", "config": {"block": "inner"}, "inputs": [{"node": "x"}]},
            {"id": "c", "type": "Block", "config": {"block": "none"}, "inputs": [{"node": "x"}]},
        ],
        "outputs": [{"node": "b"}, {"node": "c"}],
        "blocks": [{"id": "inner", "graph": inner}],
    }  # fmt: skip
    problems = {p.node: p.code for p in check_graph(outer).errors}
    assert problems == {"b": "bad_block", "c": "unknown_block"}
    inner["nodes"][1]["config"]["units"] = 4
    outer["nodes"][2]["config"]["block"] = "inner"
    report = check_graph(outer)
    assert not report.errors
    assert report.nodes["b"].output_shape == (None, 4)
    assert report.nodes["b"].parameters == 16
    for _ in range(9):
        outer = {**outer, "nodes": outer["nodes"], "blocks": [{"id": "inner", "graph": outer}]}
    assert "deep" in check_graph(outer).errors[0].message.en


def test_an_unknown_layer_is_answered_with_the_closest_and_not_with_all():
    unknown = replaced(1, type="Qwzx")
    (problem,) = [p for p in check_graph(unknown).problems if p.code == "unknown_layer"]
    for text in (problem.message.en, problem.message.zh):
        assert (
            sum(
                name in text.replace(",", " ").replace("、", " ").split() for name in LAYERS.names()
            )
            <= 3
        )
        assert len(text) < 200
        assert "lamina.catalog.catalog()" in text
