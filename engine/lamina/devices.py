"""The device on which weights, metrics and new tensors are made: a GPU where there is one, and nothing to say for it.

A script names no device, so the same one runs on a GPU and on a CPU. What decides is, first to last: the nearest
`with device(...)`, `set_default_device`, LAMINA_DEVICE (or KERAS_TORCH_DEVICE) in the environment, what the machine
has. Whatever is computed from tensors stays where they are.

torch's own default device was rejected for this: it would change what a user's own calls of torch give, and it slows
each of them.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch

from lamina.errors import ConfigError
from lamina.text import Text

VARIABLES = ("LAMINA_DEVICE", "KERAS_TORCH_DEVICE")
"""Environment variables that name the device, the first one that is set."""

_around: ContextVar[torch.device | None] = ContextVar("device", default=None)
_chosen: list[torch.device] = []


def device_for(name: str | torch.device) -> torch.device:
    """The device of a name, as torch or Keras spells it: "cpu", "cuda:1", "gpu:0"; "auto" is a GPU where there is one.

    >>> device_for("CPU:0")
    device(type='cpu', index=0)

    Raises:
        ConfigError: If this machine does not have it.
    """
    spelled = str(name).lower().replace("gpu", "cuda").removeprefix("/")
    if spelled == "auto":
        spelled = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(spelled)
        if device.type != "meta":  # torch's tensors without values
            there = torch.empty(0, device=device).device  # with its number, as tensors say it
            return device if device.type == "cpu" else there
    except (RuntimeError, AssertionError, NotImplementedError):
        pass  # torch says of each kind in its own way that there is none
    raise ConfigError(
        Text(
            f'This machine has no device "{name}". Use "auto", or "cpu".',
            f"本机没有设备“{name}”。请使用 auto 或 cpu。",
        ),
        field="device",
    )


def default_device() -> torch.device:
    """The device on which weights and new tensors are made.

    >>> with device("cpu"):
    ...     default_device()
    device(type='cpu')
    """
    return _around.get() or (_chosen[0] if _chosen else _found())


def set_default_device(name: str | torch.device | None) -> None:
    """Make weights and new tensors on another device from now on; None for what the environment and the machine say.

    Raises:
        ConfigError: If this machine does not have it.
    """
    _chosen[:] = [] if name is None else [device_for(name)]


@contextmanager
def device(device_name: str | torch.device) -> Iterator[torch.device]:
    """A context in which weights and new tensors are made on a device; what torch's own functions make stays as it is.

    >>> with device("cpu"):
    ...     default_device().type
    'cpu'

    Raises:
        ConfigError: If this machine does not have it.
    """
    with inside(device_for(device_name)) as found:
        yield found


@contextmanager
def inside(found: torch.device) -> Iterator[torch.device]:
    """`device` for one that is known to be there, or that has no values, as torch's "meta"."""
    token = _around.set(found)
    try:
        yield found
    finally:
        _around.reset(token)


def elsewhere() -> torch.device | None:
    """What to pass as `device=` to torch: the default device, or None for a CPU, where torch makes things anyway."""
    around = _around.get()
    if around is not None:
        return around
    found = _chosen[0] if _chosen else _found()
    return None if found.type == "cpu" else found


@functools.cache
def _found() -> torch.device:
    """What the environment says, else what the machine has."""
    for variable in VARIABLES:
        if name := os.environ.get(variable):
            try:
                return device_for(name)
            except ConfigError as error:
                raise ConfigError(
                    Text(
                        f"The environment sets {variable}={name}. {error.text.en}",
                        f"环境变量设置了 {variable}={name}。{error.text.zh}",
                    ),
                    field="device",
                ) from None
    return device_for("auto")
