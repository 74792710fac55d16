"""What a profile says: figures by layer, a sentence on the largest, a table, plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from lamina.profiling.limits import Limits
from lamina.shapes import Shape
from lamina.text import Text

MUCH = 0.5
"""A layer that reaches this share of a limit is held up by it."""
SMALL_MS = 0.1
"""Below it the calls themselves cost as much as what they do."""


@dataclass(frozen=True)
class LayerCost:
    """What one node of the graph costs in one step of training.

    Args:
        name: Id of the node; that of a block stands before it, as in "encoder/dense".
        type: Type of the layer.
        output_shape: Of its first output, with the batch.
        parameters: Number of values in its weights.
        macs: Multiply-accumulate operations for the batch, forward; None where the layer does not say.
        flops: Additions and multiplications of forward and backward together; None where macs is.
        bytes: The least that forward and backward read and write: inputs, outputs, weights and their gradients.
        forward_ms: Median of the passes.
        backward_ms: Median of the passes; 0 where there is nothing to learn.
        share: Of the whole step, the update included.
        arithmetic_share: Of what the machine can compute in that time; None where flops is.
        memory_share: Of what the machine can copy in that time; above 1 where caches hold what is read.
    """

    name: str
    type: str
    output_shape: Shape
    parameters: int
    macs: int | None
    flops: int | None
    bytes: int
    forward_ms: float
    backward_ms: float
    share: float
    arithmetic_share: float | None
    memory_share: float

    @property
    def total_ms(self) -> float:
        return self.forward_ms + self.backward_ms


@dataclass(frozen=True)
class Profile:
    """The cost of one training step of a model.

    `print` it for a table; `to_dict` gives plain data; `sentence` names the largest cost.

    Args:
        model: Name of the model.
        device: Where it was measured.
        threads: Threads of torch.
        batch_size: Samples of the step.
        limits: Of the machine.
        layers: In the order in which they run.
        update_ms: The optimizer's step; None for a model that is not compiled.
        together_ms: Forward and backward of the whole program as training runs it, without stops between layers.
        notes: What could not be measured, or was assumed.
    """

    model: str
    device: str
    threads: int
    batch_size: int
    limits: Limits
    layers: tuple[LayerCost, ...]
    update_ms: float | None
    together_ms: float
    notes: tuple[Text, ...] = ()

    @property
    def total_ms(self) -> float:
        """All layers, each by itself, and the update."""
        return sum(cost.total_ms for cost in self.layers) + (self.update_ms or 0.0)

    @property
    def largest(self) -> LayerCost:
        """The layer that takes the longest."""
        return max(self.layers, key=lambda cost: cost.total_ms)

    @property
    def sentence(self) -> Text:
        """The largest cost, and what holds it up."""
        update, total = self.update_ms or 0.0, self.total_ms
        if update > self.largest.total_ms:
            return Text(
                f"The largest cost is the optimizer's update of the weights: {update / total:.0%} of a step ({update:.3g} ms). "
                "It does not depend on the batch, so a larger batch makes it rarer.",
                f"最大的开销是优化器更新权重：占一步的 {update / total:.0%}（{update:.3g} 毫秒）。"
                "它与批次大小无关，增大批次可以减少更新次数。",
            )
        cost = self.largest
        why = self._why(cost)
        backward = cost.backward_ms / cost.total_ms if cost.total_ms else 0.0
        return Text(
            f'The largest cost is "{cost.name}" ({cost.type}): {cost.share:.0%} of a step ({cost.total_ms:.3g} ms, '
            f"{backward:.0%} of it backward). {why.en}",
            f"最大的开销是“{cost.name}”（{cost.type}）：占一步的 {cost.share:.0%}（{cost.total_ms:.3g} 毫秒，"
            f"其中反向传播占 {backward:.0%}）。{why.zh}",
        )

    @staticmethod
    def _why(cost: LayerCost) -> Text:
        arithmetic, memory = cost.arithmetic_share, cost.memory_share
        if arithmetic is not None and arithmetic >= MUCH:
            return Text(
                f"It computes at {arithmetic:.0%} of what this machine can; only less arithmetic would make it faster.",
                f"它已达到本机算力的 {arithmetic:.0%}，只有减少计算量才能更快。",
            )
        if memory >= 1:
            return Text(
                "It moves memory as fast as caches allow, so it waits for memory and not for arithmetic.",
                "它的访存速度已达到缓存的上限，瓶颈在内存而不在计算。",
            )
        if memory >= MUCH:
            return Text(
                f"It moves memory at {memory:.0%} of what this machine can, so it waits for memory and not for arithmetic.",
                f"它的访存已达到本机带宽的 {memory:.0%}，瓶颈在内存而不在计算。",
            )
        if cost.total_ms < SMALL_MS:
            return Text(
                "It is so small that the calls themselves cost as much as what they do; a larger batch would help.",
                "它的计算量很小，调用本身的开销与计算相当；增大批次会有帮助。",
            )
        if arithmetic is None:
            return Text(
                f"How much arithmetic it does is not known; it reaches {memory:.0%} of the machine's copying speed.",
                f"它的计算量未知；达到本机复制带宽的 {memory:.0%}。",
            )
        return Text(
            f"It reaches {arithmetic:.0%} of the machine's arithmetic and {memory:.0%} of its copying speed.",
            f"它达到本机算力的 {arithmetic:.0%} 和复制带宽的 {memory:.0%}。",
        )

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain data, texts in each language."""
        return {
            "model": self.model,
            "device": self.device,
            "threads": self.threads,
            "batch_size": self.batch_size,
            "limits": asdict(self.limits),
            "layers": [
                {
                    **asdict(cost),
                    "output_shape": list(cost.output_shape),
                    "total_ms": cost.total_ms,
                }
                for cost in self.layers
            ],
            "update_ms": self.update_ms,
            "together_ms": self.together_ms,
            "total_ms": self.total_ms,
            "largest": self.largest.name,
            "sentence": self.sentence.to_json(),
            "notes": [note.to_json() for note in self.notes],
        }

    def __str__(self) -> str:
        header = ("Layer (type)", "Output Shape", "Forward ms", "Backward ms", "Share", "MMACs", "MB moved", "Arithmetic", "Memory")  # fmt: skip
        rows = [_row(cost) for cost in self.layers]
        if self.update_ms is not None:
            share = self.update_ms / self.total_ms if self.total_ms else 0.0
            rows.append(("update of the weights", "", f"{self.update_ms:.3f}", "", f"{share:.0%}", *[""] * 4))  # fmt: skip
        widths = [max(len(row[i]) for row in (header, *rows)) + 2 for i in range(len(header))]
        lines = [
            f'"{self.model}": one step of {self.batch_size} samples on {self.device}, {self.threads} threads',
            _line(header, widths),
            "─" * sum(widths),
            *(_line(row, widths) for row in rows),
            "─" * sum(widths),
            f"Layers one by one {sum(cost.total_ms for cost in self.layers):.3f} ms, together {self.together_ms:.3f} ms.",
            f"This machine: {self.limits.flops_per_s / 1e9:,.0f} GFLOP/s, {self.limits.bytes_per_s / 1e9:,.0f} GB/s.",
            self.sentence.en,
            *(note.en for note in self.notes),
        ]
        return "\n".join(lines)


def _row(cost: LayerCost) -> tuple[str, ...]:
    return (
        f"{cost.name} ({cost.type})",
        str(cost.output_shape),
        f"{cost.forward_ms:.3f}",
        f"{cost.backward_ms:.3f}",
        f"{cost.share:.0%}",
        "?" if cost.macs is None else f"{cost.macs / 1e6:,.2f}",
        f"{cost.bytes / 1e6:,.2f}",
        "" if cost.arithmetic_share is None else f"{cost.arithmetic_share:.0%}",
        f"{cost.memory_share:.0%}",
    )


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    """Names to the left, numbers to the right."""
    cells = [
        f"{cell:<{width}}" if index < 2 else f"{cell:>{width}}"
        for index, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "".join(cells).rstrip()
