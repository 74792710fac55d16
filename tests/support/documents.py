"""A graph document and a training document that are small and right."""

from __future__ import annotations

from typing import Any


def small_graph() -> dict[str, Any]:
    """A small classifier for `digits`, without any problem."""
    return {
        "format": "lamina.graph",
        "version": 1,
        "name": "small",
        "nodes": [
            {"id": "image", "type": "Input", "config": {"shape": [8, 8, 1]}, "inputs": []},
            {"id": "flat", "type": "Flatten", "config": {}, "inputs": [{"node": "image"}]},
            {
                "id": "digit",
                "type": "Dense",
                "config": {"units": 10, "activation": "softmax"},
                "inputs": [{"node": "flat"}],
            },
        ],
        "outputs": [{"node": "digit"}],
        "blocks": [],
        "layout": {"image": {"x": 0, "y": 0}},
    }


def small_training() -> dict[str, Any]:
    """How to train it."""
    return {
        "format": "lamina.training",
        "version": 1,
        "dataset": {"id": "digits"},
        "validation": {"split": 0.1},
        "loss": "categorical_crossentropy",
        "metrics": ["accuracy"],
        "optimizer": {"type": "Adam", "config": {"learning_rate": 0.001}},
        "batch_size": 32,
        "epochs": 2,
    }
