"""What a training ran on: the part of "everything a run is" that no document holds."""

import os
import platform
from importlib.metadata import version
from typing import Any

import torch


def environment(device: torch.device) -> dict[str, Any]:
    """Versions, device and threads of this process."""
    record: dict[str, Any] = {
        "lamina": version("lamina"),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": version("numpy"),
        "platform": platform.platform(terse=True),
        "machine": platform.machine(),
        "cpus": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "threads": torch.get_num_threads(),
        "device": str(device),
    }
    if device.type == "cuda":
        record["device_name"] = torch.cuda.get_device_name(device)
        record["cuda"] = torch.version.cuda
    return record
