"""Results as Markdown, for the terminal and for docs/performance.md."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parents[2] / "docs" / "performance.md"
MARKERS = ("<!-- figures: begin -->", "<!-- figures: end -->")


def of_result(result: Mapping[str, Any]) -> str:
    """Everything in a result."""
    parts = [of_machine(result)]
    parts += [of_comparison(comparison) for comparison in result["comparisons"]]
    parts += [of_probe(name, figures) for name, figures in result["probes"].items()]
    return "\n\n".join(parts)


def of_machine(result: Mapping[str, Any]) -> str:
    """One line on what it was measured with."""
    machine = result["machine"]
    return (
        f"{machine['cpu']}, {machine['cpus']} CPUs, load {machine['load']}; Python {machine['python']}, "
        f"torch {machine['torch']}, lamina {machine['lamina']}; {result['when']}."
    )


def of_comparison(comparison: Mapping[str, Any]) -> str:
    """A row for each contender."""
    heading = (
        f"### {comparison['title']}: {comparison['samples']:,} samples, batch {comparison['batch_size']}, "
        f"{comparison['precision']} on {comparison['device']}, {comparison['rounds']} rounds in "
        f"{comparison.get('launches', 1)} launches"
    )
    header = (
        "contender", f"× {comparison['reference']} (quarters)", "samples/s", "undisturbed", "first step s",
        "memory MB", "loss", "accuracy", "val. loss", "val. accuracy", "predict/s (×)", "one sample ms",
    )  # fmt: skip
    rows = [_row(contender) for contender in comparison["contenders"] if "rate" in contender]
    out = [c for c in comparison["contenders"] if "rate" not in c]
    lines = [heading, "", markdown(header, rows)]
    lines += [f"\n{contender['name']}: left out. {contender['skipped']}" for contender in out]
    return "\n".join(lines)


def _row(contender: Mapping[str, Any]) -> list[str]:
    rate, scores = contender["rate"], contender["scores"]
    predict = contender.get("predict")
    predicted, single = "", ""
    if predict:
        predicted = f"{predict['rate']['median']:,.0f}"
        predicted += f" ({predict['ratio']['median']:.2f})" if predict["ratio"] else ""
        single = f"{predict['single_ms']:.2f}"
    return [
        contender["name"],
        of_ratio(contender["ratio"]),
        f"{rate['median']:,.0f}",
        f"{contender['undisturbed']} of {len(contender['seconds'])}",
        f"{contender['first_step_s']:.2f}",
        f"{contender['peak_mb']:.0f}" if "peak_mb" in contender else "",
        *(_score(scores.get(key)) for key in ("loss", "accuracy", "val_loss", "val_accuracy")),
        predicted,
        single,
    ]


def of_ratio(ratio: Mapping[str, float] | None) -> str:
    """A ratio with its quarters.

    >>> of_ratio({"median": 1.0, "low": 0.97, "high": 1.04, "count": 8})
    '1.00 (0.97–1.04)'
    """
    return (
        "" if ratio is None else f"{ratio['median']:.2f} ({ratio['low']:.2f}–{ratio['high']:.2f})"
    )


def _score(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def of_probe(name: str, figures: Mapping[str, Any]) -> str:
    """A probe's figures, a line each."""
    rows = [(key, _figure(value)) for key, value in figures.items()]
    return f"### {name}\n\n" + markdown(("", "figure"), rows)


def _figure(value: Any) -> str:
    if isinstance(value, Mapping) and "median" in value:
        return of_ratio(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_figure(inner)}" for key, inner in value.items())
    return f"{value:,.4g}" if isinstance(value, float) else f"{value:,}"


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table, its columns aligned.

    >>> print(markdown(("a", "long"), [("1", "2")]))
    | a | long |
    |---|------|
    | 1 | 2    |
    """
    table = [list(header), *map(list, rows)]
    widths = [max(1, *(len(row[i]) for row in table)) for i in range(len(header))]
    lines = [
        "| " + " | ".join(f"{cell:<{w}}" for cell, w in zip(row, widths, strict=True)) + " |"
        for row in table
    ]
    lines.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|")
    return "\n".join(lines)


# --- the page -----------------------------------------------------------------------------------------------------


def of_page(result: Mapping[str, Any]) -> str:
    """What docs/performance.md shows: the ratios, one row per workload, and below it the other figures."""
    comparisons = result["comparisons"]
    parts = [of_machine(result)]
    for reference in dict.fromkeys(comparison["reference"] for comparison in comparisons):
        mine = [c for c in comparisons if c["reference"] == reference]
        names = list(dict.fromkeys(row["name"] for c in mine for row in c["contenders"]))
        rows = [[c["title"], *(_cell(c, name) for name in names)] for c in mine]
        rounds, size = mine[0]["rounds"], mine[0]["size"]
        launches = mine[0].get("launches", 1)
        parts.append(
            f"Training, times as fast as {reference} (quarters of {rounds} rounds in {launches} launches, size {size}):"
        )
        parts.append(markdown(("workload", *names), rows))
    predictions = [
        [comparison["title"], row["name"], f"{row['predict']['samples']:,}",
         f"{row['predict']['rate']['median']:,.0f}", of_ratio(row["predict"]["ratio"]), f"{row['predict']['single_ms']:.2f}"]
        for comparison in comparisons
        for row in comparison["contenders"]
        if row.get("predict") and comparison["workload"] in ("cnn-32", "cuda-cnn") and comparison["title"] == comparison["workload"]
    ]  # fmt: skip
    if predictions:
        parts.append("Prediction:")
        header = ("workload", "contender", "samples", "samples/s", "ratio", "one sample ms")
        parts.append(markdown(header, predictions))
    parts += [of_probe(name, figures) for name, figures in result["probes"].items()]
    return "\n\n".join(parts)


def _cell(comparison: Mapping[str, Any], name: str) -> str:
    row = next((row for row in comparison["contenders"] if row["name"] == name), None)
    return of_ratio(row.get("ratio")) if row else ""


def page_text(page: str, figures: str) -> str:
    """The page with its figures put between the markers.

    Raises:
        ValueError: If the markers are not there.
    """
    begin, end = MARKERS
    pattern = re.compile(f"({re.escape(begin)}\n).*?({re.escape(end)})", re.DOTALL)
    if not pattern.search(page):
        raise ValueError(
            f"The page needs the lines {begin} and {end}, between which figures stand."
        )
    return pattern.sub(lambda found: f"{found[1]}\n{figures}\n\n{found[2]}", page)
