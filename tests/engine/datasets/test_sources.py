"""Sources bring bytes, report them, stop when asked, and say in a few words why they cannot."""

import gzip
import io
import os
import socket
import stat
import tarfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from lamina.datasets import sources
from lamina.datasets.sources import CancellationError, DataFile, Mirror, NpmPackage, SourceError

CONTENT = bytes(range(256)) * 2000
FILE = DataFile("numbers", size=len(CONTENT), sha256="", gz_size=len(gzip.compress(CONTENT)))


def never() -> bool:
    return False


def ignore(received: int, total: int) -> None:
    pass


@pytest.fixture
def server():
    """Answers of an HTTP server by path."""
    answers: dict[str, bytes] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = answers.get(self.path)
            self.send_response(404 if body is None else 200)
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}", answers
        http.shutdown()
        thread.join()


def test_a_mirror_brings_files_unpacked_and_counts_their_bytes(server, tmp_path):
    address, answers = server
    answers["/data/numbers.gz"] = gzip.compress(CONTENT)
    seen: list[tuple[int, int]] = []
    Mirror(address + "/data/").bring(
        [FILE], tmp_path, lambda received, total: seen.append((received, total)), never
    )
    assert (tmp_path / "numbers").read_bytes() == CONTENT
    assert seen[-1] == (FILE.gz_size, FILE.gz_size)
    assert seen == sorted(seen)


def test_a_mirror_may_be_a_folder(tmp_path):
    (tmp_path / "numbers.gz").write_bytes(gzip.compress(CONTENT))
    (tmp_path / "here").mkdir()
    Mirror(tmp_path.as_uri()).bring([FILE], tmp_path / "here", ignore, never)
    assert (tmp_path / "here" / "numbers").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (None, "HTTP 404"),
        (b"<html>sign in to this network</html>", "gzip"),
        (gzip.compress(CONTENT)[:-2000], "ended before"),
        (gzip.compress(CONTENT + b"!"), "more than"),
    ],
)
def test_a_mirror_that_serves_something_else_is_refused(server, tmp_path, answer, complaint):
    address, answers = server
    if answer is not None:
        answers["/numbers.gz"] = answer
    with pytest.raises(SourceError, match=complaint):
        Mirror(address).bring([FILE], tmp_path, ignore, never)


def test_a_bomb_stops_at_the_expected_size(server, tmp_path):
    address, answers = server
    answers["/numbers.gz"] = gzip.compress(bytes(50_000_000))
    with pytest.raises(SourceError, match="more than"):
        Mirror(address).bring([FILE], tmp_path, ignore, never)
    assert (tmp_path / "numbers").stat().st_size <= FILE.size


def test_a_mirror_stops_when_cancelled(server, tmp_path):
    address, answers = server
    answers["/numbers.gz"] = gzip.compress(CONTENT)
    with pytest.raises(CancellationError):
        Mirror(address).bring([FILE], tmp_path, ignore, lambda: True)


def test_a_closed_port_is_one_plain_reason(server, tmp_path):
    with pytest.raises(SourceError, match="refused"):
        Mirror("http://127.0.0.1:1").bring([FILE], tmp_path, ignore, never)


@pytest.fixture
def silent_address():
    """A place on this machine that answers no connection: its queue is full."""
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for client in (first, second):
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        yield listener.getsockname()


def test_a_host_that_never_answers_costs_one_deadline_over_all_its_addresses(
    tmp_path, monkeypatch, silent_address
):
    monkeypatch.setattr(sources, "CONNECT_S", 0.3)
    found = (socket.AF_INET, socket.SOCK_STREAM, 6, "", silent_address)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: [found] * 50)
    started = time.monotonic()
    with pytest.raises(SourceError, match="timed out"):
        Mirror("http://silent.example").bring([FILE], tmp_path, ignore, never)
    assert time.monotonic() - started < 3


def test_a_name_server_that_never_answers_costs_one_deadline(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "CONNECT_S", 0.2)
    released = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: released.wait(10) and [])
    with pytest.raises(SourceError, match="could not be found"):
        Mirror("http://silent.example").bring([FILE], tmp_path, ignore, never)
    released.set()


@pytest.fixture
def npm(tmp_path, monkeypatch):
    """Puts a program named npm on the path; the test writes what it does."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def write(script: str) -> None:
        (folder / "npm").write_text(f"#!/bin/sh\n{script}\n")
        (folder / "npm").chmod(stat.S_IRWXU)

    return write


def archive_of(path, members: dict[str, bytes]) -> None:
    with tarfile.open(path, "w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


PACKAGE = NpmPackage("numbers@1.0.0", folder="package/data", archive_size=1000)


def test_npm_brings_only_the_named_members(npm, tmp_path):
    archive = tmp_path / "numbers.tgz"
    archive_of(
        archive,
        {"package/data/numbers": CONTENT, "../../escape": b"x", "package/index.js": b"boom()"},
    )
    npm(f"cp {archive} .")
    target = tmp_path / "target"
    target.mkdir()
    seen: list[tuple[int, int]] = []
    PACKAGE.bring([FILE], target, lambda received, total: seen.append((received, total)), never)
    assert (target / "numbers").read_bytes() == CONTENT
    assert {path.name for path in target.iterdir()} == {"numbers", "npm"}
    assert not (tmp_path / "escape").exists()
    assert seen[-1] == (1000, 1000)


def test_a_complaint_of_npm_is_passed_on(npm, tmp_path):
    npm("echo 'npm error code ENOTFOUND' >&2; echo 'npm error no such host' >&2; exit 1")
    with pytest.raises(SourceError, match="ENOTFOUND: no such host"):
        PACKAGE.bring([FILE], tmp_path, ignore, never)


def test_npm_is_ended_when_cancelled(npm, tmp_path):
    npm("sleep 100")
    started = time.monotonic()
    with pytest.raises(CancellationError):
        PACKAGE.bring([FILE], tmp_path, ignore, lambda: time.monotonic() - started > 0.3)
    assert time.monotonic() - started < 5


def test_npm_that_brings_nothing_is_given_up(npm, tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "SILENCE_S", 0.3)
    npm("sleep 100")
    with pytest.raises(SourceError, match="nothing arrived"):
        PACKAGE.bring([FILE], tmp_path, ignore, never)


def test_without_npm_the_one_in_the_python_package_is_used(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    command = sources.npm_command()
    assert command is None or command[1].endswith("npm-cli.js")
    monkeypatch.setattr(sources.importlib.util, "find_spec", lambda name: None)
    assert sources.npm_command() is None
    with pytest.raises(SourceError, match="not installed"):
        PACKAGE.bring([FILE], tmp_path, ignore, never)
