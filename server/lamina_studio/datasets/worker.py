"""The process that downloads or reads a dataset, so that the server never waits or swells.

    python -m lamina_studio.datasets.worker download mnist
    python -m lamina_studio.datasets.worker preview mnist train 0 20

It writes JSON lines to standard output: any number of `{"received", "total"}`, then one
`{"done": true}`, `{"preview": …}` or `{"error": {"en", "zh-CN"}}`. SIGTERM cancels.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from typing import Any

import numpy as np

import lamina.datasets  # noqa: F401 - registers the data sets
from lamina.datasets.catalogue import DATASETS, ClassTarget, DatasetSpec
from lamina.errors import LaminaError
from lamina_studio.datasets.pictures import png_data_url

PROGRESS_INTERVAL_S = 0.1


def main(arguments: list[str]) -> int:
    """Run one command; the exit status is 0 unless it failed or was cancelled."""
    command, dataset_id, *rest = arguments
    spec = DATASETS.get(dataset_id)
    try:
        if command == "download":
            download(spec)
            _say(done=True)
        else:
            split, offset, limit = rest[0], int(rest[1]), int(rest[2])
            _say(preview=preview(spec, split, offset, limit))
    except LaminaError as error:
        _say(error=error.text.to_json())
        return 1
    return 0


def download(spec: DatasetSpec) -> None:
    """Bring a dataset onto this machine, telling of the bytes as they come."""
    cancelled = False

    def cancel(_signal: int, _frame: object) -> None:
        nonlocal cancelled
        cancelled = True

    signal.signal(signal.SIGTERM, cancel)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the server, which then says so
    last_said = 0.0

    def progress(received: int, total: int) -> None:
        nonlocal last_said
        now = time.monotonic()
        if now - last_said >= PROGRESS_INTERVAL_S or received == total:
            last_said = now
            _say(received=received, total=total)

    spec.download(progress, lambda: cancelled)


def preview(spec: DatasetSpec, split: str, offset: int, limit: int) -> dict[str, Any]:
    """Samples `offset` to `offset + limit` of a split, as the `Preview` schema has them."""
    splits = spec.load()
    x, y = (splits.x_train, splits.y_train) if split == "train" else (splits.x_test, splits.y_test)
    chosen = slice(offset, offset + limit)
    return {
        "items": [
            _sample(spec, sample, target)
            for sample, target in zip(x[chosen], y[chosen], strict=True)
        ],
        "columns": [column.to_json() for column in spec.columns] or None,
    }


def _sample(spec: DatasetSpec, sample: np.ndarray, target: np.ndarray) -> dict[str, Any]:
    names = spec.target.classes if isinstance(spec.target, ClassTarget) else None
    is_image = spec.kind == "image"
    return {
        "image": png_data_url(_grey_levels(spec, sample)) if is_image else None,
        "values": None if is_image else [float(str(value)) for value in sample],
        "target": target.item(),
        "label": None if names is None else names[int(target)],
    }


def _grey_levels(spec: DatasetSpec, sample: np.ndarray) -> np.ndarray:
    levels: np.ndarray = np.rint(spec.prepare(sample[None])[0] * 255).astype(np.uint8)
    return levels


def _say(**line: Any) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
