"""Models with vocabularies that Keras (3.15.1, with TensorFlow) wrote as assets of the archive, once, into `data`."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

import lamina
from lamina.errors import FileFormatError

DATA = Path(__file__).with_name("data")
FILE = DATA / "keras_lookups.keras"
INPUTS = [
    np.array([["hello b"], ["zzz you"]]),
    np.array([["a", "q"], ["z", "y"]]),
    np.array([[3, 9], [4, -7]]),
    np.array([[1.0, 9.0], [4.0, 0.0]], "float32"),
]
EXPECTED = json.loads((DATA / "keras_lookups.json").read_text("utf-8"))


def same(model):
    for found, expected in zip(model.predict(INPUTS, verbose=0), EXPECTED, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_vocabularies_are_read_from_assets_and_written_into_the_configuration(tmp_path):
    model = lamina.models.load_model(FILE)
    same(model)
    model.save(tmp_path / "ours.keras")
    with zipfile.ZipFile(tmp_path / "ours.keras") as archive:
        assert not [name for name in archive.namelist() if name.startswith("assets")]
    same(lamina.models.load_model(tmp_path / "ours.keras"))


def rewritten(path, change):
    with zipfile.ZipFile(FILE) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            for new_name, content in change(name, source.read(name)):
                target.writestr(new_name, content)
    return path


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda n, c: [(n, b"\xff\xfe")] if n.endswith("txt") else [(n, c)], "is no text"),
        (lambda n, c: [(n, b"a\nb")] if "integer" in n else [(n, c)], "whole numbers"),
        (
            lambda n, c: [(n, c), ("assets/layers/../../vocabulary.txt", b"")] if n == "config.json" else [(n, c)],
            "no part of a model file",
        ),
        (lambda n, c: [(n.replace("vocabulary", "other"), c)], "set the layer.s vocabulary"),
    ],
)  # fmt: skip
def test_assets_that_cannot_be_used_are_refused(tmp_path, change, match):
    with pytest.raises(FileFormatError, match=match):
        lamina.models.load_model(rewritten(tmp_path / "m.keras", change))


def test_a_layer_whose_vocabulary_is_missing_says_so(tmp_path):
    path = rewritten(
        tmp_path / "m.keras", lambda n, c: [] if n.startswith("assets/layers/string_lookup/") else [(n, c)]
    )  # fmt: skip
    with pytest.raises(ValueError, match="vocabulary"):
        lamina.models.load_model(path).predict(INPUTS, verbose=0)
