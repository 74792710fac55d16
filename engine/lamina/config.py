"""`keras.config`: what holds for the whole process, and what this machine has."""

from __future__ import annotations

import importlib.metadata
import platform
from typing import Any, NoReturn

import torch

from lamina.backend import backend
from lamina.devices import default_device, set_default_device
from lamina.dtype_policies import dtype_policy, set_dtype_policy
from lamina.errors import ConfigError
from lamina.refused import absent
from lamina.settings import (
    epsilon,
    floatx,
    image_data_format,
    set_epsilon,
    set_floatx,
    set_image_data_format,
)
from lamina.text import Text
from lamina.utils.interaction import (
    disable_interactive_logging,
    enable_interactive_logging,
    is_interactive_logging_enabled,
)

__all__ = [
    "backend",
    "default_device",
    "devices",
    "disable_flash_attention",
    "disable_interactive_logging",
    "disable_traceback_filtering",
    "dtype_policy",
    "enable_flash_attention",
    "enable_interactive_logging",
    "enable_traceback_filtering",
    "epsilon",
    "floatx",
    "image_data_format",
    "is_flash_attention_enabled",
    "is_interactive_logging_enabled",
    "is_traceback_filtering_enabled",
    "machine",
    "set_backend",
    "set_default_device",
    "set_dtype_policy",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
]


def devices() -> list[str]:
    """What there is to compute on, as torch names it.

    >>> devices()[0]
    'cpu'
    """
    return ["cpu", *(f"cuda:{index}" for index in range(torch.cuda.device_count()))]


def machine() -> dict[str, Any]:
    """What this machine has: devices with their names, types of fractions, threads, versions.

    >>> sorted(machine())
    ['devices', 'dtypes', 'threads', 'versions']
    >>> machine()["dtypes"]["cpu"]
    ['float32', 'float64', 'bfloat16', 'float16']
    """
    cuda = [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    names = {name: torch.cuda.get_device_name(name) for name in cuda}
    halves = ["bfloat16", "float16"] if not cuda or torch.cuda.is_bf16_supported() else ["float16"]
    return {
        "devices": {"cpu": platform.processor() or platform.machine(), **names},
        "dtypes": {
            "cpu": ["float32", "float64", "bfloat16", "float16"],
            **{name: ["float32", "float64", *halves] for name in cuda},
        },
        "threads": torch.get_num_threads(),
        "versions": {
            "lamina": importlib.metadata.version("lamina"),
            "python": platform.python_version(),
            "torch": torch.__version__,
            "cuda": torch.version.cuda,
        },
    }


def set_backend(backend: str) -> None:
    """Accept "torch", the only backend there is.

    Raises:
        ConfigError: For any other.
    """
    if backend != "torch":
        raise ConfigError(
            Text(
                f'The backend is "torch", got {backend!r}. Leave the call out.',
                f"后端固定为“torch”，实际为 {backend!r}。请去掉该调用。",
            )
        )


def enable_traceback_filtering() -> None:
    """Nothing: tracebacks are never filtered here, which Keras does by default."""


def disable_traceback_filtering() -> None:
    """Nothing: tracebacks are never filtered here."""


def is_traceback_filtering_enabled() -> bool:
    """Always False: tracebacks are shown whole."""
    return False


def enable_flash_attention() -> None:
    """Let torch use its flash kernels for attention, where there is a GPU and they fit; so it is at the start."""
    torch.backends.cuda.enable_flash_sdp(enabled=True)


def disable_flash_attention() -> None:
    """Keep torch from using its flash kernels for attention."""
    torch.backends.cuda.enable_flash_sdp(enabled=False)


def is_flash_attention_enabled() -> bool:
    """Whether torch may use its flash kernels for attention.

    >>> is_flash_attention_enabled()
    True
    """
    return bool(torch.backends.cuda.flash_sdp_enabled())  # type: ignore[no-untyped-call]


def __getattr__(name: str) -> NoReturn:
    raise absent(__name__, name)
