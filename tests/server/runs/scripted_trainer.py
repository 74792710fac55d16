"""A trainer without an engine: it reports steps as the graph's name, a piece of JSON, says.

    {"steps": 30, "hold_at": 10, "then": "succeed"}

`hold_at` waits, at that step, for a file `go` in the run's folder. `then` is `succeed`, `kill`
(itself, by SIGKILL) or `exit` (with status 3 and no outcome). `deaf` ignores requests to stop.
`pace_s` is how long a step takes. A loss of step s is 1 / s, except at the step `nan_at`.
"""

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

from lamina_studio.runs.folders import RunFolder, read_json
from lamina_studio.runs.spool import SpoolWriter
from lamina_studio.runs.trainer.progress import StepSeen
from lamina_studio.runs.trainer.reporter import Reporter

STEPS_PER_EPOCH = 10


def main():
    folder, attempt, lifeline = RunFolder(Path(sys.argv[1])), int(sys.argv[2]), int(sys.argv[3])
    threading.Thread(target=lambda: os.read(lifeline, 1) or os._exit(70), daemon=True).start()
    script = json.loads(read_json(folder.spec)["graph"]["name"])
    files = folder.attempt(attempt)
    reporter = Reporter(SpoolWriter(files.spool), files.stop, list)
    if script.get("deaf"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    else:
        signal.signal(signal.SIGTERM, lambda *_: reporter.request_stop())
    reporter.emit("state", {"state": "RUNNING", "epochs": 1, "steps_per_epoch": STEPS_PER_EPOCH})
    stopped_at = train(folder, script, reporter)
    end(script, reporter)
    if stopped_at is None:
        reporter.emit("state", {"state": "FINALIZING"})
        body = {"state": "SUCCEEDED", "reason": None, "message": {"en": "Done.", "zh-CN": "完成。"}}
    else:
        text = f"Stopped at {stopped_at}."
        body = {"state": "STOPPED", "reason": None, "message": {"en": text, "zh-CN": text}}
    reporter.emit("state", body)
    reporter.emit("log", {"level": "info", "text": "this comes after the end"})
    reporter.close()


def train(folder, script, reporter):
    for step in range(1, script["steps"] + 1):
        epoch = 1 + (step - 1) // STEPS_PER_EPOCH
        time.sleep(script.get("pace_s", 0))
        loss = float("nan") if step == script.get("nan_at") else 1 / step
        reporter.see_step(StepSeen(step, epoch, time.time_ns(), {"loss": loss}, 32))
        if step == script.get("log_at"):
            reporter.log("info", f"line at {step}")
        if step == script.get("hold_at"):
            while not (folder.path / "go").exists():
                if reporter.stop_requested and not script.get("deaf"):
                    return step
                time.sleep(0.005)
        if reporter.attention and reporter.heed() and not script.get("deaf"):
            return step
    return None


def end(script, reporter):
    then = script.get("then", "succeed")
    if then == "kill":
        reporter.flush()
        os.kill(os.getpid(), signal.SIGKILL)
    if then == "exit":
        reporter.close()
        os._exit(3)


if __name__ == "__main__":
    main()
