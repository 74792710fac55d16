"""What it costs to train through the studio while somebody looks on, against the same `fit` in a script.

    python tests/benchmarks/watched_run.py                      # a websocket client that reads every frame
    python tests/benchmarks/watched_run.py --browser            # and headless Chromium with the run's page
    python tests/benchmarks/watched_run.py --rounds 12 --epochs 3

The model is the default classifier on MNIST. Every training has a process of its own, with the same threads; the
contenders take turns (A B C, then C B A, …), so that whatever else the machine does hits all alike. An epoch's seconds
are taken inside the training process by both, from `on_epoch_begin` to `on_epoch_end`, validation included. What counts
is the ratio within a round: nothing but the onlookers may differ. Not a test: it measures time, and a busy machine makes
its numbers worthless.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

import psutil  # noqa: E402
from websockets.sync.client import connect  # noqa: E402

from scripts import chromium  # noqa: E402
from scripts.started_studio import FINAL_STATES, StartedStudio  # noqa: E402

SCRIPT, WATCHED, BROWSER = "script", "studio, websocket client", "studio, Chromium"
LIMITS = {WATCHED: 1.05, BROWSER: 1.15}
DATASETS = Path(os.environ.get("LAMINA_DATASETS", "~/.lamina/datasets")).expanduser()


@dataclass
class Seen:
    """What a contender's trainings took.

    Args:
        seconds: Mean seconds of an epoch, one for each round.
        server_s: CPU seconds of the server, from the request to the training's end, one for each round.
        first_point_ms: From the end of the first batch to its arrival at the client, one for each round.
    """

    seconds: list[float] = field(default_factory=list)
    server_s: list[float] = field(default_factory=list)
    first_point_ms: list[float] = field(default_factory=list)


# --- the script ---------------------------------------------------------------------------------------------------


def fit_in_a_script(template: dict[str, Any]) -> None:
    """The process of a script: `fit` as a person would write it; prints the seconds of each epoch."""
    import lamina as keras
    from lamina.datasets import mnist

    class Clock(keras.callbacks.Callback):
        def __init__(self) -> None:
            super().__init__()
            self.seconds: list[float] = []

        def on_epoch_begin(self, epoch, logs=None):
            self.began_at = time.perf_counter()

        def on_epoch_end(self, epoch, logs=None):
            self.seconds.append(time.perf_counter() - self.began_at)

    training = template["training"]
    (x, y), _ = mnist.load_data()
    model = keras.Model.from_graph(template["graph"], seed=training["seed"])
    model.compile(
        keras.optimizers.RMSprop(**training["optimizer"]["config"]),
        training["loss"],
        metrics=training["metrics"],
    )
    clock = Clock()
    model.fit(
        x[..., None].astype("float32") / 255,
        keras.utils.to_categorical(y, 10),
        batch_size=training["batch_size"],
        epochs=training["epochs"],
        verbose=0,
        callbacks=[clock],
        validation_split=training["validation"]["split"],
    )
    print(json.dumps(clock.seconds))


def by_script(template: dict[str, Any]) -> list[float]:
    """Seconds of each epoch of a script in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--script"],
        input=json.dumps(template),
        env={**os.environ, "LAMINA_DATASETS": str(DATASETS)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    seconds: list[float] = json.loads(done.stdout)
    return seconds


# --- the studio ---------------------------------------------------------------------------------------------------


class Client:
    """A websocket client that reads every frame, in this process."""

    def __init__(self, studio: StartedStudio, seen: Seen) -> None:
        self._studio = studio
        self._seen = seen

    def watch(self, run: str, is_over: Callable[[], bool]) -> None:
        """Read until the run has ended; the loss of every batch must have come."""
        batches = steps = 0
        with connect(
            f"ws://127.0.0.1:{self._studio.port}/api/v1/live",
            additional_headers={"Authorization": f"Bearer {self._studio.token}"},
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
                            self._seen.first_point_ms.append(time.time() * 1000 - event["t_ms"])
                    elif event["kind"] == "state":
                        state, steps = event["body"]["state"], event["step"]
        assert batches == steps > 0, f"{batches} of {steps} batches came"


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

    def watch(self, run: str, is_over: Callable[[], bool]) -> None:
        """Show the run's page until the training has ended."""
        where = urllib.parse.quote(f"{self._studio.address}/runs/{run}", safe=":/")
        page = self._ask("PUT", f"/new?{where}")
        wait_until(is_over)
        shown = [it for it in self._ask("GET", "/list") if it["id"] == page["id"]]
        assert [it["url"].endswith(run) for it in shown] == [True], f"the page is gone: {shown}"
        self._ask("GET", f"/close/{page['id']}")

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()

    def _ask(self, method: str, path: str) -> Any:
        request = urllib.request.Request(f"{self._address}{path}", method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            content = answer.read()
        return json.loads(content) if content.startswith((b"[", b"{")) else None


def by_studio(
    studio: StartedStudio, onlooker: Client | Chromium, template: dict[str, Any], seen: Seen
) -> list[float]:
    """Seconds of each epoch of a run that somebody watches; returns when everything about it is settled."""
    server = psutil.Process(studio.pid)
    before = cpu_s(server)
    body = {"graph": template["graph"], "training": template["training"]}
    run = studio.post("/runs", body)["id"]
    exit_file = studio.home / "runs" / run / "attempt-1" / "exit.json"
    onlooker.watch(run, exit_file.exists)
    seen.server_s.append(cpu_s(server) - before)
    done = studio.wait_for_run(run, *FINAL_STATES)
    assert done["state"] == "SUCCEEDED", done["message"]
    # The clean process that verifies the model must not run into the next contender's time.
    artifacts = f"/runs/{run}/artifacts"
    wait_until(lambda: all(it["verified"] for it in studio.get(artifacts)["items"]))
    [curve] = studio.get(f"/runs/{run}/series?keys=epoch/seconds")["series"]
    seconds: list[float] = curve["last"]
    return seconds


def cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def wait_until(condition: Callable[[], bool], within_s: float = 600.0) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.25)


# --- taking turns -------------------------------------------------------------------------------------------------


def measure(rounds: int, epochs: int, *, browser: bool) -> dict[str, Seen]:
    """Every contender trains once per round."""
    results = {name: Seen() for name in (SCRIPT, WATCHED, *([BROWSER] if browser else []))}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        studio = stack.enter_context(StartedStudio(folder / "home", LAMINA_DATASETS=str(DATASETS)))
        template = studio.get("/templates")["items"][0]
        template["training"]["epochs"] = epochs
        contenders: dict[str, Callable[[], list[float]]] = {
            SCRIPT: lambda: by_script(template),
            WATCHED: lambda: by_studio(studio, client, template, results[WATCHED]),
            BROWSER: lambda: by_studio(studio, shown, template, results[BROWSER]),
        }
        client = Client(studio, results[WATCHED])
        if browser:
            shown = Chromium(studio, folder / "chromium")
            stack.callback(shown.close)
        for turn in range(rounds):
            taken = {}
            for name in list(results) if turn % 2 else list(results)[::-1]:
                seconds = contenders[name]()
                taken[name] = statistics.mean(seconds)
                results[name].seconds.append(taken[name])
            print(
                f"round {turn + 1}: "
                + "  ".join(f"{name} {taken[name]:.2f} s" for name in results),
                flush=True,
            )
    return results


def report(results: dict[str, Seen]) -> None:
    """Print a table."""
    reference = results[SCRIPT].seconds
    print(f"\n{'':26}{'s/epoch (spread)':>24}{'ratio (spread)':>26}{'limit':>7}   server CPU s")
    for name, seen in results.items():
        ratios = [ours / theirs for ours, theirs in zip(seen.seconds, reference, strict=True)]
        line = f"{name:26}{spread(seen.seconds, 2):>24}"
        if name != SCRIPT:
            line += f"{spread(ratios, 3):>26}{LIMITS[name]:>7}   {spread(seen.server_s, 2)}"
        print(line)
    points = results[WATCHED].first_point_ms
    print(f"first point at the client after {spread(points, 0)} ms")


def spread(values: list[float], digits: int) -> str:
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:.{digits}f} ({low:.{digits}f}-{high:.{digits}f})"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=8, help="trainings of each contender")
    parser.add_argument("--epochs", type=int, default=2, help="epochs of each training")
    parser.add_argument("--browser", action="store_true", help="Chromium as a third contender")
    parser.add_argument("--script", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.script:
        fit_in_a_script(json.load(sys.stdin))
        return
    print(
        f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores, "
        f"load {os.getloadavg()[0]:.1f}",
        flush=True,
    )
    report(measure(arguments.rounds, arguments.epochs, browser=arguments.browser))


if __name__ == "__main__":
    main()
