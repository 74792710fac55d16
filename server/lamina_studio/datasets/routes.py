"""`/datasets`: what training can use."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request

from lamina_studio.datasets.errors import DatasetAbsent, DatasetNotFound, PreviewFailed
from lamina_studio.datasets.schemas import Dataset, DatasetPage, Preview
from lamina_studio.datasets.service import DatasetService
from lamina_studio.problem_details import problems

router = APIRouter(prefix="/datasets", tags=["datasets"])


def _service(request: Request) -> DatasetService:
    service: DatasetService = request.app.state.datasets
    return service


Datasets = Annotated[DatasetService, Depends(_service)]
DatasetId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


@router.get("")
async def list_datasets(datasets: Datasets) -> DatasetPage:
    """Every dataset, and whether it is on this machine."""
    return DatasetPage(items=datasets.list())


@router.get("/{dataset_id}", responses=problems(DatasetNotFound))
async def get_dataset(dataset_id: DatasetId, datasets: Datasets) -> Dataset:
    """One dataset, with the progress of its download."""
    return datasets.get(dataset_id)


@router.get(
    "/{dataset_id}/preview", responses=problems(DatasetNotFound, DatasetAbsent, PreviewFailed)
)
async def preview_dataset(
    dataset_id: DatasetId,
    datasets: Datasets,
    split: Literal["train", "test"] = "train",
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Preview:
    """A few samples of a dataset that is on this machine."""
    return await datasets.preview(dataset_id, split, offset, limit)


@router.post("/{dataset_id}/download", status_code=202, responses=problems(DatasetNotFound))
async def start_dataset_download(dataset_id: DatasetId, datasets: Datasets) -> Dataset:
    """Begin to bring a dataset onto this machine; its progress is in the dataset itself."""
    return datasets.start_download(dataset_id)


@router.delete("/{dataset_id}/download", status_code=202, responses=problems(DatasetNotFound))
async def cancel_dataset_download(dataset_id: DatasetId, datasets: Datasets) -> Dataset:
    """Stop a download; nothing of it is kept."""
    return await datasets.cancel_download(dataset_id)
