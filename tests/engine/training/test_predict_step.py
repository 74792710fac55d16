"""A `predict_step` of one's own is what `predict` and `predict_on_batch` give, as in Keras."""

import keras
import numpy as np
import pytest

import lamina

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
X = np.arange(15, dtype="float32").reshape(5, 3)


def model_in(library, seen):
    class Doubling(library.Model):
        def __init__(self):
            super().__init__()
            self.dense = library.layers.Dense(2, kernel_initializer="ones")

        def call(self, x):
            return self.dense(x)

        def predict_step(self, data):
            seen.append(type(data).__name__)
            outputs = super().predict_step(data)
            return {"once": outputs, "both": (outputs, 2 * outputs)}

    return Doubling()


@pytest.mark.parametrize(
    "ask",
    [
        lambda model: model.predict(X, batch_size=2, verbose=0),
        lambda model: model.predict_on_batch(X),
    ],
)
def test_predictions_are_what_the_step_gives(ask):
    seen = {lamina: [], keras: []}
    ours, theirs = (ask(model_in(library, seen[library])) for library in (lamina, keras))
    assert list(ours) == list(theirs)
    assert type(ours["both"]) is type(theirs["both"]) is tuple
    np.testing.assert_array_equal(ours["once"], theirs["once"])
    np.testing.assert_array_equal(ours["both"][1], theirs["both"][1])
    assert seen[lamina] == seen[keras]


def test_a_model_that_only_predicts_needs_no_call():
    class Sums(lamina.Model):
        def predict_step(self, data):
            return data.sum(-1)

    np.testing.assert_array_equal(Sums().predict(X, verbose=0), X.sum(-1))
