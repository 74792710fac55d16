"""Where the bytes of a data set are: fetched and checked by hash, or shipped with a library."""

import gzip
import hashlib
import importlib.util
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from lamina.datasets.locations import datasets_folder
from lamina.datasets.lockfile import locked
from lamina.datasets.sources import (
    CHUNK_BYTES,
    CancellationError,
    Cancelled,
    DataFile,
    NoConnectionError,
    Progress,
    Source,
    SourceError,
    UnusableSourceError,
)
from lamina.errors import DatasetError
from lamina.text import Text

INCOMING = ".incoming-"
_HASHES = {"sha256": "SHA-256", "md5": "MD5"}


class DownloadCancelledError(DatasetError):
    """The download was stopped on request; nothing of it is left."""


class DownloadFailedError(DatasetError):
    """No source brought the files. `reasons` holds what each one said."""

    def __init__(self, message: Text, reasons: Sequence[tuple[str, str]]) -> None:
        super().__init__(message)
        self.reasons = tuple(reasons)


class Storage(Protocol):
    """The files of one data set."""

    @property
    def download_bytes(self) -> int:
        """What a download transfers, about; 0 for data that never needs one."""

    def is_present(self) -> bool:
        """Whether `read` will find its files; cheap enough for every keystroke: hashes nothing."""

    def read(self, name: str) -> bytes:
        """One whole file, checked.

        Raises:
            DatasetError: If it is missing or not what it should be.
        """

    def download(self, progress: Progress, cancelled: Cancelled) -> None:
        """Make the files present; returns at once when they are.

        Raises:
            DownloadCancelledError: If `cancelled` said yes.
            DatasetError: If no source could bring them.
        """


@dataclass(frozen=True)
class FetchedFiles:
    """Files of the cache folder `id`, each as `<name>` or, brought by hand, as `<name>.gz`.

    Files appear under their names only whole and with the right hash; of two processes that
    download at once, one waits for the other.
    """

    id: str
    files: tuple[DataFile, ...]
    sources: tuple[Source, ...]

    @property
    def folder(self) -> Path:
        return datasets_folder() / self.id

    @property
    def download_bytes(self) -> int:
        return sum(file.served_size for file in self.files)

    def is_present(self) -> bool:
        return not self._missing()

    def read(self, name: str) -> bytes:
        file = next(file for file in self.files if file.name == name)
        path = self._path_of(file)
        if path is None:
            raise DatasetError(
                Text(f"{self.folder / name} is not there.", f"文件 {self.folder / name} 不存在。")
            )
        data = _read_whole(path, file.size, packed=path.name != file.name)
        algorithm, digest = file.checksum
        if hashlib.new(algorithm, data, usedforsecurity=False).hexdigest() != digest:
            name = _HASHES[algorithm]
            raise DatasetError(
                Text(
                    f"{path} is not the original file (its {name} differs). "
                    "Delete it and load again.",
                    f"{path} 不是原始文件（{name} 不符）。请删除后重新加载。",
                )
            )
        return data

    def download(self, progress: Progress, cancelled: Cancelled) -> None:
        if self.is_present():
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with locked(self.folder / ".lock", cancelled) as held:
                if not held:
                    raise CancellationError
                self._fetch_missing(progress, cancelled)
        except CancellationError:
            raise DownloadCancelledError(
                Text(f"The download of {self.id} was cancelled.", f"{self.id} 的下载已取消。")
            ) from None
        except OSError as error:
            raise DatasetError(
                Text(
                    f"The data folder {self.folder} cannot be written: {error.strerror or error}. "
                    "Set LAMINA_DATASETS to a folder that can.",
                    f"无法写入数据目录 {self.folder}：{error.strerror or error}。"
                    "请将 LAMINA_DATASETS 设为可写的目录。",
                )
            ) from error

    def _fetch_missing(self, progress: Progress, cancelled: Cancelled) -> None:
        for left_over in self.folder.glob(f"{INCOMING}*"):  # of a process that was killed
            shutil.rmtree(left_over, ignore_errors=True)
        missing = self._missing()  # another process may just have brought them
        failures: list[tuple[str, SourceError]] = []
        for source in self.sources if missing else ():
            try:
                self._fetch_from(source, missing, progress, cancelled)
            except SourceError as error:
                failures.append((source.label, error))
            else:
                return
        if missing:
            reasons = [(label, str(error)) for label, error in failures]
            raise DownloadFailedError(self._how_to_bring(failures), reasons)

    def _fetch_from(
        self, source: Source, files: Sequence[DataFile], progress: Progress, cancelled: Cancelled
    ) -> None:
        with tempfile.TemporaryDirectory(prefix=INCOMING, dir=self.folder) as incoming:
            source.bring(files, Path(incoming), progress, cancelled)
            for file in files:
                _check(Path(incoming, file.name), file)
            for file in files:
                Path(incoming, file.name).replace(self.folder / file.name)

    def _missing(self) -> list[DataFile]:
        return [file for file in self.files if self._path_of(file) is None]

    def _path_of(self, file: DataFile) -> Path | None:
        plain, packed = self.folder / file.name, self.folder / f"{file.name}.gz"
        if plain.is_file() and plain.stat().st_size == file.size:
            return plain
        return packed if packed.is_file() else None

    def _how_to_bring(self, failures: Sequence[tuple[str, SourceError]]) -> Text:
        names = ", ".join(file.name for file in self.files)
        why = _in_short(failures)
        return Text(
            f"{self.id} could not be downloaded: {why.en}. To bring it by hand, put {names} "
            f"(each as it is or with .gz) into {self.folder}",
            f"无法下载 {self.id}：{why.zh}。"
            f"如需手动提供，请将 {names}（原文件或 .gz）放入 {self.folder}",
        )


def _in_short(failures: Sequence[tuple[str, SourceError]]) -> Text:
    """Why no source brought the files, without those that could not even be tried."""
    tried = [
        (label, error) for label, error in failures if not isinstance(error, UnusableSourceError)
    ]
    told = [(label, error) for label, error in tried if not isinstance(error, NoConnectionError)]
    if tried and not told:
        return Text("there is no connection to its sources", "无法连接到下载来源，请检查网络")
    said = "; ".join(f"{label}: {error}" for label, error in told or failures)
    return Text(said, said)


def _check(path: Path, file: DataFile) -> None:
    if not path.is_file() or path.stat().st_size != file.size:
        raise SourceError(f"{file.name} is missing or incomplete")
    algorithm, digest = file.checksum
    with path.open("rb") as data:
        if hashlib.file_digest(data, algorithm).hexdigest() != digest:
            raise SourceError(f"{file.name} has another {_HASHES[algorithm]}")


def _read_whole(path: Path, size: int, *, packed: bool) -> bytes:
    """The file, unpacked; one byte more than `size` at most, which is then caught by the hash."""
    try:
        if not packed:
            return path.read_bytes()
        with gzip.open(path) as data:
            return data.read(size + 1)
    except (OSError, EOFError) as error:
        raise DatasetError(
            Text(f"{path} cannot be read: {error}.", f"无法读取 {path}：{error}。")
        ) from error


@dataclass(frozen=True)
class ScikitLearnFile:
    """One file that scikit-learn carries; found without importing it, which would take seconds."""

    @property
    def download_bytes(self) -> int:
        return 0

    def is_present(self) -> bool:
        return _scikit_learn_data() is not None

    def read(self, name: str) -> bytes:
        folder = _scikit_learn_data()
        if folder is None:
            raise _scikit_learn_missing()
        return _read_whole(folder / name, CHUNK_BYTES * 100, packed=name.endswith(".gz"))

    def download(self, progress: Progress, cancelled: Cancelled) -> None:
        if not self.is_present():
            raise _scikit_learn_missing()


def _scikit_learn_data() -> Path | None:
    spec = importlib.util.find_spec("sklearn")
    for root in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(root, "datasets", "data")
        if folder.is_dir():
            return folder
    return None


def _scikit_learn_missing() -> DatasetError:
    return DatasetError(
        Text(
            "This dataset comes with scikit-learn, which is not installed. "
            f"Run: {sys.executable} -m pip install scikit-learn",
            "该数据集随 scikit-learn 提供，但尚未安装。"
            f"请运行：{sys.executable} -m pip install scikit-learn",
        )
    )
