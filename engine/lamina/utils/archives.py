"""Unpack zip and tar archives of others: only files and folders, only below the target, not endlessly."""

from __future__ import annotations

import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any, Literal

from lamina.errors import ConfigError, FileFormatError
from lamina.text import Text

ArchiveFormat = Literal["auto", "tar", "zip"]

MOST_BYTES = 64 << 30
"""What an archive may unpack to."""
MOST_MEMBERS = 2_000_000
CHUNK_BYTES = 1 << 20


def extract_archive(path: Path, target: Path, archive_format: Any = "auto") -> bool:
    """Unpack an archive into a folder, which holds all of it afterwards or is as it was before.

    Args:
        path: The archive; what it is told by its content, not its name.
        target: Replaced if it is there.
        archive_format: "tar" (also packed by gzip, bz2 or xz), "zip", "auto" for either, None for neither, or a
            list of them.

    Returns:
        Whether it is an archive of such a kind.

    Raises:
        FileFormatError: If it is damaged, would write elsewhere, holds links or devices, or is too large.
    """
    kinds = _kinds(archive_format)
    if "zip" in kinds and zipfile.is_zipfile(path):
        members = _zip_members
    elif "tar" in kinds and tarfile.is_tarfile(path):
        members = _tar_members
    else:
        return False
    with tempfile.TemporaryDirectory(prefix=".unpacking-", dir=target.parent) as folder:
        inside = Path(folder, "content")
        inside.mkdir()
        try:
            _write(members(path), inside, path)
        except (OSError, EOFError, zipfile.BadZipFile, tarfile.TarError, zlib.error) as error:
            raise _refused(path, f"it is damaged: {error}") from error
        if target.exists():
            shutil.rmtree(target)
        inside.rename(target)
    return True


def _kinds(archive_format: Any) -> tuple[str, ...]:
    if archive_format is None:
        return ()
    given = (archive_format,) if isinstance(archive_format, str) else tuple(archive_format)
    kinds = tuple(
        kind for each in given for kind in (("zip", "tar") if each == "auto" else (each,))
    )
    if not set(kinds) <= {"zip", "tar"}:
        raise ConfigError(
            Text(
                f'archive_format must be "auto", "tar", "zip" or None, got {archive_format!r}.',
                f"archive_format 应为“auto”“tar”“zip”或 None，实际为 {archive_format!r}。",
            ),
            field="archive_format",
        )
    return kinds


Member = tuple[str, IO[bytes] | None]
"""A name, and the content of a file; None for a folder."""


def _zip_members(path: Path) -> Iterator[Member]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            kind = stat.S_IFMT(info.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise _refused(path, f"{info.filename} is a link or a device")
            if info.is_dir():
                yield info.filename, None
                continue
            if info.flag_bits & 1:
                raise _refused(path, f"{info.filename} is encrypted")
            with archive.open(info) as content:
                yield info.filename, content


def _tar_members(path: Path) -> Iterator[Member]:
    with tarfile.open(path, "r:*") as archive:
        for info in archive:
            if info.isdir():
                yield info.name, None
                continue
            content = archive.extractfile(info) if info.isreg() else None
            if content is None:
                raise _refused(path, f"{info.name} is a link or a device")
            with content:
                yield info.name, content


def _write(members: Iterator[Member], folder: Path, path: Path) -> None:
    left = MOST_BYTES
    for count, (name, content) in enumerate(members):
        if count >= MOST_MEMBERS:
            raise _refused(path, f"it has more than {MOST_MEMBERS:,} members")
        target = folder / _inside(name, path)
        if content is None:
            target.mkdir(parents=True, exist_ok=True)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as out:
            while chunk := content.read(CHUNK_BYTES):
                left -= len(chunk)
                if left < 0:
                    raise _refused(path, f"it unpacks to more than {MOST_BYTES:,} bytes")
                out.write(chunk)


def _inside(name: str, path: Path) -> PurePosixPath:
    """The member's path below the target."""
    inside = PurePosixPath(name)
    leaves = inside.is_absolute() or ".." in inside.parts or "\\" in name or "\0" in name
    if leaves or ":" in name.split("/", maxsplit=1)[0]:
        raise _refused(path, f"{name!r} would be written elsewhere")
    return inside


def _refused(path: Path, why: str) -> FileFormatError:
    return FileFormatError(
        Text(f"{path.name} is not unpacked: {why}.", f"未解压 {path.name}：{why}。")
    )
