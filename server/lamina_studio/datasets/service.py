"""Datasets as the studio sees them; downloads and previews run in child processes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections import OrderedDict
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any

import orjson
import structlog

import lamina.datasets  # noqa: F401 - registers the data sets
from lamina.datasets.catalogue import DATASETS, ClassTarget, DatasetSpec
from lamina.text import Text
from lamina_studio.datasets.errors import DatasetAbsent, DatasetNotFound, PreviewFailed
from lamina_studio.datasets.schemas import Dataset, Preview
from lamina_studio.schemas import LocalText
from lamina_studio.settings import Settings

WORKER = (sys.executable, "-m", "lamina_studio.datasets.worker")
CANCEL_GRACE_S = 5.0
PREVIEW_TIMEOUT_S = 60.0
PREVIEWS_KEPT = 32
_LINE_LIMIT = 64 * 2**20

CRASHED = Text("The download ended unexpectedly. Try again.", "下载意外中断，请重试。")

log = structlog.get_logger(__name__)


@dataclass
class Download:
    """One download, running or ended."""

    received: int = 0
    total: int = 0
    failure: LocalText | None = None
    cancelled: bool = False
    process: asyncio.subprocess.Process | None = None
    task: asyncio.Task[None] | None = field(default=None, repr=False)

    @property
    def is_running(self) -> bool:
        return self.task is not None and not self.task.done()


class DatasetService:
    """Lists, downloads and previews datasets. One object serves the whole application.

    Args:
        settings: Where the data lies.
        worker: The command that does the work; see `datasets.worker` for what it says.
    """

    def __init__(self, settings: Settings, worker: tuple[str, ...] = WORKER) -> None:
        self._settings = settings
        self._command = worker
        self._downloads: dict[str, Download] = {}
        self._previews: OrderedDict[tuple[str, str, int, int], Preview] = OrderedDict()
        self._preview_turn = asyncio.Lock()

    def list(self) -> list[Dataset]:
        """Every dataset, in the order of the registry."""
        return [self._describe(spec) for spec in DATASETS]

    def get(self, dataset_id: str) -> Dataset:
        """One dataset.

        Raises:
            DatasetNotFound: If there is none of this id.
        """
        return self._describe(self._find(dataset_id))

    def start_download(self, dataset_id: str) -> Dataset:
        """Begin to bring a dataset here; nothing happens if it is here or already coming."""
        spec = self._find(dataset_id)
        running = self._downloads.get(dataset_id)
        if not spec.is_on_disk() and not (running and running.is_running):
            download = Download(total=spec.download_bytes)
            download.task = asyncio.create_task(self._run(spec, download))
            self._downloads[dataset_id] = download
        return self._describe(spec)

    async def cancel_download(self, dataset_id: str) -> Dataset:
        """Stop a download and leave nothing of it; no error if none is running."""
        spec = self._find(dataset_id)
        download = self._downloads.get(dataset_id)
        if download and download.is_running:
            await self._stop(download)
        return self._describe(spec)

    async def preview(self, dataset_id: str, split: str, offset: int, limit: int) -> Preview:
        """A few samples.

        Raises:
            DatasetNotFound: If there is none of this id.
            DatasetAbsent: If it has to be downloaded first.
            PreviewFailed: If its files cannot be read.
        """
        spec = self._find(dataset_id)
        if not spec.is_on_disk():
            raise DatasetAbsent(dataset_id)
        key = (dataset_id, split, offset, limit)
        async with self._preview_turn:  # one at a time: each holds a dataset in memory
            if key not in self._previews:
                self._previews[key] = await self._read_preview(*key)
                if len(self._previews) > PREVIEWS_KEPT:
                    self._previews.popitem(last=False)
            self._previews.move_to_end(key)
            return self._previews[key]

    async def close(self) -> None:
        """Stop every download."""
        running = [download for download in self._downloads.values() if download.is_running]
        await asyncio.gather(*(self._stop(download) for download in running))

    def _find(self, dataset_id: str) -> DatasetSpec:
        if dataset_id not in DATASETS.names():
            raise DatasetNotFound(dataset_id)
        return DATASETS.get(dataset_id)

    def _describe(self, spec: DatasetSpec) -> Dataset:
        download = self._downloads.get(spec.id, Download())
        described = Dataset(
            id=spec.id,
            title=LocalText.of(spec.title),
            summary=LocalText.of(spec.summary),
            kind=spec.kind,
            input_shape=list(spec.input_shape),
            classes=list(spec.target.classes) if isinstance(spec.target, ClassTarget) else None,
            n_train=spec.n_train,
            n_test=spec.n_test,
            download_bytes=spec.download_bytes,
            license=spec.license,
            source=LocalText.of(spec.source),
            state="absent",
        )
        if download.is_running:
            progress = {"received": download.received, "total": download.total}
            return described.model_copy(update={"state": "downloading", **progress})
        if spec.is_on_disk():
            return described.model_copy(update={"state": "ready"})
        if download.failure is not None:
            return described.model_copy(update={"state": "failed", "message": download.failure})
        return described

    async def _run(self, spec: DatasetSpec, download: Download) -> None:
        finished = False
        try:
            async with contextlib.aclosing(self._worker(download, "download", spec.id)) as lines:
                async for line in lines:
                    if "error" in line:
                        download.failure = LocalText.model_validate(line["error"])
                    elif "received" in line:
                        download.received, download.total = line["received"], line["total"]
                    finished = finished or "done" in line
        except (OSError, ValueError) as error:
            log.warning("the download worker failed", dataset=spec.id, error=str(error))
        if download.cancelled:
            download.failure = None
        elif not finished and download.failure is None:
            download.failure = LocalText.of(CRASHED)

    async def _stop(self, download: Download) -> None:
        assert download.task is not None, "only a running download is stopped"
        download.cancelled = True
        if download.process is not None:
            with contextlib.suppress(ProcessLookupError):
                download.process.terminate()
        done, _ = await asyncio.wait({download.task}, timeout=CANCEL_GRACE_S)
        if not done:
            download.task.cancel()  # the worker is killed on the way out
            await asyncio.wait({download.task})

    async def _read_preview(self, dataset_id: str, split: str, offset: int, limit: int) -> Preview:
        arguments = ("preview", dataset_id, split, str(offset), str(limit))
        reason = "the reader ended unexpectedly"
        try:
            async with (
                asyncio.timeout(PREVIEW_TIMEOUT_S),
                contextlib.aclosing(self._worker(Download(), *arguments)) as lines,
            ):
                async for line in lines:
                    if "preview" in line:
                        return Preview.model_validate(line["preview"])
                    reason = line["error"]["en"]
        except TimeoutError:
            reason = f"it took longer than {PREVIEW_TIMEOUT_S:.0f} s"
        raise PreviewFailed(reason)

    async def _worker(
        self, download: Download, *arguments: str
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Start the worker, yield what it says, and never leave it behind."""
        process = await asyncio.create_subprocess_exec(
            *self._command,
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            env={
                **os.environ,
                "LAMINA_HOME": str(self._settings.home),
                "LAMINA_DATASETS": str(self._settings.datasets_folder),
            },
            limit=_LINE_LIMIT,
        )
        download.process = process
        if download.cancelled:  # while the process was being made
            process.terminate()
        assert process.stdout is not None, "asked for a pipe"
        try:
            async for line in process.stdout:
                yield orjson.loads(line)
            await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
