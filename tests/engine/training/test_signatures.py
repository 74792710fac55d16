"""The arguments of Keras are there, with Keras' defaults and in Keras' order."""

import inspect

import keras
import pytest

from lamina import losses, metrics, optimizers
from lamina.training import inference
from lamina.training.trainer import Trainer

METHODS = {
    "compile": Trainer.__init__,
    "fit": Trainer.fit,
    "evaluate": Trainer.evaluate,
    "train_on_batch": Trainer.train_on_batch,
    "test_on_batch": Trainer.test_on_batch,
    "predict": inference.predict,
    "predict_on_batch": inference.predict_on_batch,
}


def parameters(function, skip):
    return {
        p.name: p.default
        for p in list(inspect.signature(function).parameters.values())[skip:]
        if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)
    }


@pytest.mark.parametrize("name", METHODS)
def test_methods(name):
    theirs = parameters(getattr(keras.Model, name), 1)
    ours = parameters(METHODS[name], 2 if name == "compile" else 1)
    assert list(ours) == list(theirs)
    assert ours == theirs


@pytest.mark.parametrize(
    ("module", "registry"),
    [
        ("losses", losses.LOSSES),
        ("metrics", metrics.METRICS),
        ("optimizers", optimizers.OPTIMIZERS),
        ("optimizers.schedules", optimizers.SCHEDULES),
    ],
)
def test_parameters_of_everything_that_is_registered(module, registry):
    for name, cls in registry.items():
        if name == "OneCycle":  # ours
            continue
        their_module = keras
        for part in module.split("."):
            their_module = getattr(their_module, part)
        theirs = parameters(getattr(their_module, name).__init__, 1)
        ours = {key: spec.default for key, spec in cls.declared_fields.items()}
        assert set(theirs) <= set(ours), name
        for key, default in theirs.items():
            if default is inspect.Parameter.empty:
                assert ours[key] is inspect.Parameter.empty
            elif key != "name":  # ours is made from the class when it is left out
                assert ours[key] == default, (name, key)
        assert list(theirs)[:2] == list(ours)[:2], name
