"""The check of a training document: against itself, this machine, the data and the graph."""

from __future__ import annotations

from collections.abc import Iterator

from lamina.callbacks.callback import CALLBACKS
from lamina.datasets.catalogue import DATASETS, DatasetSpec
from lamina.graph.document import Graph
from lamina.graph.report import Report
from lamina.problems import Fix, Problem
from lamina.text import Text, size_text
from lamina.training.choices import check_choices, replace
from lamina.training.document import TrainingDocument, read
from lamina.training.fitting import Fitting
from lamina.training.memory import check_memory
from lamina.training.numbers import check_numbers


def check_training(report: Report, graph: Graph | None, training: object) -> list[Problem]:
    """Every problem of a training document; never raises for a user's mistake.

    Args:
        report: Of the graph. Where an input's shape cannot be what it is, its fix becomes the shape of the data.
        graph: None when its document does not even parse; then only the training document itself is checked.
        training: JSON data or a `TrainingDocument`.
    """
    document, problems = read(training)
    if document is None:
        return problems
    return list(_check(report, graph, document))


def _check(report: Report, graph: Graph | None, document: TrainingDocument) -> Iterator[Problem]:
    spec = DATASETS.get(document.dataset.id) if document.dataset.id in DATASETS else None
    yield from _dataset(document, spec)
    yield from check_choices(document)
    yield from check_numbers(document, spec)
    yield from check_memory(report, document)
    yield from _monitors(document)
    if graph is not None and spec is not None:
        fitting = Fitting(graph, report, document, spec)
        report.problems[:] = map(fitting.with_shape_of_data, report.problems)
        yield from fitting.check()


def _dataset(document: TrainingDocument, spec: DatasetSpec | None) -> Iterator[Problem]:
    if spec is None:
        name = document.dataset.id
        known = DATASETS.close_to(name) or DATASETS.names()
        yield Problem(
            "unknown_dataset",
            "error",
            Text(
                f'There is no dataset "{name}". Known: {", ".join(DATASETS.names())}.',
                f"没有数据集“{name}”。可用：{'、'.join(DATASETS.names())}。",
            ),
            field="dataset.id",
            fixes=tuple(
                Fix(
                    Text(f"Use {other}", f"改用 {other}"),
                    "training",
                    [replace("dataset.id", other)],
                )
                for other in known
            ),
        )
    elif spec.needs_download and not spec.is_on_disk():
        size = size_text(spec.download_bytes)
        yield Problem(
            "dataset_not_downloaded",
            "info",
            Text(
                f"{spec.title.en} ({size}) is downloaded when training starts.",
                f"{spec.title.zh}（{size}）将在训练开始时下载。",
            ),
            field="dataset.id",
            params={"bytes": spec.download_bytes},
        )


def _monitors(document: TrainingDocument) -> Iterator[Problem]:
    """Callbacks that watch validation where there is none."""
    if document.validation.split:
        return
    for index, choice in enumerate(document.callbacks):
        watched = choice.config.get("monitor", "val_loss" if _watches(choice.type) else "")
        if isinstance(watched, str) and watched.startswith("val_"):
            yield Problem(
                "no_validation",
                "warning",
                Text(
                    f"{choice.type} watches {watched}, but no samples are kept for validation.",
                    f"{choice.type} 监视 {watched}，但没有保留验证样本。",
                ),
                field=f"callbacks[{index}]",
                fixes=(
                    Fix(
                        Text("Keep 10 % for validation", "保留 10% 用于验证"),
                        "training",
                        [replace("validation", {"split": 0.1})],
                    ),
                ),
            )


def _watches(callback: str) -> bool:
    return callback in CALLBACKS and "monitor" in CALLBACKS.get(callback).declared_fields
