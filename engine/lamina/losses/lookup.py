"""Losses from what a user writes: a name, an object, a function, or a serialized form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor

from lamina.lookup import Lookup
from lamina.losses import binary, categorical, focal, margin, overlap, probabilistic, regression
from lamina.losses.arguments import need_two_arguments
from lamina.losses.embedding import circle
from lamina.losses.loss import LOSSES, Loss
from lamina.losses.reduction import match_ranks
from lamina.losses.sequence import ctc

FUNCTIONS: Mapping[str, Callable[..., Tensor]] = {
    function.__name__: function
    for function in (
        binary.binary_crossentropy,
        focal.binary_focal_crossentropy,
        categorical.categorical_crossentropy,
        focal.categorical_focal_crossentropy,
        margin.categorical_hinge,
        circle,
        regression.cosine_similarity,
        ctc,
        overlap.dice,
        margin.hinge,
        regression.huber,
        probabilistic.kl_divergence,
        regression.log_cosh,
        regression.mean_absolute_error,
        regression.mean_absolute_percentage_error,
        regression.mean_squared_error,
        regression.mean_squared_logarithmic_error,
        probabilistic.poisson,
        categorical.sparse_categorical_crossentropy,
        margin.squared_hinge,
        overlap.tversky,
    )
}
"""The functions that `get` gives for their names, as in Keras."""

SHORT_NAMES: Mapping[str, str] = {
    "bce": "binary_crossentropy",
    "kld": "kl_divergence",
    "mae": "mean_absolute_error",
    "mse": "mean_squared_error",
    "mape": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error",
}

_LOOKUP = Lookup(
    LOSSES,
    Loss,
    "keras.losses",
    {
        **FUNCTIONS,
        **{short: FUNCTIONS[name] for short, name in SHORT_NAMES.items()},
        **{short.upper(): FUNCTIONS[name] for short, name in SHORT_NAMES.items()},
    },
)


class FunctionLoss(Loss):
    """A plain function `(y_true, y_pred) -> one loss per sample` as a loss.

    Args:
        function: Takes and returns tensors.
    """

    def __init__(
        self, function: Callable[[Tensor, Tensor], Tensor], name: str | None = None
    ) -> None:
        super().__init__(name=name or getattr(function, "__name__", None))
        self.function = function

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        if not isinstance(y_pred, Tensor):  # several outputs at once
            return self.function(y_true, y_pred)
        return self.function(*match_ranks(y_true, y_pred))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "function": getattr(self.function, "__name__", str(self.function)),
        }


def get(identifier: Any) -> Any:
    """The loss that a name, a class, an object, a function or a `{class_name, config}` stands for.

    As in Keras the name of a function gives the function, the name of a class an object.

    >>> get("mse").__name__, get("MeanSquaredError").name
    ('mean_squared_error', 'mean_squared_error')

    Raises:
        ConfigError: If there is no such loss; the message offers names that look like it.
    """
    return _LOOKUP.get(identifier)


def loss_of(identifier: Any) -> Loss | None:
    """Like `get`, but always an object: the class of a named function, or one around a function of one's own.

    >>> loss_of("mse").name
    'mean_squared_error'
    """
    by_name = {function: name for name, function in FUNCTIONS.items()}
    if callable(identifier) and identifier in by_name:
        identifier = by_name[identifier]
    if isinstance(identifier, str):
        return LOSSES.get(identifier)()
    found = get(identifier)
    if found is None or isinstance(found, Loss):
        return found
    need_two_arguments(found, "loss")
    return FunctionLoss(found)


def serialize(loss: Any) -> dict[str, Any]:
    """`{module, class_name, config, registered_name}`, which `deserialize` reads."""
    return _LOOKUP.serialize(loss)


def deserialize(name: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The loss of a serialized form; `{type, config}` of the training document is understood too."""
    return _LOOKUP.deserialize(name, custom_objects)
