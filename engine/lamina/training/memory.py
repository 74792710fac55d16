"""Whether a training can fit into this machine's memory at all."""

from __future__ import annotations

import os
from collections.abc import Iterator

from lamina.graph.check import FLOAT_BYTES
from lamina.graph.report import Report
from lamina.problems import Problem
from lamina.text import Text
from lamina.training.document import TrainingDocument

COPIES = 3
"""The weights, their gradients, and at least one number that the optimizer remembers of each."""


def machine_bytes() -> int:
    """Memory of this machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def needed_bytes(report: Report, batch_size: int) -> int:
    """The least that training takes: weights, gradients, the optimizer, and the outputs of all layers for one batch."""
    totals = report.totals
    return totals["parameters"] * FLOAT_BYTES * COPIES + totals["bytes"] * max(batch_size, 1)


def check_memory(report: Report, document: TrainingDocument) -> Iterator[Problem]:
    """A problem when the least that training takes is more than the machine has."""
    needed, there = needed_bytes(report, document.batch_size), machine_bytes()
    if needed <= there:
        return
    largest = max(
        report.nodes, key=lambda key: report.nodes[key].parameters + report.nodes[key].bytes
    )
    weights = report.totals["parameters"] * FLOAT_BYTES * COPIES
    advice = (
        ("a smaller batch size", "减小批次大小")
        if weights < there
        else (
            f'less of "{largest}", the largest layer',
            f"缩小最大的层“{largest}”",
        )
    )
    yield Problem(
        "too_large",
        "error",
        Text(
            f"Training takes at least {_size(needed)} of memory; this machine has {_size(there)}. Use {advice[0]}.",
            f"训练至少需要 {_size(needed)} 内存，本机只有 {_size(there)}。请{advice[1]}。",
        ),
        node=None if weights < there else largest,
        field="batch_size" if weights < there else None,
        params={"needed": needed, "available": there},
    )


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 2**30:,.1f} GiB"
