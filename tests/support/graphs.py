"""Random valid graph documents for property tests."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

Document = dict[str, Any]


def node(node_id: str, type_: str, inputs: list[str], **config: Any) -> dict[str, Any]:
    return {"id": node_id, "type": type_, "config": config, "inputs": [{"node": i} for i in inputs]}


def document(nodes: list[dict[str, Any]], outputs: list[str], name: str = "model") -> Document:
    return {
        "format": "lamina.graph", "version": 1, "name": name, "nodes": nodes,
        "outputs": [{"node": o} for o in outputs], "blocks": [], "layout": {},
    }  # fmt: skip


@st.composite
def image_graphs(draw: st.DrawFn) -> Document:
    """Convolutions with branches that are added or concatenated again, ending in a classifier."""
    nodes = [node("image", "Input", [], shape=[8, 8, draw(st.integers(1, 3))])]
    last = "image"
    for i in range(draw(st.integers(0, 3))):
        kind = draw(st.sampled_from(["conv", "residual", "concat", "norm", "pool", "dropout"]))
        if kind == "conv":
            nodes.append(
                node(f"conv_{i}", "Conv2D", [last], filters=draw(st.integers(1, 4)), kernel_size=[3, 3],
                     padding="same", activation=draw(st.sampled_from(["relu", "tanh"])))
            )  # fmt: skip
        elif kind in ("residual", "concat"):
            shared = {"filters": 2, "kernel_size": [1, 1]}
            nodes += [
                node(f"left_{i}", "Conv2D", [last], **shared),
                node(f"right_{i}", "Conv2D", [last], **shared),
            ]
            merge = "Add" if kind == "residual" else "Concatenate"
            nodes.append(node(f"merge_{i}", merge, [f"left_{i}", f"right_{i}"]))
        elif kind == "norm":
            nodes.append(node(f"norm_{i}", "BatchNormalization", [last]))
        elif kind == "pool":
            nodes.append(node(f"pool_{i}", "MaxPooling2D", [last], padding="same"))
        else:
            nodes.append(node(f"drop_{i}", "Dropout", [last], rate=0.25))
        last = nodes[-1]["id"]
    nodes.append(node("flat", "Flatten", [last]))
    nodes.append(
        node("scores", "Dense", ["flat"], units=draw(st.integers(2, 5)), activation="softmax")
    )
    return document(nodes, ["scores"], draw(st.sampled_from(["model", "模型", "a b"])))
