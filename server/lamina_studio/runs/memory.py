"""Whether a model can fit into a machine at all, before anything is started."""

from lamina.graph.check import Report
from lamina.problems import Problem
from lamina.text import Text

BYTES_PER_WEIGHT = 4
COPIES = 2  # each weight and its gradient; optimizers add their own


def memory_problems(report: Report, memory_bytes: int) -> list[Problem]:
    """A problem at the largest layer if the weights and their gradients exceed the memory.

    Args:
        report: Of a graph.
        memory_bytes: What the machine has.
    """
    needed_bytes = report.totals["parameters"] * BYTES_PER_WEIGHT * COPIES
    if needed_bytes <= memory_bytes:
        return []
    largest = max(report.nodes, key=lambda node: report.nodes[node].parameters)
    needed, has = f"{needed_bytes / 1e9:.1f} GB", f"{memory_bytes / 1e9:.1f} GB"
    return [
        Problem(
            code="too_large_for_memory",
            severity="error",
            message=Text(
                f"The weights and their gradients take {needed}, but this machine has {has}. "
                f'Most of them are in "{largest}": make it smaller, or reduce what flows into it.',
                f"权重及其梯度需要 {needed}，而本机内存只有 {has}。其中大部分在“{largest}”："
                "请减小该层，或减少流入它的数据。",
            ),
            node=largest,
            params={"needed_bytes": needed_bytes, "memory_bytes": memory_bytes},
        )
    ]
