"""Sample weights of another shape than what they weigh, in losses and metrics that are called directly."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import lamina
from lamina.errors import ConfigError, ShapeError

ROWS = np.eye(3, dtype="float32")[[0, 1, 2, 1, 0, 2]]
CLASSES = ROWS.argmax(1)
YES = ROWS[:, 0]
TOO_FEW = np.ones(5)

MEASURES = {
    "losses.MeanSquaredError": (ROWS, ROWS),
    "losses.CategoricalCrossentropy": (ROWS, ROWS),
    "losses.SparseCategoricalCrossentropy": (CLASSES, ROWS),
    "metrics.MeanSquaredError": (ROWS, ROWS),
    "metrics.SparseCategoricalAccuracy": (CLASSES, ROWS),
    "metrics.RootMeanSquaredError": (ROWS, ROWS),
    "metrics.CosineSimilarity": (ROWS, ROWS),
    "metrics.AUC": (YES, YES),
    "metrics.Precision": (YES, YES),
    "metrics.F1Score": (ROWS, ROWS),
    "metrics.R2Score": (ROWS, ROWS),
    "metrics.Mean": (YES,),
    "metrics.Sum": (YES,),
}


def made(lib, name):
    space, _, cls = name.partition(".")
    return getattr(getattr(lib, space), cls)()


@pytest.mark.parametrize("name", MEASURES)
def test_says_so_where_keras_refuses(name):
    for weight in (TOO_FEW, np.ones((5, 1)), np.ones((6, 2, 2))):
        try:
            made(keras, name)(*MEASURES[name], sample_weight=weight)
        except (RuntimeError, ValueError, IndexError):
            with pytest.raises(ShapeError, match=r"sample_weight of the shape .* does not fit"):
                made(lamina, name)(*MEASURES[name], sample_weight=weight)
        else:
            assert weight is not TOO_FEW
    with pytest.raises(ConfigError, match="must be numbers, got an array of <U1"):
        made(lamina, name)(*MEASURES[name], sample_weight=np.array(["a"] * 6))


def test_of_a_matrix_of_classes():
    measure = lamina.metrics.MeanIoU(3)
    with pytest.raises(ShapeError, match=r"shape \(5,\) does not fit values of the shape \(6,\)"):
        measure(CLASSES, CLASSES, sample_weight=TOO_FEW)
