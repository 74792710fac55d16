"""`ctc_decode`: sequences of labels from the scores that a network gives each step (Graves et al. 2006)."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from lamina.errors import ConfigError
from lamina.ops.convert import convert, promoted
from lamina.ops.registry import op
from lamina.text import Text

NONE = -math.inf
Beams = dict[tuple[int, ...], tuple[float, float]]
"""By labels so far: the log probability of those that end in a label, and of those that end in a blank."""


@op()
def ctc_decode(
    inputs: Any,
    sequence_lengths: Any,
    strategy: str = "greedy",
    beam_width: int = 100,
    top_paths: int = 1,
    merge_repeated: bool = True,
    mask_index: int | None = 0,
) -> Any:
    """The likeliest sequences of labels.

    Args:
        inputs: Logits, (batch, steps, classes).
        sequence_lengths: Steps that count, (batch,).
        strategy: "greedy" takes the likeliest class of each step; "beam_search" adds up all ways to a sequence.
        beam_width: How many sequences a search keeps after each step.
        top_paths: How many a search gives.
        merge_repeated: Whether greedy decoding counts a class once that stands in several steps.
        mask_index: Class of the blank; the last one where it is None.

    Returns:
        Labels, (paths, batch, steps), -1 behind the end; and the negative sum of the logits, (batch, 1), or for a search
        the log probabilities, (batch, paths).
    """
    scores = promoted(convert(inputs), at_least="float32", keep_64=True)[0]
    blank = scores.shape[-1] - 1 if mask_index is None else int(mask_index)
    if strategy == "greedy":
        lengths = convert(sequence_lengths).to(scores.device)
        return _greedy(scores, lengths, merge_repeated=merge_repeated, blank=blank)
    if strategy != "beam_search":
        raise ConfigError(
            Text(
                f'ctc_decode: strategy is "greedy" or "beam_search", got {strategy!r}.',
                f"ctc_decode：strategy 应为“greedy”或“beam_search”，实际为 {strategy!r}。",
            ),
            field="strategy",
        )
    batch, steps, _ = scores.shape
    if scores.is_meta:
        labels = torch.empty((top_paths, batch, steps), dtype=torch.int32, device="meta")
        return labels, scores.new_empty((batch, top_paths))
    labels = torch.full((top_paths, batch, steps), -1, dtype=torch.int32)
    found = torch.full((batch, top_paths), NONE, dtype=scores.dtype)
    rows = torch.log_softmax(scores.detach(), -1).tolist()
    for index, (row, length) in enumerate(
        zip(rows, convert(sequence_lengths).tolist(), strict=True)
    ):
        best = _search(row[: int(length)], blank, beam_width)[:top_paths]
        for place, (path, score) in enumerate(best):
            labels[place, index, : len(path)] = torch.tensor(path, dtype=torch.int32)
            found[index, place] = score
    return labels.to(scores.device), found.to(scores.device)


def _greedy(
    scores: Tensor, lengths: Tensor, *, merge_repeated: bool, blank: int
) -> tuple[Tensor, Tensor]:
    steps = scores.shape[1]
    best, classes = scores.max(-1)
    is_over = torch.arange(steps, device=scores.device) >= lengths[:, None]
    classes = classes.masked_fill(is_over, blank)
    is_blank = classes == blank
    if merge_repeated:
        is_blank[:, 1:] |= classes[:, 1:] == classes[:, :-1]
    order = torch.argsort(is_blank.to(torch.int8), dim=-1, stable=True)  # labels to the front
    labels = classes.masked_fill(is_blank, -1).gather(-1, order).to(torch.int32)
    return labels[None], -best.masked_fill(is_over, 0.0).sum(1, keepdim=True)


def _search(rows: list[list[float]], blank: int, width: int) -> list[tuple[tuple[int, ...], float]]:
    """The sequences that a search ends with and their log probabilities, the likeliest first."""
    beams: Beams = {(): (NONE, 0.0)}
    for row in rows:
        grown: Beams = {}
        for path, (in_label, in_blank) in beams.items():
            either = _sum(in_label, in_blank)
            for label, score in enumerate(row):
                if label == blank:
                    _add(grown, path, NONE, either + score)
                elif path and path[-1] == label:
                    _add(grown, path, in_label + score, NONE)  # the label goes on
                    _add(grown, (*path, label), in_blank + score, NONE)
                else:
                    _add(grown, (*path, label), either + score, NONE)
        beams = dict(_ranked(grown)[:width])
    return [(path, _sum(*parts)) for path, parts in _ranked(beams)]


def _ranked(beams: Beams) -> list[tuple[tuple[int, ...], tuple[float, float]]]:
    return sorted(beams.items(), key=lambda beam: (-_sum(*beam[1]), beam[0]))


def _add(beams: Beams, path: tuple[int, ...], in_label: float, in_blank: float) -> None:
    if max(in_label, in_blank) > NONE:
        old = beams.get(path, (NONE, NONE))
        beams[path] = _sum(old[0], in_label), _sum(old[1], in_blank)


def _sum(a: float, b: float) -> float:
    """The logarithm of the sum of two numbers given by their logarithms."""
    high, low = (a, b) if a > b else (b, a)
    return high if low == NONE else high + math.log1p(math.exp(low - high))
