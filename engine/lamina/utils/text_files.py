"""Texts of a directory as batches."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np

from lamina.utils.directories import Choices, LabelMode, Labels, Subset, batches_of_files


def text_dataset_from_directory(
    directory: str | Path,
    labels: Labels = "inferred",
    label_mode: LabelMode = "int",
    class_names: list[str] | None = None,
    batch_size: int | None = 32,
    max_length: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: Subset = None,
    follow_links: bool = False,
    format: Literal["tf", "grain"] = "tf",  # noqa: A002 - Keras' name; batches are arrays either way
    verbose: bool = True,
) -> Any:
    """The `.txt` files in the folders of a directory as batches: arrays of strings (batch,).

    A model learns from numbers; `dataset.map(lambda text, label: (vectorize(text), label))` makes them
    of the texts. It has `class_names`, `file_paths` and `take` as well.

    Args:
        directory: Has one folder for each class, or just files where there are no labels.
        labels: "inferred" from the folders, None, or a class number for each file in alphabetical order.
        label_mode: "int" for numbers (batch,), "categorical" for one-hot rows, "binary" for zeros and ones
            (batch, 1), None for no labels.
        class_names: The folders to take, in the order of their numbers; all, sorted, when left out.
        batch_size: Texts in a batch; None gives them one by one.
        max_length: Characters of a text that are kept; all when left out.
        shuffle: Whether each pass has an order of its own; otherwise they are sorted.
        seed: Decides the orders, and with `validation_split` which texts go where.
        validation_split: Share of the texts that is for validation.
        subset: "training", "validation", or "both" for a list of the two.
        follow_links: Whether to go into folders that are links.
        format: Taken as in Keras.
        verbose: Whether to write how many texts there are.

    Raises:
        ConfigError: If an argument cannot be what it is, or there are no texts.
    """
    choices = Choices(
        "text_dataset_from_directory", directory, (".txt",), labels, label_mode, class_names,
        batch_size, shuffle, seed, validation_split, subset, follow_links, verbose,
    )  # fmt: skip
    if format not in ("tf", "grain"):
        raise choices.error("format", f'must be "tf" or "grain", got {format!r}')

    def read(path: str) -> str:
        return Path(path).read_text(encoding="utf-8")[:max_length]

    return batches_of_files(choices, read, lambda texts: np.array(texts, dtype=object))
