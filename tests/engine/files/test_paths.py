"""Paths that hold no model: each says what is there and what to do, for models and for weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import lamina
from lamina.errors import FileFormatError, MissingFileError, NotSupportedError, WrongTypeError


def small() -> Any:
    return lamina.Sequential([lamina.Input((2,)), lamina.layers.Dense(1)])


READERS = {"model": lamina.saving.load_model, "weights": lambda path: small().load_weights(path)}


@pytest.fixture(params=READERS)
def read(request):
    return READERS[request.param]


@pytest.mark.parametrize(
    "name", ["a.keras", "a.h5", "a.weights.h5", "plain", "none/a.keras", "~/none-at-all.keras"]
)
def test_nothing_there(read, tmp_path, name):
    path = name if name.startswith("~") else tmp_path / name
    with pytest.raises(MissingFileError, match=r"There is no file .*Check its name") as caught:
        read(path)
    assert isinstance(caught.value, FileNotFoundError)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("name", ["folder", "folder.keras", "folder.weights.h5"])
def test_a_folder(read, tmp_path, name):
    (tmp_path / name).mkdir()
    with pytest.raises(FileFormatError, match=f"{name} is a folder. Give the path of a file"):
        read(tmp_path / name)


@pytest.mark.parametrize("content", ["saved_model.pb", "keras_metadata.pb"])
def test_a_saved_model(read, tmp_path, content):
    (tmp_path / content).write_bytes(b"x")
    with pytest.raises(FileFormatError, match=r"SavedModel of TensorFlow.*Load it in Keras 2"):
        read(tmp_path)


def test_a_checkpoint_of_tensorflow(read, tmp_path):
    (tmp_path / "cp.ckpt.index").write_bytes(b"x")
    with pytest.raises(FileFormatError, match=r"cp\.ckpt is a checkpoint of TensorFlow"):
        read(tmp_path / "cp.ckpt")


@pytest.mark.parametrize("name", ["a.keras", "a.h5", "a.weights.h5", "a"])
@pytest.mark.parametrize(
    ("content", "said"), [(b"", "is empty.*Save it again"), (b"words", r"no \.keras file and no")]
)
def test_a_file_of_something_else(read, tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FileFormatError, match=said):
        read(tmp_path / name)


@pytest.mark.parametrize("path", [None, 3, b"a.keras", ["a.keras"]])
def test_what_is_no_path(read, path):
    with pytest.raises(WrongTypeError, match="path of a file is a str or a Path, got"):
        read(path)
    with pytest.raises(WrongTypeError, match="path of a file is a str or a Path, got"):
        small().save(path)


def test_where_nothing_can_be_written(tmp_path):
    for save in (small().save, small().save_weights):
        with pytest.raises(MissingFileError, match=r"there is no folder .*none\. Make it first"):
            save(tmp_path / "none" / "a.weights.h5")
        (tmp_path / "folder.weights.h5").mkdir(exist_ok=True)
        with pytest.raises(FileFormatError, match="is a folder, so no file of this name"):
            save(tmp_path / "folder.weights.h5")


def test_how_older_scripts_save(tmp_path):
    model = small()
    with pytest.warns(UserWarning, match="save_format='tf' is left aside: a.keras"):
        model.save(tmp_path / "a.keras", save_format="tf")
    model.save(tmp_path / "b.keras", True, None)
    for name in ("a.keras", "b.keras"):
        again = lamina.saving.load_model(tmp_path / name)
        np.testing.assert_array_equal(again.get_weights()[0], model.get_weights()[0])
    with pytest.raises(FileFormatError, match=r"must end in \.keras"):
        model.save(tmp_path / "folder", save_format="tf")
    with pytest.raises(NotSupportedError, match="zipped=False"):
        model.save(tmp_path / "c.keras", zipped=False)
