"""Models as estimators of scikit-learn: in a pipeline, in cross validation, cloned."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import make_classification, make_regression
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import lamina
from lamina import wrappers
from lamina.errors import ConfigError
from lamina.seeds import set_random_seed

QUIET = {"verbose": 0, "epochs": 20, "batch_size": 16}


def classifier(X: Any, y: Any, units: int = 16) -> Any:
    model = lamina.Sequential(
        [
            lamina.Input(X.shape[1:]),
            lamina.layers.Dense(units, activation="relu"),
            lamina.layers.Dense(y.shape[1], activation="softmax"),
        ]
    )
    model.compile(lamina.optimizers.Adam(0.03), "categorical_crossentropy", metrics=["accuracy"])
    return model


def regressor() -> Any:
    model = lamina.Sequential([lamina.Input((4,)), lamina.layers.Dense(1)])
    model.compile(lamina.optimizers.SGD(0.05), "mse")
    return model


def test_a_classifier_learns_names_in_a_pipeline_and_in_folds() -> None:
    set_random_seed(1)
    x, y = make_classification(90, 6, n_informative=4, n_classes=3, random_state=0)
    names = np.array(["a", "b", "c"])[y]
    estimator = wrappers.SKLearnClassifier(classifier, fit_kwargs=QUIET, model_kwargs={"units": 8})
    pipeline = make_pipeline(StandardScaler(), estimator)
    assert cross_val_score(pipeline, x, names, cv=2).mean() > 0.55
    pipeline.fit(x, names)
    assert set(pipeline.predict(x)) <= {"a", "b", "c"}
    np.testing.assert_allclose(pipeline.predict_proba(x).sum(1), 1, rtol=1e-5)
    assert pipeline.score(x, names) > 0.7
    assert estimator.model_.layers[0].units == 8
    assert estimator.history_.history["accuracy"]


@pytest.mark.parametrize("columns", [None, 1])
def test_a_regressor_gives_the_form_of_the_targets(columns: int | None) -> None:
    set_random_seed(2)
    x, y = make_regression(80, 4, random_state=0)
    y = y / y.std() if columns is None else (y / y.std())[:, None]
    model = regressor()
    before = model.get_weights()
    estimator = wrappers.SKLearnRegressor(model, fit_kwargs=QUIET)
    assert estimator.fit(x, y).predict(x).shape == y.shape
    assert estimator.score(x, y) > 0.9
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)  # a copy is trained
    first = estimator.model_
    assert estimator.fit(x, y, epochs=1).model_ is not first
    estimator.warm_start = True
    second = estimator.model_
    assert estimator.fit(x, y, epochs=1).model_ is second
    assert clone(estimator).get_params() == estimator.get_params()


def test_a_transformer_gives_features() -> None:
    x, y = make_regression(40, 4, random_state=0)
    estimator = wrappers.SKLearnTransformer(regressor(), fit_kwargs={**QUIET, "epochs": 1})
    assert estimator.fit_transform(x, y).shape == (40, 1)


def test_what_cannot_be_is_said_in_words() -> None:
    x = np.ones((4, 4))
    with pytest.raises(NotFittedError):
        wrappers.SKLearnRegressor(regressor()).predict(x)
    plain = lamina.Sequential([lamina.Input((4,)), lamina.layers.Dense(1)])
    with pytest.raises(ConfigError, match="needs to be compiled"):
        wrappers.SKLearnRegressor(plain).fit(x, x[:, 0])
    with pytest.raises(ConfigError, match="only one class"):
        wrappers.SKLearnClassifier(classifier).fit(x, [1, 1, 1, 1])
    with pytest.raises(ConfigError, match="multiclass target types are supported, got continuous"):
        wrappers.SKLearnClassifier(classifier).fit(x, [0.1, 0.2, 0.3, 0.4])
