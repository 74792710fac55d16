"""Fetch a file once and keep it: `get_file`."""

from __future__ import annotations

import hashlib
import http.client
import os
import tempfile
import urllib.error
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lamina.datasets.locations import datasets_folder, home
from lamina.datasets.sources import CHUNK_BYTES, SourceError, open_url
from lamina.errors import ConfigError, FileFormatError, LaminaError
from lamina.text import Text
from lamina.utils.archives import extract_archive
from lamina.utils.interaction import say

MOST_BYTES = 64 << 30
"""A download that does not end before is given up."""


class DownloadError(LaminaError, OSError):
    """An address could not be fetched."""


def get_file(
    fname: str | os.PathLike[str] | None = None,
    origin: str | None = None,
    untar: bool = False,
    md5_hash: str | None = None,
    file_hash: str | None = None,
    cache_subdir: str = "datasets",
    hash_algorithm: str = "auto",
    extract: bool = False,
    archive_format: Any = "auto",
    cache_dir: str | os.PathLike[str] | None = None,
    force_download: bool = False,
) -> str:
    """The path of a file that is fetched when it is not here, or has another hash.

    A file appears under its name only whole and with the right hash.

    Args:
        fname: Its name here; that of the address when left out.
        origin: An https or file address.
        untar: As `extract`, for tar archives.
        md5_hash: An older name of `file_hash`.
        file_hash: SHA-256 or MD5 that the file must have. Without one, whatever the address gives is taken.
        cache_subdir: Folder inside `cache_dir`.
        hash_algorithm: "sha256", "md5", or "auto" to tell by the length of the hash.
        extract: Unpack the archive and return the folder it is unpacked to. Only files and folders are unpacked,
            never links, and never outside of that folder.
        archive_format: "tar", "zip", "auto" for either, or None.
        cache_dir: `$LAMINA_HOME` when left out; "datasets" in it is where the data sets lie.
        force_download: Fetch it again.

    Raises:
        ConfigError: If an argument cannot be what it is.
        DownloadError: If it cannot be fetched.
        FileFormatError: If its hash is another, or it is no archive that can be unpacked.
    """
    if origin is None:
        raise ConfigError(
            Text("get_file needs origin: an address.", "get_file 需要 origin：下载地址。"),
            field="origin",
        )
    if urlsplit(origin).scheme not in ("https", "file"):
        raise ConfigError(
            Text(
                f"get_file reads https:// and file:// addresses, got {origin}.",
                f"get_file 仅支持 https:// 和 file:// 地址，实际为 {origin}。",
            ),
            field="origin",
        )
    wanted = file_hash or md5_hash
    algorithm = _algorithm(hash_algorithm if file_hash else "md5", wanted)
    name = _name(fname, origin)
    folder = _folder(cache_dir, cache_subdir)
    folder.mkdir(parents=True, exist_ok=True)
    unpack = extract or untar
    path = folder / (name if not unpack or (fname and "." in name) else f"{name}_archive")
    fresh = force_download or not path.exists()
    if not fresh and wanted and _digest(path, algorithm) != wanted:
        say(f"{path} has another hash than the one given; it is fetched again.")
        fresh = True
    if fresh:
        say(f"Downloading data from {origin}")
        _fetch(origin, path, algorithm, wanted)
    if not unpack:
        return str(path)
    target = folder / (f"{name.partition('.')[0]}_extracted" if fname and "." in name else name)
    kind = "tar" if untar else archive_format
    if (fresh or not target.is_dir()) and not extract_archive(path, target, kind):
        raise FileFormatError(
            Text(
                f"{path} is no archive of the kind {kind!r}.",
                f"{path} 不是 {kind!r} 类型的归档文件。",
            )
        )
    return str(target)


def _name(fname: Any, origin: str) -> str:
    name = os.fspath(fname) if fname else Path(urlsplit(origin).path).name
    if not name or name in (".", "..") or any(mark in name for mark in ("/", "\\", "\0")):
        raise ConfigError(
            Text(
                f"fname must be a file's name without a folder, got {name!r}. "
                "The folder is chosen by cache_dir and cache_subdir.",
                f"fname 应为不含目录的文件名，实际为 {name!r}。目录由 cache_dir 和 cache_subdir 指定。",
            ),
            field="fname",
        )
    return str(name)


def _folder(cache_dir: Any, cache_subdir: str) -> Path:
    if cache_dir is None:
        return datasets_folder() if cache_subdir == "datasets" else home() / cache_subdir
    return Path(cache_dir).expanduser() / cache_subdir


def _algorithm(chosen: str, wanted: str | None) -> str:
    if chosen not in ("auto", "sha256", "md5"):
        raise ConfigError(
            Text(
                f'hash_algorithm must be "auto", "sha256" or "md5", got {chosen!r}.',
                f"hash_algorithm 应为“auto”“sha256”或“md5”，实际为 {chosen!r}。",
            ),
            field="hash_algorithm",
        )
    if chosen == "auto":
        return "sha256" if wanted is not None and len(wanted) == 64 else "md5"
    return chosen


def _digest(path: Path, algorithm: str) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def _fetch(origin: str, path: Path, algorithm: str, wanted: str | None) -> None:
    with tempfile.TemporaryDirectory(prefix=".incoming-", dir=path.parent) as folder:
        incoming = Path(folder, path.name)
        try:
            with open_url(origin, secure=True) as response, incoming.open("wb") as out:
                left = MOST_BYTES
                while chunk := response.read(CHUNK_BYTES):
                    left -= len(chunk)
                    if left < 0:
                        raise SourceError(f"it has more than {MOST_BYTES:,} bytes")
                    out.write(chunk)
        except urllib.error.HTTPError as error:
            raise _failed(origin, f"HTTP {error.code}") from error
        except (OSError, SourceError, ValueError, http.client.HTTPException) as error:
            raise _failed(origin, str(error) or type(error).__name__) from error
        if wanted and (found := _digest(incoming, algorithm)) != wanted:
            raise FileFormatError(
                Text(
                    f"What {origin} gave has the {algorithm} {found}, not {wanted}; it is not kept.",
                    f"{origin} 的 {algorithm} 为 {found}，而不是 {wanted}；未保存。",
                )
            )
        incoming.replace(path)


def _failed(origin: str, why: str) -> DownloadError:
    return DownloadError(
        Text(f"{origin} could not be fetched: {why}.", f"无法下载 {origin}：{why}。")
    )
