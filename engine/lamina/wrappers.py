"""`keras.wrappers`: a model as an estimator of scikit-learn, for its pipelines, searches and cross validation."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, TransformerMixin
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted, validate_data

from lamina.cloning import clone_model
from lamina.errors import ConfigError
from lamina.model import Model
from lamina.refused import absent
from lamina.text import Text

__path__: list[str] = []  # so that an import of what was below it once is told what to use
__all__ = ["SKLearnClassifier", "SKLearnRegressor", "SKLearnTransformer"]


class _Estimator(BaseEstimator):  # type: ignore[misc]
    """What the three share.

    Args:
        model: A compiled model, of which each `fit` trains a copy with fresh weights; or a function of (X, y) and
            `model_kwargs` that makes a compiled one.
        warm_start: Whether a further `fit` goes on with the model of the last one.
        model_kwargs: Further arguments of the function.
        fit_kwargs: Arguments of the model's `fit`.
    """

    model_: Model
    """The trained model; there from the first `fit` on."""

    def __init__(
        self,
        model: Model | Callable[..., Model],
        warm_start: bool = False,
        model_kwargs: Mapping[str, Any] | None = None,
        fit_kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        self.model = model
        self.warm_start = warm_start
        self.model_kwargs = model_kwargs
        self.fit_kwargs = fit_kwargs

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.non_deterministic = True
        return tags

    def __sklearn_clone__(self) -> Self:
        return type(self)(self.model, self.warm_start, self.model_kwargs, self.fit_kwargs)

    def fit(self, X: Any, y: Any, **kwargs: Any) -> Self:  # noqa: N803 - scikit-learn's name
        """Train a model; `kwargs` are further arguments of its `fit`, which go before `fit_kwargs`."""
        inputs, targets = validate_data(self, X, y, multi_output=True)
        targets = self._encoded(targets)
        again = self.warm_start and hasattr(self, "model_")
        model = self.model_ if again else self._fresh(inputs, targets)
        self.history_ = model.fit(inputs, targets, **{**(self.fit_kwargs or {}), **kwargs})
        self.model_ = model
        return self

    def _fresh(self, inputs: Any, targets: Any) -> Model:
        """A compiled model with fresh weights."""
        if not isinstance(self.model, Model):
            model = self.model(X=inputs, y=targets, **(self.model_kwargs or {}))
        else:
            arguments = copy.deepcopy(_need_compiled(self.model))
            optimizer = arguments.pop("optimizer")
            model = clone_model(self.model)
            model.compile(type(optimizer).from_config(optimizer.get_config()), **arguments)
        _need_compiled(model)
        return model

    def _outputs(self, X: Any) -> Any:  # noqa: N803 - scikit-learn's name
        check_is_fitted(self, "model_")
        return self.model_.predict(validate_data(self, X, reset=False), verbose=0)

    def _encoded(self, targets: Any) -> Any:
        """Targets as a model takes them, one row for each sample."""
        type_of_target(targets, raise_unknown=True)
        self.targets_ndim_ = targets.ndim
        return targets.reshape(-1, 1) if targets.ndim == 1 else targets

    def _decoded(self, outputs: Any) -> Any:
        """Outputs in the form of the targets."""
        is_row = self.targets_ndim_ == 1 and outputs.ndim == 2 and outputs.shape[1] == 1
        return outputs[:, 0] if is_row else outputs


def _need_compiled(model: Model) -> dict[str, Any]:
    """What a model's `compile` was given; raises a `ConfigError` where it lacks an optimizer or a loss."""
    arguments = None if model.trainer is None else model.trainer.arguments
    if arguments is None or arguments["loss"] is None:
        raise ConfigError(
            Text(
                "Given model needs to be compiled, and have a loss and an optimizer: model.compile(optimizer, loss).",
                "所给模型需要先编译，并指定损失和优化器：model.compile(optimizer, loss)。",
            )
        )
    return dict(arguments)


class SKLearnClassifier(ClassifierMixin, _Estimator):  # type: ignore[misc]
    """A model that tells classes, with one output for each: a classifier of scikit-learn.

    The targets reach the model one-hot, in the order of `classes_`.

    Args:
        model: A compiled model or a function of (X, y) that makes one.
        warm_start: Whether a further `fit` goes on with the model of the last one.
        model_kwargs: Further arguments of the function.
        fit_kwargs: Arguments of the model's `fit`.

    >>> import lamina
    >>> def small(X, y):
    ...     model = lamina.Sequential(
    ...         [
    ...             lamina.Input(X.shape[1:]),
    ...             lamina.layers.Dense(y.shape[1], activation="softmax"),
    ...         ]
    ...     )
    ...     model.compile("adam", "categorical_crossentropy")
    ...     return model
    >>> x = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> SKLearnClassifier(small, fit_kwargs={"verbose": 0}).fit(
    ...     x, ["a", "a", "b", "b"]
    ... ).classes_.tolist()
    ['a', 'b']
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True
        return tags

    def _encoded(self, targets: Any) -> Any:
        kind = type_of_target(targets, raise_unknown=True)
        if kind not in ("binary", "multiclass"):
            raise ConfigError(
                Text(
                    f"Only binary and multiclass target types are supported, got {kind}.",
                    f"只支持 binary 和 multiclass 目标，实际为 {kind}。",
                )
            )
        self.targets_ndim_ = targets.ndim
        self.classes_, places = np.unique(targets, return_inverse=True)
        if len(self.classes_) == 1:
            raise ConfigError(
                Text(
                    "Classifier can't train when only one class is present.",
                    "只有一个类别时分类器无法训练。",
                )
            )
        return np.eye(len(self.classes_), dtype="float32")[places.reshape(-1)]

    def predict(self, X: Any) -> Any:  # noqa: N803 - scikit-learn's name
        """The likeliest class of each sample."""
        return self.classes_[self._outputs(X).argmax(1)]

    def predict_proba(self, X: Any) -> Any:  # noqa: N803 - scikit-learn's name
        """The outputs of the model, (samples, classes)."""
        return self._outputs(X)

    def decision_function(self, X: Any) -> Any:  # noqa: N803 - scikit-learn's name
        """The outputs of the model, (samples, classes)."""
        return self._outputs(X)


class SKLearnRegressor(RegressorMixin, _Estimator):  # type: ignore[misc]
    """A model that tells numbers: a regressor of scikit-learn.

    Args:
        model: A compiled model or a function of (X, y) that makes one.
        warm_start: Whether a further `fit` goes on with the model of the last one.
        model_kwargs: Further arguments of the function.
        fit_kwargs: Arguments of the model's `fit`.
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = True
        return tags

    def predict(self, X: Any) -> Any:  # noqa: N803 - scikit-learn's name
        """The outputs of the model, in the form of the targets."""
        return self._decoded(self._outputs(X))


class SKLearnTransformer(TransformerMixin, _Estimator):  # type: ignore[misc]
    """A model whose outputs are features for others: a transformer of scikit-learn.

    Args:
        model: A compiled model or a function of (X, y) that makes one.
        warm_start: Whether a further `fit` goes on with the model of the last one.
        model_kwargs: Further arguments of the function.
        fit_kwargs: Arguments of the model's `fit`.
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags

    def predict(self, X: Any) -> Any:  # noqa: N803 - scikit-learn's name
        """The outputs of the model, in the form of the targets."""
        return self._decoded(self._outputs(X))

    def transform(self, X: Any) -> Any:  # noqa: N803 - scikit-learn's name
        """The outputs of the model."""
        return self._outputs(X)


def __getattr__(name: str) -> NoReturn:
    raise absent(__name__, name)
