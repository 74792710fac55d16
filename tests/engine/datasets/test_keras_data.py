"""The loaders of Keras' data sets, on files that the tests make: what Keras makes of the same files."""

import gzip
import hashlib
import inspect
import io
import json
import struct
import tarfile
from dataclasses import replace

import keras
import numpy as np
import pytest

import lamina
from lamina.datasets import (
    boston_housing,
    california_housing,
    cifar,
    cifar10,
    cifar100,
    fashion_mnist,
    imdb,
    reuters,
)
from lamina.datasets.catalogue import DATASETS
from lamina.datasets.object_arrays import ragged
from lamina.datasets.storage import FetchedFiles
from lamina.errors import ConfigError, DatasetError

RANDOM = np.random.default_rng(0)


def as_idx(array: np.ndarray) -> bytes:
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.tobytes()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LAMINA_DATASETS", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def place(cache, monkeypatch):
    """Puts made files where a loader finds them, and has it expect their hashes."""

    def put(module, attribute: str, **contents: bytes) -> None:
        files: FetchedFiles = getattr(module, attribute)
        made = []
        for file in files.files:
            content = next(iter(contents.values())) if len(contents) == 1 else contents[file.name]
            path = cache / files.id / file.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            sha256 = hashlib.sha256(content).hexdigest()
            made.append(replace(file, size=len(content), sha256=sha256, md5=""))
        monkeypatch.setattr(module, attribute, replace(files, files=tuple(made), sources=()))

    return put


def as_npz(tmp_path, **arrays) -> bytes:
    np.savez(tmp_path / "made.npz", **arrays)
    return (tmp_path / "made.npz").read_bytes()


@pytest.fixture
def keras_reads(tmp_path, monkeypatch):
    """Keras' loader of that name, on the same bytes."""

    def load(name: str, content: bytes, **options):
        path = tmp_path / "for_keras"
        path.write_bytes(content)
        module = f"keras.src.datasets.{name}"
        monkeypatch.setattr(f"{module}.get_file", lambda *a, **k: str(path))
        return getattr(keras.datasets, name).load_data(**options)

    return load


def assert_same(ours, theirs):
    for part, expected in zip(ours, theirs, strict=True):
        for array, wanted in zip(part, expected, strict=True):
            assert array.dtype == np.asarray(wanted).dtype
            assert array.shape == np.asarray(wanted).shape
            assert array.tolist() == np.asarray(wanted).tolist()


TEXTS = [RANDOM.integers(1, 40, RANDOM.integers(1, 12)).tolist() for _ in range(31)]
OPTIONS = [
    {},
    {"num_words": 20},
    {"num_words": 20, "skip_top": 6, "oov_char": None},
    {"maxlen": 8, "seed": 3},
    {"start_char": None},
    {"start_char": None, "index_from": 0, "skip_top": 4},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_imdb_is_what_keras_makes_of_the_file(options, tmp_path, place, keras_reads):
    labels = RANDOM.integers(0, 2, 31)
    file = as_npz(
        tmp_path,
        x_train=ragged(TEXTS[:20]), y_train=labels[:20], x_test=ragged(TEXTS[20:]), y_test=labels[20:],
    )  # fmt: skip
    place(imdb, "REVIEW_FILES", file=file)
    assert_same(imdb.load_data(**options), keras_reads("imdb", file, **options))


@pytest.mark.parametrize("options", [*OPTIONS, {"test_split": 0.4}], ids=str)
def test_reuters_is_what_keras_makes_of_the_file(options, tmp_path, place, keras_reads):
    file = as_npz(tmp_path, x=ragged(TEXTS), y=RANDOM.integers(0, 46, 31))
    place(reuters, "NEWSWIRE_FILES", file=file)
    assert_same(reuters.load_data(**options), keras_reads("reuters", file, **options))


@pytest.mark.parametrize(
    ("module", "name", "options"),
    [
        (boston_housing, "boston_housing", {}),
        (boston_housing, "boston_housing", {"test_split": 0.5, "seed": 1}),
        (california_housing, "california_housing", {}),
        (california_housing, "california_housing", {"version": "small", "test_split": 0.1}),
    ],
)
def test_housing_is_what_keras_makes_of_the_file(
    module, name, options, tmp_path, place, keras_reads
):
    file = as_npz(tmp_path, x=RANDOM.normal(size=(700, 8)), y=RANDOM.normal(size=700))
    place(module, "FILES", file=file)
    assert_same(module.load_data(**options), keras_reads(name, file, **options))


def archive_of(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return file.getvalue()


def records(count: int, labels: int) -> tuple[np.ndarray, np.ndarray, bytes]:
    """Labels, pictures (samples, 32, 32, 3) and the bytes that hold them."""
    label = RANDOM.integers(0, 20, (count, labels), dtype=np.uint8)
    pictures = RANDOM.integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)
    planes = pictures.transpose(0, 3, 1, 2).reshape(count, -1)
    return label, pictures, np.hstack([label, planes]).tobytes()


def test_cifar10_is_read_from_its_binary_form(place):
    batches = [records(3, 1) for _ in range(6)]
    members = {name: data for name, (_, _, data) in zip(cifar10.MEMBERS, batches, strict=True)}
    place(cifar10, "FILES", file=archive_of({"cifar-10-batches-bin/readme.html": b"x", **members}))
    (x_train, y_train), (x_test, y_test) = cifar10.load_data()
    np.testing.assert_array_equal(x_train, np.concatenate([x for _, x, _ in batches[:5]]))
    np.testing.assert_array_equal(y_train, np.concatenate([y for y, _, _ in batches[:5]]))
    np.testing.assert_array_equal(x_test, batches[5][1])
    assert (x_train.shape, y_train.shape, y_test.shape) == ((15, 32, 32, 3), (15, 1), (3, 1))
    assert x_train.dtype == y_train.dtype == np.uint8
    splits = cifar10.read_splits(cifar10.FILES)
    assert (splits.y_train.shape, splits.y_train.dtype) == ((15,), np.int64)
    prepared = DATASETS.get("cifar10").prepare(splits.x_test)
    assert (prepared.shape, prepared.dtype) == ((3, 32, 32, 3), np.float32)
    np.testing.assert_allclose(prepared, batches[5][1] / 255, rtol=1e-6)


@pytest.mark.parametrize(("mode", "column"), [("fine", 1), ("coarse", 0)])
def test_cifar100_has_two_kinds_of_labels(place, mode, column):
    train, test = records(5, 2), records(2, 2)
    members = dict(zip(cifar100.MEMBERS, (train[2], test[2]), strict=True))
    place(cifar100, "FILES", file=archive_of(members))
    (x_train, y_train), (x_test, y_test) = cifar100.load_data(label_mode=mode)
    np.testing.assert_array_equal(x_train, train[1])
    np.testing.assert_array_equal(y_train, train[0][:, [column]])
    np.testing.assert_array_equal(y_test, test[0][:, [column]])
    assert y_train.dtype == np.int64  # as Keras makes of its list
    assert x_test.shape == (2, 32, 32, 3)
    assert cifar100.read_splits(cifar100.FILES).y_train.tolist() == train[0][:, 1].tolist()


@pytest.mark.parametrize(
    ("archive", "complaint"),
    [
        (b"not packed", "cannot be read"),
        (archive_of({"cifar-10-batches-bin/data_batch_1.bin": b"x"}), "holds no .*data_batch_2"),
        (archive_of(dict.fromkeys(cifar10.MEMBERS, b"x" * 3074)), "records of 3073 bytes"),
        (archive_of(dict.fromkeys(cifar10.MEMBERS, bytes(3073)))[:-40], "cannot be read|holds no"),
    ],
)
def test_an_archive_that_is_none_is_refused(place, archive, complaint):
    place(cifar10, "FILES", file=archive)
    with pytest.raises(DatasetError, match=complaint):
        cifar10.load_data()


def test_links_and_large_members_of_an_archive_are_left_alone(tmp_path):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as tar:
        link = tarfile.TarInfo("wanted")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
        large = tarfile.TarInfo("large")
        large.size = 11
        tar.addfile(large, io.BytesIO(bytes(11)))
    for name in ("wanted", "large"):
        with pytest.raises(DatasetError, match=f"holds no {name}"):
            cifar.read_members(file.getvalue(), [name], 10, "archive")


def test_fashion_mnist_is_read_packed(place):
    made = {
        file.name: gzip.compress(
            as_idx(RANDOM.integers(0, 10, (4, 28, 28) if "images" in file.name else 4, np.uint8))
        )
        for file in fashion_mnist.FILES.files
    }
    place(fashion_mnist, "FILES", **made)
    (x_train, y_train), (x_test, _) = fashion_mnist.load_data()
    assert (x_train.shape, y_train.shape, x_test.shape) == ((4, 28, 28), (4,), (4, 28, 28))
    assert x_train.dtype == y_train.dtype == np.uint8
    x_train[0] = 0  # scripts write into their arrays
    assert fashion_mnist.read_splits(fashion_mnist.FILES).x_train.shape == (4, 28, 28, 1)


def test_words_and_labels_have_names(place):
    place(imdb, "WORD_FILES", file=json.dumps({"the": 1}).encode())
    place(reuters, "WORD_FILES", file=json.dumps({"oil": 2}).encode())
    assert imdb.get_word_index() == {"the": 1}
    assert reuters.get_word_index() == {"oil": 2}
    assert reuters.get_label_names() == keras.datasets.reuters.get_label_names()
    assert len(cifar100.FINE) == len(set(cifar100.FINE)) == 100
    assert sorted(cifar100.FINE) == cifar100.FINE


def test_mistakes_of_the_caller_are_value_errors(tmp_path, place):
    with pytest.raises(ConfigError, match='label_mode must be "fine" or "coarse"'):
        cifar100.load_data("all")
    with pytest.raises(ConfigError, match='version must be "small" or "large"'):
        california_housing.load_data("tiny")
    x = ragged([[1, 2, 3]] * 4)
    place(imdb, "REVIEW_FILES", file=as_npz(tmp_path, x_train=x, y_train=np.ones(4), x_test=x, y_test=np.ones(4)))  # fmt: skip
    with pytest.raises(ConfigError, match="Increase maxlen"):
        imdb.load_data(maxlen=2)
    place(boston_housing, "FILES", file=as_npz(tmp_path, x=np.ones((4, 13)), y=np.ones(4)))
    with pytest.raises(ConfigError, match="test_split must lie"):
        boston_housing.load_data(test_split=1)
    place(boston_housing, "FILES", file=as_npz(tmp_path, x=np.ones((4, 13)), y=np.ones(3)))
    with pytest.raises(DatasetError, match="4 samples and 3 targets"):
        boston_housing.load_data()


def test_the_table_of_the_studio_is_standardized_and_its_target_is_near_one(tmp_path, place):
    x = RANDOM.normal(50, 9, (40, 8)).astype(np.float64)
    x[:, 3] = 5.0  # a constant column must not become infinite
    place(california_housing, "FILES", file=as_npz(tmp_path, x=x, y=np.full(40, 250_000.0)))
    spec = replace(DATASETS.get("california_housing"), storage=california_housing.FILES)
    splits = spec.load()
    prepared = spec.prepare(splits.x_train)
    np.testing.assert_allclose(prepared.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(np.delete(prepared.std(axis=0), 3), 1, rtol=1e-4)
    assert prepared.dtype == splits.y_train.dtype == np.float32
    assert set(splits.y_train.tolist()) == {2.5}
    assert (splits.x_train.shape, splits.x_test.shape) == ((32, 8), (8, 8))


def test_the_loaders_have_keras_arguments_and_nothing_is_fetched_without_being_said(
    cache, monkeypatch, capsys
):
    for name in sorted(set(dir(keras.datasets)) & set(lamina.datasets.__all__)):
        theirs = inspect.signature(getattr(keras.datasets, name).load_data)
        ours = inspect.signature(getattr(lamina.datasets, name).load_data)
        wanted = [
            (p.name, p.default) for p in theirs.parameters.values() if p.kind != p.VAR_KEYWORD
        ]
        assert [(p.name, p.default) for p in ours.parameters.values()] == wanted, name
    monkeypatch.setattr(imdb, "REVIEW_FILES", replace(imdb.REVIEW_FILES, sources=()))
    with pytest.raises(DatasetError, match=r"To bring it by hand, put imdb\.npz"):
        imdb.load_data()
    assert "Downloading imdb (17.5 MB)" in capsys.readouterr().err
