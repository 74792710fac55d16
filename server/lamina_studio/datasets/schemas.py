"""Datasets on the wire."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from lamina_studio.schemas import LocalText, Page, WireModel

DatasetState = Literal["ready", "absent", "downloading", "failed"]


class Dataset(WireModel):
    """A dataset, and whether it is on this machine."""

    id: str
    title: LocalText
    summary: LocalText
    kind: Literal["image", "table"]
    input_shape: list[int]
    classes: list[str] | None = Field(description="Names of the classes; null if it has none.")
    n_train: int
    n_test: int
    download_bytes: int
    license: str
    source: LocalText
    state: DatasetState
    received: int = Field(0, description="Bytes that have arrived of a download.")
    total: int = Field(0, description="Bytes of the download; 0 while unknown.")
    message: LocalText | None = Field(None, description="Why the last download ended early.")


class Sample(WireModel):
    """One sample with its target."""

    image: str | None = Field(None, description="A picture as a data URL.")
    values: list[float] | None = Field(None, description="A row of a table.")
    target: int | float
    label: str | None = Field(None, description="Name of the class.")


class Preview(WireModel):
    """A few samples of a dataset."""

    items: list[Sample]
    columns: list[LocalText] | None = Field(None, description="Names of a table's columns.")


class DatasetPage(Page[Dataset]):
    """The datasets."""
