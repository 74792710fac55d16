"""The command: `make bench ARGS="…"`, or `python -m benchmarks …` with `tests` on the path.

    make bench                                            everything, eight rounds
    make bench ARGS="cnn-32 mlp --contenders tuned lamina --rounds 12"
    make bench ARGS="callbacks imports"
    make bench ARGS="--device cuda"                       larger workloads, in float32, TF32 and bf16
    make bench ARGS="--make-environments"                 environments for the peers, once
    make bench ARGS="--save baseline" && make docs        figures into docs/performance.md

Each contender trains in a process of its own. All of a workload are there at once and take turns of some epochs, A B
C, then C B A, …, inside a single training; the ratio is taken within each round, so that whatever else the machine
does cancels. The rounds are spread over several launches of all processes, for each has its own luck with where its
memory lies. Losses and accuracies stand beside it and show that the same work was done. Differences below 15 % with
fewer than 8 rounds are not evidence, and nothing is on a busy machine.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from typing import Any

from benchmarks import environments, machine, probes, results, tables
from benchmarks.contenders import CONTENDERS, PRECISIONS, REFERENCE, USUAL, WITH_CALLBACKS, Setting
from benchmarks.driver import Comparison
from benchmarks.workloads import SIZES, WORKLOADS

CALLBACKS = "callbacks"
WATCHED = ("cnn-32", "mlp", "regression")
"""Workloads on which the cost of callbacks is measured."""


def parser() -> argparse.ArgumentParser:
    """What the command takes."""
    known = [*WORKLOADS, CALLBACKS, *probes.NAMES]
    made = argparse.ArgumentParser(
        "benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("what", nargs="*", metavar="WHAT", help=f"any of {', '.join(known)}")
    made.add_argument("--contenders", nargs="+", choices=CONTENDERS, default=list(USUAL))
    made.add_argument("--rounds", type=int, default=8)
    made.add_argument("--launches", type=int, default=4, help="how often all processes start anew")
    made.add_argument("--size", choices=SIZES, default="quick")
    made.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    made.add_argument("--precision", nargs="+", choices=PRECISIONS, help="all three on CUDA")
    made.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    made.add_argument("--save", metavar="NAME", help="name of the file in results, not the time")
    made.add_argument("--show", metavar="NAME", help="print a result that was kept")
    made.add_argument("--write-docs", action="store_true", help="put the baseline into the page")
    made.add_argument(
        "--make-environments", nargs="*", choices=environments.PEERS, metavar="NAME",
        help=f"all of {', '.join(environments.PEERS)} when none is named",
    )  # fmt: skip
    return made


def comparisons(arguments: argparse.Namespace, what: list[str]) -> Iterator[Comparison]:
    """The comparisons that were asked for."""
    kinds = arguments.precision or (PRECISIONS if arguments.device == "cuda" else ("float32",))
    for precision in kinds:
        setting = Setting(arguments.device, precision, arguments.threads)
        shared: dict[str, Any] = {
            "rounds": arguments.rounds,
            "launches": min(arguments.launches, arguments.rounds),
            "size": arguments.size,
            "setting": setting,
        }
        for name in what:
            if name in WORKLOADS:
                title = name if precision == "float32" else f"{name}, {precision}"
                yield Comparison(
                    name, tuple(arguments.contenders), REFERENCE, title=title, **shared
                )
        if CALLBACKS in what and precision == "float32":
            for name in WATCHED:
                contenders = ("lamina", *WITH_CALLBACKS)
                yield Comparison(name, contenders, "lamina", title=f"{name}, callbacks", **shared)


def wanted(arguments: argparse.Namespace, made: argparse.ArgumentParser) -> list[str]:
    """What to measure: all that suits the device when nothing is named."""
    fitting = [name for name, work in WORKLOADS.items() if work.device == arguments.device]
    others = [CALLBACKS, *probes.NAMES] if arguments.device == "cpu" else []
    for name in arguments.what:
        if name not in (*WORKLOADS, CALLBACKS, *probes.NAMES):
            made.error(
                f"{name!r} is not one of {', '.join([*WORKLOADS, CALLBACKS, *probes.NAMES])}"
            )
    return arguments.what or [*fitting, *others]


def measure(arguments: argparse.Namespace, what: list[str]) -> dict[str, Any]:
    """Measure it all; the result as plain data."""
    result: dict[str, Any] = {
        "format": results.FORMAT,
        "when": time.strftime("%Y-%m-%d %H:%M"),
        "machine": machine.describe(),
        "comparisons": [],
        "probes": {},
    }
    if result["machine"]["load"] > 0.3 * machine.CPUS:
        print(f"The machine is busy (load {result['machine']['load']}): these figures mean little.")
    for comparison in comparisons(arguments, what):
        print(f"{comparison.title} ({comparison.setting.precision})", flush=True)
        result["comparisons"].append(comparison.run())
        print(tables.of_comparison(result["comparisons"][-1]), flush=True)
    setting = Setting(threads=arguments.threads)
    for name in probes.NAMES:
        if name in what:
            result["probes"][name] = probes.run(name, arguments.rounds, setting)
            print(tables.of_probe(name, result["probes"][name]), flush=True)
    return result


def write_docs() -> None:
    """Put the figures of the baseline into the page."""
    page = tables.PAGE.read_text(encoding="utf-8")
    figures = tables.of_page(results.read(results.BASELINE))
    tables.PAGE.write_text(tables.page_text(page, figures), encoding="utf-8")


def main(given: list[str] | None = None) -> None:
    """Do what the command line says."""
    made = parser()
    arguments = made.parse_args(given)
    if arguments.make_environments is not None:
        for name in arguments.make_environments or environments.PEERS:
            environments.make(name)
    elif arguments.write_docs:
        write_docs()
    elif arguments.show:
        print(tables.of_result(results.read(results.FOLDER / f"{arguments.show}.json")))
    else:
        result = measure(arguments, wanted(arguments, made))
        print(f"\nKept in {results.write(result, arguments.save)}")


if __name__ == "__main__":
    main(sys.argv[1:])
