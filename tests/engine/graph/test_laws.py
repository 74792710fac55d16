"""Laws of graph documents, over random graphs."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lamina.graph.document import Graph
from lamina.network import Network
from support.graphs import image_graphs


@settings(max_examples=40, deadline=None)
@given(image_graphs())
def test_document_to_model_to_document_is_the_identity(document: dict[str, Any]) -> None:
    network = Network.from_graph(document, seed=0)
    assert network.graph.normalized().to_json() == Graph.parse(document).normalized().to_json()
    again = Network(network.inputs, network.outputs, name=document["name"]).graph.normalized()
    by_id = {node.id: node for node in network.graph.normalized().nodes}
    assert {node.id: node for node in again.nodes} == by_id
    assert again.outputs == network.graph.outputs


@settings(max_examples=40, deadline=None)
@given(image_graphs(), st.integers(0, 2**32 - 1), st.randoms())
def test_initial_weights_depend_on_seed_and_names_alone(
    document: dict[str, Any], seed: int, shuffler: random.Random
) -> None:
    first = Network.from_graph(document, seed=seed)
    nodes = list(document["nodes"])
    shuffler.shuffle(nodes)
    second = Network.from_graph({**document, "nodes": nodes}, seed=seed)
    ours = {w.path: w.numpy() for w in first.weights}
    theirs = {w.path: w.numpy() for w in second.weights}
    assert ours.keys() == theirs.keys()
    for path, values in ours.items():
        np.testing.assert_array_equal(values, theirs[path])


@settings(max_examples=30, deadline=None)
@given(image_graphs())
def test_the_fingerprint_ignores_layout_name_and_defaults(document: dict[str, Any]) -> None:
    before = Graph.parse(document).fingerprint()
    nodes = [
        {**n, "config": {**n["config"], "units": n["config"]["units"], "use_bias": True}}
        if n["type"] == "Dense"
        else n
        for n in document["nodes"]
    ]
    nodes = [nodes[0], *reversed(nodes[1:])]
    changed = {
        **document,
        "name": "other",
        "nodes": nodes,
        "layout": {"flat": {"x": 1.0, "y": -2.5}},
    }
    assert Graph.parse(changed).fingerprint() == before
    nodes[1] = {**nodes[1], "config": {**nodes[1]["config"], "units": 17}}
    assert Graph.parse({**changed, "nodes": nodes}).fingerprint() != before


@settings(max_examples=30, deadline=None)
@given(image_graphs(), st.booleans())
def test_the_program_gives_what_the_layers_give_one_by_one(
    document: dict[str, Any], training: bool
) -> None:
    """Tracing, moving permutes and pooling before relu leave the values as they are."""
    nodes = [
        {**n, "config": {"rate": 0.0}} if n["type"] == "Dropout" else n for n in document["nodes"]
    ]
    network = Network.from_graph({**document, "nodes": nodes}, seed=1)
    x = torch.rand(3, *network.inputs[0].shape[1:])
    values = {"image": x}
    for node in network.graph.nodes:
        layer = network.layers_by_node[node.id].train(training)
        if node.inputs:
            values[node.id] = layer.forward(*(values[e.node] for e in node.inputs))
    (expected,) = (values[e.node] for e in network.graph.outputs)
    (actual,) = network.program(training=training)(x)
    torch.testing.assert_close(actual, expected, rtol=1e-5, atol=1e-6)
    (logits,) = network.program(training=training, logits=True)(x)
    torch.testing.assert_close(torch.softmax(logits, -1), expected, rtol=1e-5, atol=1e-6)


def test_the_default_classifier_runs_in_channels_last_without_copies(tmp_path: Path) -> None:
    from lamina.layers import Conv2D, Dense, Flatten, Input, MaxPooling2D

    x = Input((28, 28, 1))
    y = MaxPooling2D()(Conv2D(32, 3, activation="relu")(x))
    network = Network(x, Dense(10)(Flatten()(y)))
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        network.program(training=True)(torch.rand(8, 28, 28, 1))
    operations = {event.key for event in profile.key_averages()}
    assert "aten::mkldnn_convolution" in operations or "aten::_convolution" in operations
    assert not operations & {"aten::contiguous", "aten::clone"}
