"""What it costs to train through the studio while somebody looks on, against the same `fit` in a script.

    python tests/benchmarks/watched_run.py                       # a websocket client that reads every frame
    python tests/benchmarks/watched_run.py --browser             # and headless Chromium with the run's page
    python tests/benchmarks/watched_run.py --rounds 40 --slice 2

The model is the default classifier on MNIST. A script and a run of the studio train at the same time, each in a process
of its own with the same threads, but only one of them is let go at a time: for some seconds the script, then for as long
the studio's trainer with its onlooker, then again the script, the others being suspended by a signal. A round is two
such slices one after the other, so that what else happens to the machine (a neighbour on the host, the clock of the
processor) hits both alike; comparing whole trainings of half a minute, the same script differs from itself by 1.8 times on
a shared machine, neighbouring slices by a few percent. What counts is a step's time, from the end of one batch to the
end of the next within an epoch, as both trainings stamp it; what counts of a round is its ratio. Not a test: it measures
time, and a busy machine makes its numbers worthless.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

import psutil  # noqa: E402
from websockets.sync.client import connect  # noqa: E402

from scripts import chromium  # noqa: E402
from scripts.started_studio import FINAL_STATES, StartedStudio  # noqa: E402

LIMITS = {"websocket client": 1.05, "Chromium": 1.15}
DATASETS = Path(os.environ.get("LAMINA_DATASETS", "~/.lamina/datasets")).expanduser()
WARM_UP_S = 6.0
SETTLING_S = 0.4
"""Of each slice, not counted: what was swapped out has to come back."""

Stamp = tuple[int, int]
"""An epoch and the Unix time in milliseconds at which a batch of it had ended."""


# --- the script ---------------------------------------------------------------------------------------------------


def fit_in_a_script(template: dict[str, Any]) -> None:
    """The process of a script: `fit` as a person would write it, until it is interrupted; prints its stamps."""
    import lamina as keras
    from lamina.datasets import mnist

    class Clock(keras.callbacks.Callback):
        def __init__(self) -> None:
            super().__init__()
            self.epoch = 0
            self.stamps: list[Stamp] = []

        def on_epoch_begin(self, epoch, logs=None):
            self.epoch = epoch + 1

        def on_train_batch_end(self, batch, logs=None):
            self.stamps.append((self.epoch, time.time_ns() // 1_000_000))

    training = template["training"]
    (x, y), _ = mnist.load_data()
    model = keras.Model.from_graph(template["graph"], seed=training["seed"])
    model.compile(
        keras.optimizers.RMSprop(**training["optimizer"]["config"]),
        training["loss"],
        metrics=training["metrics"],
    )
    clock = Clock()
    try:
        model.fit(
            x[..., None].astype("float32") / 255,
            keras.utils.to_categorical(y, 10),
            batch_size=training["batch_size"],
            epochs=training["epochs"],
            verbose=0,
            callbacks=[clock],
            validation_split=training["validation"]["split"],
        )
    except KeyboardInterrupt:
        print(json.dumps(clock.stamps))


class Script:
    """A script that trains in a process of its own."""

    def __init__(self, template: dict[str, Any]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--script"],
            env={**os.environ, "LAMINA_DATASETS": str(DATASETS)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(template))
        self._process.stdin.close()
        self._process.stdin = None

    def processes(self) -> list[psutil.Process]:
        return [psutil.Process(self._process.pid)]

    def end(self) -> list[Stamp]:
        self._process.send_signal(signal.SIGINT)
        said, _ = self._process.communicate()
        return [(epoch, t_ms) for epoch, t_ms in json.loads(said)]


# --- the studio ---------------------------------------------------------------------------------------------------


class Onlooker(Protocol):
    """Somebody who watches a run from a process of its own."""

    def processes(self) -> list[psutil.Process]:
        """What has to be suspended with it."""

    def look(self, run: str) -> None:
        """Begin to watch."""

    def close(self) -> None:
        """Look away; raises if not everything was seen."""


class Client:
    """A websocket client that reads every frame, in a process of its own."""

    def __init__(self, studio: StartedStudio) -> None:
        self._studio = studio

    def look(self, run: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--client", self._studio.address, self._studio.token, run],
            stdout=subprocess.PIPE,
            text=True,
        )

    def processes(self) -> list[psutil.Process]:
        return [psutil.Process(self._process.pid)]

    def close(self) -> None:
        said, _ = self._process.communicate()
        print(said.strip())
        if self._process.returncode:
            raise SystemExit("the websocket client did not see every batch")


def read_every_frame(address: str, token: str, run: str) -> None:
    """The process of a websocket client: reads until the run has ended; the loss of every batch must have come."""
    batches = steps = 0
    first_ms = 0.0
    with connect(
        f"{address.replace('http', 'ws')}/api/v1/live",
        additional_headers={"Authorization": f"Bearer {token}"},
        proxy=None,
    ) as socket:
        socket.send(json.dumps({"type": "hello", "v": 1, "client": "watched_run"}))
        socket.send(json.dumps({"type": "sub", "id": 1, "channel": f"run:{run}"}))
        state = ""
        while state not in FINAL_STATES:
            frame = json.loads(socket.recv())
            for event in frame.get("events", ()):
                if "batch/loss" in event["body"]:
                    batches += 1
                    if batches == 1:
                        first_ms = time.time() * 1000 - event["t_ms"]
                elif event["kind"] == "state":
                    state, steps = event["body"]["state"], event["step"]
    print(f"client: {batches} of {steps} losses came, the first {first_ms:.0f} ms after its batch")
    if not 0 < batches == steps:
        raise SystemExit(1)


class Chromium:
    """A headless browser that is signed in, with no debugger attached to the page while it is measured.

    Args:
        folder: Of its profile.
    """

    def __init__(self, studio: StartedStudio, folder: Path) -> None:
        self._studio = studio
        found = chromium.find()
        if found is None:
            raise SystemExit(chromium.ADVICE)
        flags = [*chromium.FLAGS, "--headless=new", "--window-size=1440,900"]
        doors = ["--remote-debugging-port=0", f"--user-data-dir={folder}"]
        self._process = subprocess.Popen(
            [found, *flags, *doors, studio.link()],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        door = folder / "DevToolsActivePort"
        wait_until(lambda: door.exists() and door.read_text().count("\n") > 0)
        self._address = f"http://127.0.0.1:{door.read_text().split()[0]}/json"
        wait_until(lambda: any("Lamina" in page["title"] for page in self._ask("GET", "/list")))

    def look(self, run: str) -> None:
        where = urllib.parse.quote(f"{self._studio.address}/runs/{run}", safe=":/")
        self._page = self._ask("PUT", f"/new?{where}")["id"]
        self._run = run

    def processes(self) -> list[psutil.Process]:
        browser = psutil.Process(self._process.pid)
        return [browser, *browser.children(recursive=True)]

    def close(self) -> None:
        shown = [it for it in self._ask("GET", "/list") if it["id"] == self._page]
        self._process.terminate()
        self._process.wait()
        assert [it["url"].endswith(self._run) for it in shown] == [True], f"no page left: {shown}"

    def _ask(self, method: str, path: str) -> Any:
        request = urllib.request.Request(f"{self._address}{path}", method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            content = answer.read()
        return json.loads(content) if content.startswith((b"[", b"{")) else None


class WatchedRun:
    """A run of the studio with an onlooker."""

    def __init__(self, studio: StartedStudio, template: dict[str, Any], onlooker: Onlooker) -> None:
        self._studio = studio
        self._onlooker = onlooker
        body = {"graph": template["graph"], "training": template["training"]}
        self._run = studio.post("/runs", body)["id"]
        attempt = studio.home / "runs" / self._run / "attempt-1"
        self._processes_file = attempt / "processes.json"
        wait_until(self._processes_file.exists)
        onlooker.look(self._run)
        self.server = psutil.Process(studio.pid)

    def processes(self) -> list[psutil.Process]:
        trainer = json.loads(self._processes_file.read_text())["trainer"]["pid"]
        return [psutil.Process(trainer), *self._onlooker.processes()]

    def end(self) -> list[Stamp]:
        self._studio.post(f"/runs/{self._run}/stop", {})
        self._studio.wait_for_run(self._run, *FINAL_STATES)
        self._onlooker.close()
        stamps: list[Stamp] = []
        after = 0
        while page := self._studio.get(f"/runs/{self._run}/events?after={after}&limit=1000")[
            "items"
        ]:
            after = page[-1]["seq"]
            stamps += [(e["epoch"], e["t_ms"]) for e in page if "batch/loss" in e["body"]]
        return stamps


def wait_until(condition: Any, within_s: float = 600.0) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.1)


# --- taking turns -------------------------------------------------------------------------------------------------


def measure(
    studio: StartedStudio, template: dict[str, Any], onlooker: Onlooker, rounds: int, slice_s: float
) -> list[float]:
    """A step's time in the watched run as a multiple of the script's, one for each round."""
    script, run = Script(template), WatchedRun(studio, template, onlooker)
    try:
        time.sleep(WARM_UP_S)
        slices = [([], []) for _ in range(rounds)]
        for turn, (ours, theirs) in enumerate(slices):
            both = [(run, script, ours), (script, run, theirs)]
            for mover, other, times in both if turn % 2 else both[::-1]:
                suspend(other.processes())
                resume(mover.processes())
                time.sleep(SETTLING_S)
                began, cpu = time.time(), cpu_s(run.server)
                time.sleep(slice_s)
                times += [began * 1000, time.time() * 1000, cpu_s(run.server) - cpu]
    finally:
        resume([*script.processes(), *run.processes()])
    stamps = script.end()
    seen = run.end()
    spent = sum(ours[2] for ours, _ in slices) / (rounds * slice_s)
    print(f"server: {spent:.1%} of a core while the run goes on")
    return [step_ms(seen, *ours[:2]) / step_ms(stamps, *theirs[:2]) for ours, theirs in slices]


def step_ms(stamps: Sequence[Stamp], begin_ms: float, end_ms: float) -> float:
    """Mean time from one batch's end to the next one's, of the same epoch, between two moments."""
    within = [stamp for stamp in stamps if begin_ms <= stamp[1] <= end_ms]
    gaps = [b[1] - a[1] for a, b in itertools.pairwise(within) if a[0] == b[0]]
    return statistics.mean(gaps)


def suspend(processes: Sequence[psutil.Process]) -> None:
    for process in processes:
        process.suspend()


def resume(processes: Sequence[psutil.Process]) -> None:
    for process in processes:
        process.resume()


def cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def report(name: str, ratios: list[float]) -> None:
    """Print a line: the median, its 90 % interval by resampling, and the quarters."""
    chance = random.Random(0)
    medians = sorted(statistics.median(chance.choices(ratios, k=len(ratios))) for _ in range(2000))
    quarters = statistics.quantiles(ratios, n=4)
    print(
        f"{name:18} {statistics.median(ratios):.3f} × the script's step "
        f"(90 % of medians {medians[100]:.3f}-{medians[1899]:.3f}, quarters {quarters[0]:.3f}-{quarters[2]:.3f}), "
        f"limit {LIMITS[name]}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=24, help="pairs of slices")
    parser.add_argument("--slice", type=float, default=3.0, help="seconds of a slice")
    parser.add_argument("--browser", action="store_true", help="Chromium as a second onlooker")
    parser.add_argument("--only-browser", action="store_true", help="Chromium alone")
    parser.add_argument("--script", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--client", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.script:
        fit_in_a_script(json.load(sys.stdin))
        return
    if arguments.client:
        read_every_frame(*arguments.client)
        return
    print(
        f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores, "
        f"load {os.getloadavg()[0]:.1f}",
        flush=True,
    )
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        studio = stack.enter_context(StartedStudio(folder / "home", LAMINA_DATASETS=str(DATASETS)))
        template = studio.get("/templates")["items"][0]
        template["training"]["epochs"] = 1000
        names = ["Chromium"] if arguments.only_browser else list(LIMITS)[: 1 + arguments.browser]
        for name in names:
            onlooker: Onlooker = (
                Chromium(studio, folder / "chromium") if name == "Chromium" else Client(studio)
            )
            report(name, measure(studio, template, onlooker, arguments.rounds, arguments.slice))


if __name__ == "__main__":
    main()
