"""Whether a file predicts in real Keras what the studio says that its run predicts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np

from scripts.started_studio import StartedStudio

LARGEST_DIFFERENCE = 1e-5


def expect_keras_to_agree(studio: StartedStudio, run: str, file: Path, shape: list[int]) -> None:
    """Load `file` in a process of its own and compare on random samples of `shape`."""
    inputs = np.random.default_rng(0).random((16, *shape), np.float32)
    inputs_file, outputs_file = file.with_name("inputs.npy"), file.with_name("outputs.npy")
    np.save(inputs_file, inputs)
    script = Path(__file__).with_name("keras_predict.py")
    command = [sys.executable, *map(str, (script, file, inputs_file, outputs_file))]
    subprocess.run(command, check=True, timeout=120)
    [ours] = studio.post(f"/runs/{run}/predict", {"inputs": inputs.tolist()})["outputs"].values()
    assert np.abs(np.array(ours) - np.load(outputs_file)).max() <= LARGEST_DIFFERENCE
