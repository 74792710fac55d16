"""The `.keras` container: a zip of `metadata.json`, `config.json` and `model.weights.h5`.

A file may come from anyone, so nothing in it is believed before it is checked: the directory is
measured before it is parsed, members must have exactly the known names, once each, and may neither
be larger than their cap nor expand more than a hundredfold. The weights are copied to a nameless
temporary file, so that nothing of the archive ever gets a path.
"""

from __future__ import annotations

import json
import math
import os
import re
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from lamina.errors import FileFormatError
from lamina.text import Text

CONFIG = "config.json"
METADATA = "metadata.json"
WEIGHTS = "model.weights.h5"

MAX_DIRECTORY_BYTES = 64 * 1024
MAX_EXPANSION = 100
MAX_JSON_BYTES = 8 * 2**20
MAX_JSON_VALUES = 400_000
"""Of a config of 2,000 layers; also keeps the parsed objects under some 50 MB."""
MEMBER_CAPS = {CONFIG: MAX_JSON_BYTES, METADATA: 2**20, WEIGHTS: 2**36}
ASSETS = "assets/"
MAX_ASSET_BYTES = 2**30
"""Of all of them together."""
ASSET_NAME = re.compile(r"assets(/(?!\.)[\w .()+@=-]{1,100}){1,30}")
"""Plain parts that begin with no dot: a name that matches stays below the folder it is put into."""

CHUNK_BYTES = 2**20
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


def is_archive(path: Path) -> bool:
    """Whether the file begins as a zip does; its name does not matter."""
    with path.open("rb") as file:
        return file.read(4) == b"PK\x03\x04"


# ---------------------------------------------------------------------------------------------
# write


def write_archive(
    path: Path,
    *,
    config: dict[str, Any],
    metadata: dict[str, Any],
    write_weights: Callable[[IO[bytes]], None],
    assets: Mapping[str, bytes] | None = None,
) -> None:
    """Write the whole file or nothing: it appears under its name only when it is complete.

    Args:
        path: Where to; what is there is replaced.
        config: Content of `config.json`.
        metadata: Content of `metadata.json`.
        write_weights: Writes the HDF5 file into the open file that it is given.
        assets: Further files of layers by their paths.
    """
    with (
        replacing(path) as out,
        zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive,
        tempfile.TemporaryFile(dir=path.parent) as weights,
    ):
        write_weights(weights)
        for name, content in ((METADATA, metadata), (CONFIG, config)):
            archive.writestr(zipfile.ZipInfo(name, ZIP_EPOCH), json.dumps(content))
        size = weights.seek(0, os.SEEK_END)
        weights.seek(0)
        member = zipfile.ZipInfo(WEIGHTS, ZIP_EPOCH)
        member.file_size = size
        with archive.open(member, "w") as target:
            while chunk := weights.read(CHUNK_BYTES):
                target.write(chunk)
        for name, content_bytes in (assets or {}).items():
            archive.writestr(zipfile.ZipInfo(f"{ASSETS}{name}", ZIP_EPOCH), content_bytes)


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A new file beside `path` that takes its place when the block ends well."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o666 & ~_umask())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    """The process' mask, without changing it: only Linux tells it directly."""
    current = os.umask(0o022)
    os.umask(current)
    return current


# ----------------------------------------------------------------------------------------------
# read


class Archive:
    """A checked `.keras` file, open for reading. Use as a context manager."""

    def __init__(self, path: Path) -> None:
        self.path = path
        _check_directory(path)
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
            raise _damaged(path, str(error)) from error
        try:
            self._members = _checked_members(path, self._zip.infolist())
        except FileFormatError:
            self._zip.close()
            raise

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *exception: object) -> None:
        self._zip.close()

    def config(self) -> dict[str, Any]:
        """The parsed `config.json`.

        Raises:
            FileFormatError: If it is no JSON object, or too large a one.
        """
        data = b"".join(self._chunks(CONFIG))
        if sum(data.count(mark) for mark in (b"[", b"{", b",", b":")) > MAX_JSON_VALUES:
            raise FileFormatError(
                Text(
                    f"{CONFIG} in {self.path} holds more values than any model needs.",
                    f"{self.path} 中的 {CONFIG} 包含过多的值。",
                )
            )
        try:
            config = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise _damaged(self.path, f"{CONFIG} is no valid JSON ({error})") from error
        if not isinstance(config, dict):
            raise _damaged(self.path, f"{CONFIG} is not an object")
        return config

    def lines(self, name: str) -> list[str] | None:
        """The lines of a member without empty ones at the end; None where there is no such member."""
        if name not in self._members:
            return None
        try:
            lines = b"".join(self._chunks(name)).decode("utf-8").splitlines()
        except UnicodeDecodeError as error:
            raise _damaged(self.path, f"{name} is no text ({error})") from error
        while lines and not lines[-1]:
            lines.pop()
        return lines

    @property
    def weights_size(self) -> int:
        """Bytes of the weights' file."""
        return self._members[WEIGHTS].file_size

    @contextmanager
    def weights(self) -> Iterator[IO[bytes]]:
        """The HDF5 file, unpacked into a temporary file without a name."""
        with tempfile.TemporaryFile() as file:
            for chunk in self._chunks(WEIGHTS):
                file.write(chunk)
            file.seek(0)
            yield file

    @contextmanager
    def assets(self) -> Iterator[Path | None]:
        """A temporary folder with the further files of layers; None when there are none."""
        names = [name for name in self._members if name.startswith(ASSETS)]
        if not names:
            yield None
            return
        with tempfile.TemporaryDirectory() as folder:
            for name in names:
                target = Path(folder, name.removeprefix(ASSETS))
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(b"".join(self._chunks(name)))
            yield Path(folder)

    def _chunks(self, name: str) -> Iterator[bytes]:
        left = self._members[name].file_size
        try:
            with self._zip.open(name) as member:
                while chunk := member.read(CHUNK_BYTES):
                    left -= len(chunk)
                    if left < 0:
                        raise _damaged(self.path, f"{name} is longer than declared")
                    yield chunk
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError) as error:
            raise _damaged(self.path, f"{name}: {error}") from error


def _checked_members(path: Path, members: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    found: dict[str, zipfile.ZipInfo] = {}
    assets_left = MAX_ASSET_BYTES
    for member in members:
        name = member.filename
        if name in found:
            raise _hostile(path, f'holds "{name}" twice', f"包含重复的“{name}”")
        is_asset = ASSET_NAME.fullmatch(name) is not None
        if name.startswith(ASSETS) and name.endswith("/") and member.file_size == 0:
            continue  # a folder
        if name not in MEMBER_CAPS and not is_asset:
            raise _hostile(
                path,
                f'holds "{name[:80]}", which is no part of a model file',
                f"包含不属于模型文件的“{name[:80]}”",
            )
        cap = assets_left if is_asset else MEMBER_CAPS[name]
        if member.file_size > min(cap, MAX_EXPANSION * member.compress_size):
            raise _hostile(
                path,
                f"declares {member.file_size} bytes for {name}, stored in {member.compress_size}",
                f"声明 {name} 为 {member.file_size} 字节，而存储仅 {member.compress_size} 字节",
            )
        if member.flag_bits & 0x1 or member.compress_type not in (
            zipfile.ZIP_STORED,
            zipfile.ZIP_DEFLATED,
        ):
            raise _hostile(path, f"holds {name} encrypted or packed", f"中的 {name} 已加密或压缩")
        if is_asset:
            assets_left -= member.file_size
        found[name] = member
    for name in (CONFIG, WEIGHTS):
        if name not in found:
            raise _damaged(path, f"{name} is missing")
    return found


def _check_directory(path: Path) -> None:
    """Refuse a directory of many members before `zipfile` makes an object of each."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 22 - 65_535 - 20))
        tail = file.read()
        end = tail.rfind(b"PK\x05\x06")
        if end < 0 or len(tail) - end < 22:
            raise _damaged(path, "it is not a zip file, or it is cut off")
        (directory_bytes,) = struct.unpack_from("<I", tail, end + 12)
        if tail[max(0, end - 20) : end].startswith(b"PK\x06\x07"):
            (place,) = struct.unpack_from("<Q", tail, end - 12)
            file.seek(min(place, size))
            record = file.read(56)
            directory_bytes = (
                struct.unpack_from("<Q", record, 40)[0] if len(record) == 56 else math.inf
            )
    if directory_bytes > MAX_DIRECTORY_BYTES:
        raise _hostile(path, "has a directory of far too many members", "的目录包含过多成员")


def _damaged(path: Path, reason: str) -> FileFormatError:
    return FileFormatError(
        Text(
            f"{path} cannot be read as a .keras file: {reason}.",
            f"无法将 {path} 作为 .keras 文件读取：{reason}。",
        )
    )


def _hostile(path: Path, en: str, zh: str) -> FileFormatError:
    return FileFormatError(
        Text(f"{path} {en}; it is not opened.", f"{path} {zh}；不会打开该文件。")
    )
