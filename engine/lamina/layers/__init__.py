"""All layers, a folder for each palette group, a layer or a close family in a file.

The files are found, not listed: a new file here is all that a new layer needs.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

from lamina.layer import LAYERS, Layer
from lamina.layer.input_spec import InputSpec
from lamina.layers.core.input import Input, InputLayer
from lamina.layers.core.lambda_layer import Lambda
from lamina.layers.core.torch_module import TorchModuleWrapper
from lamina.layers.core.wrapper import Wrapper
from lamina.layers.functional import MERGES
from lamina.layers.functional import merge as _merge
from lamina.layers.normalization.spectral_normalization import SpectralNormalization
from lamina.layers.preprocessing.pipeline import Pipeline
from lamina.layers.recurrent.cells import GRUCell, LSTMCell, SimpleRNNCell
from lamina.layers.recurrent.rnn import RNN, StackedRNNCells
from lamina.layers.recurrent.wrappers import Bidirectional, TimeDistributed
from lamina.refused import absent

for _module in pkgutil.walk_packages(__path__, f"{__name__}."):
    importlib.import_module(_module.name)

TorchModule = TorchModuleWrapper
globals().update({_name: _merge(_name) for _name in MERGES})

__all__ = [  # noqa: PLE0604 - filled by the registry
    "RNN",
    "Bidirectional",
    "GRUCell",
    "Input",
    "InputLayer",
    "InputSpec",
    "LSTMCell",
    "Lambda",
    "Layer",
    "Pipeline",
    "SimpleRNNCell",
    "SpectralNormalization",
    "StackedRNNCells",
    "TimeDistributed",
    "TorchModule",
    "TorchModuleWrapper",
    "Wrapper",
    *MERGES,
    *LAYERS.names(),
]


def __getattr__(name: str) -> Any:
    if name in LAYERS:
        return LAYERS.get(name)
    raise absent(__name__, name, LAYERS.close_to(name))


def __dir__() -> list[str]:
    return sorted(__all__)
