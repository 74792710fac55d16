"""Measurements that compare nothing in turns: start-up, growth of memory, growth of time. Each in processes of its own.

A probe is a function without arguments that gives figures as plain data; `run` calls it in a fresh process.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks import figures, machine
from benchmarks.contenders import Setting
from benchmarks.driver import process_environment

IMPORTS = {
    "import torch": "import torch",
    "import lamina": "import lamina",
    "import lamina, then Sequential and a layer": "import lamina; lamina.Sequential; lamina.layers.Dense",
}
MEMORY_STEPS = 10_000
LINEAR_FACTOR = 10


def imports(rounds: int, setting: Setting) -> dict[str, Any]:
    """Seconds of imports in fresh processes, in turns; the ratio to `import torch` is taken within each round."""

    def seconds(name: str) -> figures.Turn:
        code = (
            f"import time; t = time.perf_counter()\n{IMPORTS[name]}\nprint(time.perf_counter() - t)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env=process_environment(setting),
        )
        return figures.Turn(float(done.stdout))

    turns = figures.by_rounds(list(IMPORTS), rounds, seconds)
    torch = turns["import torch"]
    return {
        name: {
            "seconds": figures.spread([turn.seconds for turn in mine]).to_json(),
            "times_torch": figures.growth(
                [turn.seconds for turn in torch], [turn.seconds for turn in mine], 1
            ).to_json(),
        }
        for name, mine in turns.items()
    }


def run(name: str, rounds: int, setting: Setting) -> dict[str, Any]:
    """The figures of a probe, taken in a process of its own."""
    if name == "imports":
        return imports(rounds, setting)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.probes", name, str(rounds), str(setting.threads)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env=process_environment(setting),
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


# --- in the process -----------------------------------------------------------------------------------------------


def memory(rounds: int) -> dict[str, Any]:
    """Resident memory while the default classifier is trained for 10,000 small steps: after a tenth, and at the end."""
    del rounds  # one long training, not rounds
    return memory_over(MEMORY_STEPS)


def memory_over(steps: int) -> dict[str, Any]:
    """Memory after a tenth of so many steps, and after all."""
    import numpy as np

    import lamina

    model = _classifier(64, depth=2)
    random = np.random.default_rng(0)
    x = random.normal(size=(steps // 10 * 4, 32)).astype("float32")
    y = np.eye(10, dtype="float32")[random.integers(0, 10, len(x))]
    seen: list[float] = []

    class Watch(lamina.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            seen.append(machine.memory_mb())

    model.fit(x, y, batch_size=4, epochs=10, verbose=0, callbacks=[Watch()])
    return {
        "steps": steps,
        "after_a_tenth_mb": figures.rounded(seen[0]),
        "at_the_end_mb": figures.rounded(seen[-1]),
        "growth_mb": figures.rounded(seen[-1] - seen[0]),
    }


def linear(rounds: int) -> dict[str, Any]:
    """Time of an epoch when there is ten times as much of something, divided by ten."""
    return {
        name: figures.growth(*_in_turns(make, rounds), LINEAR_FACTOR).to_json()
        for name, make in {
            "10 x samples": lambda times: _trained(512 * times, width=256, depth=2),
            "10 x layers": lambda times: _trained(512, width=128, depth=4 * times),
            "10 x width": lambda times: _trained(512, width=256 * times, depth=1),
        }.items()
    }


def _in_turns(
    make: Callable[[int], Callable[[], None]], rounds: int
) -> tuple[list[float], list[float]]:
    """Seconds of the small and of the large case, in turns."""
    cases = [make(1), make(LINEAR_FACTOR)]
    seconds: tuple[list[float], list[float]] = ([], [])
    for case in cases:
        case()
    for _ in range(rounds):
        for case, column in zip(cases, seconds, strict=True):
            start = time.perf_counter()
            case()
            column.append(time.perf_counter() - start)
    return seconds


def _trained(samples: int, width: int, depth: int) -> Callable[[], None]:
    """Trains one epoch at each call."""
    import numpy as np

    random = np.random.default_rng(0)
    x = random.normal(size=(samples, 32)).astype("float32")
    y = np.eye(10, dtype="float32")[random.integers(0, 10, samples)]
    model = _classifier(width, depth)
    return lambda: model.fit(x, y, batch_size=64, epochs=1, verbose=0)


def _classifier(width: int, depth: int) -> Any:
    import lamina

    hidden = [lamina.layers.Dense(width, activation="relu") for _ in range(depth)]
    model = lamina.Sequential(
        [lamina.Input((32,)), *hidden, lamina.layers.Dense(10, activation="softmax")]
    )
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    return model


PROBES: dict[str, Callable[[int], dict[str, Any]]] = {"memory": memory, "linear": linear}
NAMES = ("imports", *PROBES)


def main(name: str, rounds: int, threads: int) -> None:
    """Print the figures of a probe as one line of JSON."""
    import torch

    torch.set_num_threads(threads)
    print(json.dumps(PROBES[name](rounds)))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
