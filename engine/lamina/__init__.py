"""Lamina: deep learning with the interface that Keras users know, on torch.

    import lamina as keras

    model = keras.Sequential([
        keras.Input(shape=(28, 28, 1)),
        keras.layers.Conv2D(32, 3, activation="relu"),
        keras.layers.Flatten(),
        keras.layers.Dense(10, activation="softmax"),
    ])

Names are loaded when they are first used.
"""

from __future__ import annotations

import gc
import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lamina.catalog import catalog as catalog
    from lamina.checking import check as check
    from lamina.dtype_policies import DTypePolicy as DTypePolicy
    from lamina.dtype_policies import FloatDTypePolicy as FloatDTypePolicy
    from lamina.layer import Layer as Layer
    from lamina.layer import Variable as Variable
    from lamina.layers.core.input import Input as Input
    from lamina.model import Model as Model
    from lamina.model import Sequential as Sequential
    from lamina.rematerialization import RematScope as RematScope
    from lamina.rematerialization import remat as remat
    from lamina.symbolic import SymbolicTensor as KerasTensor

MODULES = frozenset(
    {
        "activations", "applications", "autodiff", "backend", "callbacks", "config", "constraints", "datasets", "dtype_policies", "export", "initializers", "layers", "losses",
        "metrics", "mixed_precision", "models", "ops", "optimizers", "preprocessing", "random", "regularizers", "saving", "tree", "utils", "wrappers",
    }
)  # fmt: skip
"""Public modules, reached as attributes."""

NAMES = {
    "DTypePolicy": "lamina.dtype_policies:DTypePolicy",
    "FloatDTypePolicy": "lamina.dtype_policies:FloatDTypePolicy",
    "Input": "lamina.layers.core.input:Input",
    "KerasTensor": "lamina.symbolic:SymbolicTensor",
    "Initializer": "lamina.initializers:Initializer",
    "InputSpec": "lamina.layer.input_spec:InputSpec",
    "Layer": "lamina.layer:Layer",
    "Loss": "lamina.losses.loss:Loss",
    "Metric": "lamina.metrics.metric:Metric",
    "Optimizer": "lamina.optimizers.optimizer:Optimizer",
    "Regularizer": "lamina.regularizers:Regularizer",
    "device": "lamina.devices:device",
    "version": "lamina.process:version",
    "Model": "lamina.model:Model",
    "RematScope": "lamina.rematerialization:RematScope",
    "Sequential": "lamina.model:Sequential",
    "Variable": "lamina.layer:Variable",
    "catalog": "lamina.catalog:catalog",
    "check": "lamina.checking:check",
    "remat": "lamina.rematerialization:remat",
}
"""Public names and where they are defined."""

__all__ = [
    "DTypePolicy",
    "FloatDTypePolicy",
    "Input",
    "KerasTensor",
    "Layer",
    "Model",
    "RematScope",
    "Sequential",
    "Variable",
    "catalog",
    "check",
    "remat",
]


def __getattr__(name: str) -> Any:
    if name in MODULES:
        return _load(f"lamina.{name}")
    if name in NAMES:
        module, _, attribute = NAMES[name].partition(":")
        value = getattr(_load(module), attribute)
        globals()[name] = value
        return value
    if name == "__version__":
        return importlib.import_module("lamina.process").version()
    raise importlib.import_module("lamina.refused").absent(__name__, name)


class _AbsentModules:
    """The last finder that an import asks: of modules that Keras has or had, it says why they are not here."""

    @staticmethod
    def find_spec(fullname: str, _path: Any = None, _target: Any = None) -> None:
        package, _, name = fullname.partition(".")
        if package == __name__:
            refused = importlib.import_module("lamina.refused").refusal(name)
            if refused is not None:
                raise refused


sys.meta_path.append(_AbsentModules)


def _load(module: str) -> ModuleType:
    """Import a module without collecting garbage meanwhile.

    Hundreds of modules, torch's among them, make a million objects that stay: going through them all again and again
    takes a fifth of the import's time and finds nothing. So would the first two collections afterwards, a tenth of a
    second each and in the middle of a training: the objects are put among the old ones unseen.
    """
    was_collecting = gc.isenabled()
    gc.disable()
    try:
        return importlib.import_module(module)
    finally:
        if was_collecting:
            if not gc.get_freeze_count():  # what others froze would thaw
                gc.freeze()
                gc.unfreeze()
            gc.enable()


def __dir__() -> list[str]:
    return sorted({*globals(), *MODULES, *NAMES, "__version__"})
