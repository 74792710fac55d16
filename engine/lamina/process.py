"""What a script asks of the process: the version, and a device to compute on."""

from __future__ import annotations

from importlib import metadata

import torch


def version() -> str:
    """The version of this library."""
    return metadata.version("lamina")


def device(device_name: str) -> torch.device:
    """A context in which tensors are made on a device, as torch or Keras names it: "cpu", "cuda:1", "gpu:0".

    >>> with device("cpu"):
    ...     torch.ones(1).device.type
    'cpu'
    """
    return torch.device(device_name.lower().replace("gpu", "cuda").removeprefix("/"))
