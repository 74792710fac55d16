"""Files of a directory as batches, with the names of its folders as classes."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from lamina.errors import ConfigError
from lamina.text import Text
from lamina.utils.batches import Batches
from lamina.utils.interaction import say

LabelMode = Literal["int", "categorical", "binary"] | None
Labels = Sequence[int] | Literal["inferred"] | None
Subset = Literal["training", "validation", "both"] | None

READERS = 4
"""Threads that read and decode files while a step trains."""
AHEAD = 8
"""Batches that they are ahead at most."""


@dataclass(frozen=True)
class Found:
    """Files in an order, with a class number each where there are classes."""

    paths: list[str]
    labels: np.ndarray | None
    class_names: list[str] | None

    def part(self, chosen: slice) -> Found:
        """Some of the files."""
        labels = None if self.labels is None else self.labels[chosen]
        return Found(self.paths[chosen], labels, self.class_names)


@dataclass(frozen=True)
class Choices:
    """What all functions of this kind are asked for.

    Args:
        asker: The function that the user called, for messages.
        formats: Endings of the files that are taken, in lower case.
    """

    asker: str
    directory: str | Path
    formats: tuple[str, ...]
    labels: Labels
    label_mode: LabelMode
    class_names: Sequence[str] | None
    batch_size: int | None
    shuffle: bool
    seed: int | None
    validation_split: float | None
    subset: Subset
    follow_links: bool
    verbose: bool

    def check(self) -> None:
        """Raises ConfigError for choices that cannot be, or that do not go together."""
        if not (
            self.labels is None
            or self.labels == "inferred"
            or isinstance(self.labels, (list, tuple))
        ):
            raise self.error(
                "labels",
                f'must be "inferred", None or a list of class numbers, got {self.labels!r}',
            )
        if self.label_mode not in ("int", "categorical", "binary", None):
            raise self.error(
                "label_mode",
                f'must be "int", "categorical", "binary" or None, got {self.label_mode!r}',
            )
        if self.class_names and self.labels != "inferred":
            raise self.error("class_names", 'goes with labels="inferred" only')
        split, subset = self.validation_split, self.subset
        if split and not 0 < split < 1:
            raise self.error("validation_split", f"must lie in (0, 1), got {split}")
        if subset not in ("training", "validation", "both", None):
            raise self.error(
                "subset", f'must be "training", "validation" or "both", got {subset!r}'
            )
        if bool(split) != bool(subset):
            raise self.error("validation_split", "and subset are given together or not at all")
        if split and self.shuffle and self.seed is None:
            raise self.error(
                "seed", "is needed to split shuffled files, or both parts would share some"
            )
        if not Path(self.directory).is_dir():
            raise self.error("directory", f"is no folder: {self.directory}")

    def error(self, field: str, complaint: str) -> ConfigError:
        text = f"{self.asker}: {field} {complaint}."
        return ConfigError(Text(text, text), field=field)

    @property
    def has_labels(self) -> bool:
        return self.labels is not None and self.label_mode is not None


def batches_of_files(
    choices: Choices, read: Callable[[str], Any], join: Callable[[list[Any]], Any]
) -> Any:
    """A data set of the files of a directory, or a training and a validation one.

    Args:
        read: Makes a sample of a path; runs in threads.
        join: Makes a batch of samples.
    """
    choices.check()
    seed = int(np.random.randint(1_000_000)) if choices.seed is None else choices.seed
    found = _find(choices, seed)
    if choices.label_mode == "binary" and found.class_names and len(found.class_names) != 2:
        raise choices.error(
            "label_mode", f'"binary" needs two classes, there are {found.class_names}'
        )
    parts = [
        FileBatches(part, choices, read, join, shuffle=shuffle, seed=seed)
        for part, shuffle in _parts(choices, found)
    ]
    return parts if choices.subset == "both" else parts[0]


class FileBatches(Batches):
    """Files as batches of samples, read when a batch is asked for; in `fit`, ahead of it, by threads.

    Attributes:
        file_paths: The files, in the order of a pass that does not shuffle.
        class_names: The classes, in the order of their numbers; None without labels.
    """

    def __init__(
        self,
        found: Found,
        choices: Choices,
        read: Callable[[str], Any],
        join: Callable[[list[Any]], Any],
        *,
        shuffle: bool,
        seed: int,
    ) -> None:
        super().__init__(len(found.paths), choices.batch_size, shuffle=shuffle, seed=seed)
        self.workers, self.max_queue_size = READERS, AHEAD
        self.file_paths = found.paths
        self.class_names = found.class_names
        self._labels = _encoded(found, choices.label_mode)
        self._read, self._join = read, join

    def samples(self, rows: np.ndarray) -> Any:
        batch = self._join([self._read(self.file_paths[row]) for row in rows])
        return batch if self._labels is None else (batch, self._labels[torch.as_tensor(rows)])


def _encoded(found: Found, mode: LabelMode) -> torch.Tensor | None:
    if found.labels is None:
        return None
    labels = torch.as_tensor(found.labels)
    if mode == "binary":
        return labels.to(torch.float32)[:, None]
    if mode == "categorical":
        classes = len(found.class_names or ())
        return torch.nn.functional.one_hot(labels.long(), classes).to(torch.float32)
    return labels.to(torch.int32)


def _parts(choices: Choices, found: Found) -> list[tuple[Found, bool]]:
    """The files of each data set wanted, and whether it is shuffled in each pass."""
    split, subset = choices.validation_split, choices.subset
    if not split:
        parts = [(found, choices.shuffle)]
    else:
        at = len(found.paths) - int(split * len(found.paths))
        training, validation = found.part(slice(at)), found.part(slice(at, None))
        if choices.verbose and subset in ("training", "both"):
            say(f"Using {len(training.paths)} files for training.")
        if choices.verbose and subset in ("validation", "both"):
            say(f"Using {len(validation.paths)} files for validation.")
        parts = {
            "training": [(training, choices.shuffle)],
            "validation": [(validation, choices.shuffle)],
            "both": [(training, choices.shuffle), (validation, False)],
        }[subset or "both"]
    if any(not part.paths for part, _ in parts):
        raise choices.error(
            "directory",
            f"has too few files: of {len(found.paths)} with the endings "
            f"{', '.join(choices.formats)} none is left for a part. Looked in {choices.directory}",
        )
    return parts


def _find(choices: Choices, seed: int) -> Found:
    """The files in alphabetical order of their folders, or shuffled by the seed as Keras does."""
    directory = str(choices.directory)
    names = _classes(choices) if choices.labels == "inferred" else [""]
    paths: list[str] = []
    numbers: list[int] = []
    for number, name in enumerate(names):
        of_class = list(_files(os.path.join(directory, name), choices))  # noqa: PTH118 - as given
        paths += of_class
        numbers += [number] * len(of_class)
    labels: np.ndarray | None = None
    class_names: list[str] | None = None
    if choices.has_labels and choices.labels == "inferred":
        labels, class_names = np.array(numbers, dtype="int32"), list(names)
    elif choices.has_labels:
        labels, class_names = _given(choices, len(paths))
    if choices.verbose:
        classes = "" if class_names is None else f" belonging to {len(class_names)} classes"
        say(f"Found {len(paths)} files{classes}.")
    if choices.shuffle:
        np.random.RandomState(seed).shuffle(paths)
        if labels is not None:
            np.random.RandomState(seed).shuffle(labels)
    return Found(paths, labels, class_names)


def _given(choices: Choices, count: int) -> tuple[np.ndarray, list[str]]:
    labels = np.array(choices.labels, dtype="int32")
    if len(labels) != count:
        raise choices.error(
            "labels", f"must be one for each of the {count} files, got {len(labels)}"
        )
    return labels, [str(label) for label in sorted(set(labels.tolist()))]


def _classes(choices: Choices) -> list[str]:
    folders = sorted(
        each.name
        for each in Path(choices.directory).iterdir()
        if each.is_dir() and not each.name.startswith(".")
    )
    if choices.class_names is None:
        return folders
    if not set(choices.class_names) <= set(folders):
        raise choices.error(
            "class_names",
            f"must be among the folders {folders}, got {list(choices.class_names)}",
        )
    return list(choices.class_names)


def _files(folder: str, choices: Choices) -> list[str]:
    found = []
    walk = os.walk(folder, followlinks=choices.follow_links)
    for root, _, names in sorted(walk, key=lambda each: each[0]):
        found += [
            os.path.join(root, name)  # noqa: PTH118 - a string, as in Keras
            for name in sorted(names)
            if name.lower().endswith(choices.formats)
        ]
    return found
