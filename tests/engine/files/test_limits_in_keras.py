"""Layers say where Keras cannot use what Lamina saved: what they say is true of real Keras, and nothing else is."""

import keras
import numpy as np
import pytest

from lamina.graph.check import LIMIT_IN_KERAS, check_graph
from lamina.model import Model


def graph(layer, config, shape):
    nodes = [
        ("x", "Input", {"shape": shape}, []),
        ("layer", layer, config, [{"node": "x"}]),
        ("flat", "Flatten", {}, [{"node": "layer"}]),
        ("out", "Dense", {"units": 2}, [{"node": "flat"}]),
    ]
    return {
        "format": "lamina.graph", "version": 1, "name": "m", "outputs": [{"node": "out"}], "blocks": [], "layout": {},
        "nodes": [{"id": i, "type": t, "config": c, "inputs": e} for i, t, c, e in nodes],
    }  # fmt: skip


@pytest.mark.filterwarnings(
    "ignore::UserWarning:keras"
)  # of what it cannot load, before it says so
@pytest.mark.parametrize(
    ("layer", "config", "shape"),
    [
        ("RandomCrop", {"height": 6, "width": 5}, [8, 8, 1]),
        ("RandomCrop", {"height": 8, "width": 8}, [8, 8, 1]),
        ("CenterCrop", {"height": 6, "width": 5}, [8, 8, 1]),
        ("CategoryEncoding", {"num_tokens": 4}, [3]),
        ("CategoryEncoding", {"num_tokens": 4}, [8, 8, 1]),
        ("CategoryEncoding", {"num_tokens": 4, "output_mode": "count"}, [5, 3]),
        ("CategoryEncoding", {"num_tokens": 4, "output_mode": "one_hot"}, [8, 8, 1]),
    ],
)
def test_a_limit_is_told_of_exactly_where_keras_has_it(layer, config, shape, tmp_path):
    document = graph(layer, config, shape)
    said = [p for p in check_graph(document).problems if p.code == LIMIT_IN_KERAS]
    assert all((p.node, p.severity) == ("layer", "warning") for p in said)
    model, path = Model.from_graph(document, seed=0), tmp_path / "m.keras"
    model.save(path)
    x = np.random.default_rng(0).integers(0, 4, (2, *shape)).astype("float32")
    ours = model.predict(x, verbose=0)
    if said:
        with pytest.raises(ValueError, match=r"shape|axis"):
            keras.models.load_model(path).predict(x, verbose=0)
    else:
        theirs = keras.models.load_model(path).predict(x, verbose=0)
        np.testing.assert_allclose(theirs, ours, atol=1e-5)
