"""Loading the engine: once, whole, and not on the event loop.

The engine stands on torch, which takes seconds to import. The studio answers before that; `main`
loads the engine in a thread meanwhile, and whoever needs it earlier waits for the same load. Two
threads that import torch's modules in different orders would see half of them.
"""

from __future__ import annotations

import importlib
import threading

MODULES = ("lamina.catalog", "lamina.checking", "lamina.export")

_loading = threading.Lock()


def load_engine() -> None:
    """Return when the engine is loaded; call it before the first import of a module above.

    Raises:
        ImportError: If the installation is broken.
    """
    with _loading:
        for module in MODULES:
            importlib.import_module(module)
