"""The machine: what it is, how busy others keep it, how much memory a process took."""

from __future__ import annotations

import os
import platform
import time
from importlib import metadata
from pathlib import Path
from typing import Any

CPUS = os.cpu_count() or 1


def busy_s() -> float | None:
    """CPU seconds that all processes together, and other machines on the same host, have used; None where Linux is not."""
    try:
        words = Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    except OSError:
        return None
    values = [int(word) for word in words]
    return (sum(values[:3]) + sum(values[5:8])) / os.sysconf("SC_CLK_TCK")


def wait_for_quiet(limit_s: float) -> None:
    """Wait, not for long, until others leave the machine alone."""
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        before = busy_s()
        time.sleep(0.15)
        after = busy_s()
        if before is None or after is None or after - before <= 0.15 * 0.05 * CPUS:
            return


def memory_mb() -> float:
    """Resident memory of this process."""
    return _status("VmRSS")


def peak_memory_mb() -> float:
    """Its highest value since `forget_peak`."""
    return _status("VmHWM")


def forget_peak() -> None:
    """Count the peak of this process' memory from here."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return  # then it counts from the start of the process


def _status(key: str) -> float:
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next(float(line.split()[1]) / 1024 for line in lines if line.startswith(key))


def describe() -> dict[str, Any]:
    """What a result must be read with."""
    return {
        "cpu": _cpu_name(),
        "cpus": CPUS,
        "system": platform.system(),
        "python": platform.python_version(),
        "torch": metadata.version("torch"),
        "lamina": metadata.version("lamina"),
        "load": round(os.getloadavg()[0], 1),
    }


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
