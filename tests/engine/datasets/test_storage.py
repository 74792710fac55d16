"""The cache holds whole, verified files or none, whatever happens while they are fetched."""

import gzip
import hashlib
import subprocess
import sys
import threading

import pytest

from lamina.datasets.sources import CancellationError, DataFile, SourceError
from lamina.datasets.storage import (
    INCOMING,
    DownloadCancelledError,
    DownloadFailedError,
    FetchedFiles,
    ScikitLearnFile,
)
from lamina.errors import DatasetError

CONTENT = b"seven eight nine"
FILE = DataFile("words", len(CONTENT), hashlib.sha256(CONTENT).hexdigest(), gz_size=30)


HOLD_LOCK = """
import fcntl, sys
with open(sys.argv[1], "a") as file:
    fcntl.flock(file, fcntl.LOCK_EX)
    print("held", flush=True)
    sys.stdin.read()
"""


class Giving:
    """A source that writes `content` and counts how often it is asked."""

    def __init__(self, content: bytes = CONTENT, label: str = "giving") -> None:
        self.content, self.label, self.asked = content, label, 0

    def bring(self, files, folder, progress, cancelled) -> None:
        self.asked += 1
        for file in files:
            (folder / file.name).write_bytes(self.content)
        progress(30, 30)
        if cancelled():
            raise CancellationError


class Failing:
    label = "failing"

    def bring(self, files, folder, progress, cancelled) -> None:
        (folder / files[0].name).write_bytes(CONTENT[:3])
        raise SourceError("unplugged")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LAMINA_DATASETS", str(tmp_path / "data"))
    return tmp_path / "data" / "words"


def stored(*sources) -> FetchedFiles:
    return FetchedFiles("words", (FILE,), sources)


def download(files: FetchedFiles, cancelled=lambda: False) -> None:
    files.download(lambda received, total: None, cancelled)


def test_the_first_source_that_brings_the_right_bytes_wins(cache):
    wrong, right, unused = Giving(b"seven eight nein"), Giving(), Giving()
    files = stored(Failing(), wrong, right, unused)
    assert not files.is_present()
    download(files)
    assert files.is_present()
    assert files.read("words") == CONTENT
    assert (wrong.asked, right.asked, unused.asked) == (1, 1, 0)
    assert sorted(path.name for path in cache.iterdir()) == [".lock", "words"]


def test_what_is_present_is_not_fetched_again(cache):
    source = Giving()
    download(stored(source))
    download(stored(source))
    assert source.asked == 1


def test_files_brought_by_hand_are_taken_plain_or_packed(cache):
    cache.mkdir(parents=True)
    (cache / "words.gz").write_bytes(gzip.compress(CONTENT))
    source = Giving()
    download(stored(source))
    assert source.asked == 0
    assert stored().read("words") == CONTENT


@pytest.mark.parametrize("name", ["words", "words.gz"])
def test_a_file_with_other_content_is_refused_by_its_hash(cache, name):
    cache.mkdir(parents=True)
    other = CONTENT.upper()
    (cache / name).write_bytes(gzip.compress(other) if name.endswith("gz") else other)
    with pytest.raises(DatasetError, match="SHA-256 differs"):
        stored().read("words")


def test_a_packed_file_that_is_none_is_one_clear_error(cache):
    cache.mkdir(parents=True)
    (cache / "words.gz").write_bytes(b"not packed at all")
    with pytest.raises(DatasetError, match=r"words\.gz cannot be read"):
        stored().read("words")


def test_when_every_source_fails_the_message_says_how_to_bring_the_file(cache):
    with pytest.raises(DownloadFailedError) as failure:
        download(stored(Failing(), Giving(b"wrong")))
    message = str(failure.value)
    assert str(cache) in message
    assert "words" in message
    assert "failing: unplugged" in message
    assert "incomplete" in message
    assert str(cache) in failure.value.text.zh
    assert not stored().is_present()
    assert [path.name for path in cache.iterdir()] == [".lock"]


def test_a_cancelled_download_leaves_nothing(cache):
    with pytest.raises(DownloadCancelledError):
        download(stored(Giving()), cancelled=lambda: True)
    assert not stored().is_present()
    assert list(cache.glob(f"{INCOMING}*")) == []


def test_leftovers_of_a_killed_process_are_swept(cache):
    (cache / f"{INCOMING}dead").mkdir(parents=True)
    (cache / f"{INCOMING}dead" / "words").write_bytes(b"half")
    download(stored(Giving()))
    assert list(cache.glob(f"{INCOMING}*")) == []


def test_two_downloads_at_once_fetch_once(cache):
    release = threading.Event()

    class Slow(Giving):
        def bring(self, files, folder, progress, cancelled) -> None:
            release.wait(10)
            super().bring(files, folder, progress, cancelled)

    source = Slow()
    threads = [threading.Thread(target=download, args=(stored(source),)) for _ in range(3)]
    for thread in threads:
        thread.start()
    release.set()
    for thread in threads:
        thread.join()
    assert source.asked == 1
    assert stored().read("words") == CONTENT


def test_a_waiting_download_can_be_cancelled(cache):
    cache.mkdir(parents=True)
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            HOLD_LOCK,
            str(cache / ".lock"),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        looks = iter([False, False, True])
        with pytest.raises(DownloadCancelledError):
            download(stored(Giving()), cancelled=lambda: next(looks, True))


def test_a_folder_that_cannot_be_made_is_one_clear_error(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("LAMINA_DATASETS", str(tmp_path / "file"))
    with pytest.raises(DatasetError, match="Set LAMINA_DATASETS"):
        download(stored(Giving()))


def test_without_scikit_learn_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    bundled = ScikitLearnFile()
    assert not bundled.is_present()
    for use in (lambda: bundled.read("iris.csv"), lambda: download(bundled)):
        with pytest.raises(DatasetError, match="pip install scikit-learn"):
            use()
