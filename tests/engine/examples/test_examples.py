"""Every example runs; the plain Keras script runs on Keras 3 as well. MNIST is stood in for by noise."""

import re
import runpy
from pathlib import Path

import keras
import numpy as np
import pytest

import lamina

EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.fixture(autouse=True)
def small_world(tmp_path, monkeypatch):
    """A folder of its own to run in, and a few samples of MNIST's form."""
    monkeypatch.chdir(tmp_path)

    def few(n: int) -> tuple[np.ndarray, np.ndarray]:
        random = np.random.default_rng(0)
        images = random.integers(0, 256, (n, 28, 28), dtype=np.uint8)
        return images, random.integers(0, 10, n, dtype=np.uint8)

    for library in (lamina, keras):
        monkeypatch.setattr(library.datasets.mnist, "load_data", lambda: (few(100), few(20)))


def accuracy_in(output: str) -> float:
    found = re.search(r"Test accuracy: ([\d.]+)", output)
    assert found, output
    return float(found[1])


def test_every_example_is_tested_here():
    assert sorted(path.name for path in EXAMPLES.glob("*.py")) == [
        "digits_functional.py",
        "mnist_cnn.py",
    ]


def test_mnist_cnn(capsys):
    runpy.run_path(str(EXAMPLES / "mnist_cnn.py"))
    output = capsys.readouterr().out
    assert 0 <= accuracy_in(output) <= 1
    assert "Total params: 693,962" in output


@pytest.mark.filterwarnings("ignore:Do not pass an `input_shape`")  # Keras has a wish here
def test_mnist_cnn_runs_unchanged_on_keras(tmp_path, capsys):
    source = (EXAMPLES / "mnist_cnn.py").read_text("utf-8")
    (tmp_path / "script.py").write_text(source.replace("import lamina as keras", "import keras"))
    runpy.run_path(str(tmp_path / "script.py"))
    assert 0 <= accuracy_in(capsys.readouterr().out) <= 1


def test_digits_functional(tmp_path, capsys):
    runpy.run_path(str(EXAMPLES / "digits_functional.py"))
    output = capsys.readouterr().out
    assert accuracy_in(output) > 0.9
    assert "predicts the same" in output
    assert keras.models.load_model(tmp_path / "digits.keras").output_shape == (None, 10)
