"""The reporter: everything that the trainer has to say, written to the spool by its own thread.

The training thread only appends references to a deque. Ten times a second the reporter's thread
takes what has gathered, reads the numbers from the device in one copy per key, adds the running
means of the epoch, and appends one record per step to the spool. Nothing here raises into the
training, and nothing blocks it, except a full disk: then `attention` asks it to wait.
"""

import json
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from lamina.text import Text
from lamina_studio.runs.numbers import WireNumber, to_wire
from lamina_studio.runs.spool import SpoolWriter
from lamina_studio.runs.trainer.progress import Rate, RunningMeans, StepSeen

PUBLISH_S = 0.1
SYNC_S = 1.0
HEARTBEAT_S = 1.0
HEARTBEAT_GRACE_S = 20.0
MAX_LINE = 4000


@dataclass(frozen=True, slots=True)
class Record:
    """Anything else, ready to be written."""

    kind: str
    body: dict[str, Any]
    t_ns: int


class Reporter:
    """Owns the spool and the thread that writes it.

    Args:
        spool: Where records go; closed by `close`.
        stop_flag: File whose existence asks the training to stop.
        read: Turns one key's values of several steps into numbers, in one copy.

    Attributes:
        see_step: Takes a `StepSeen`; costs one append.
        attention: Whether the training should call `heed` before its next step.
    """

    def __init__(
        self, spool: SpoolWriter, stop_flag: Path, read: Callable[[Sequence[Any]], list[float]]
    ) -> None:
        self._spool = spool
        self._stop_flag = stop_flag
        self._read = read
        self._queue: deque[StepSeen | Record] = deque()
        self.see_step = self._queue.append
        self.attention = False
        self.stop_requested = False
        self._means = RunningMeans()
        self._rate = Rate()
        self._wseq = 0
        self._step = 0
        self._epoch = 0
        self._pending: list[bytes] = []
        self._is_full = False
        self._silence_s = 0.0
        self._heartbeat_at = 0.0
        self._synced_at = 0.0
        self._wake = threading.Event()
        self._rounds = threading.Condition()
        self._rounds_begun = 0
        self._rounds_done = 0
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="reporter", daemon=True)
        self._thread.start()

    # From the training thread.

    def emit(self, kind: str, body: dict[str, Any]) -> None:
        """Record anything but a step; it keeps its place among the steps."""
        self._queue.append(Record(kind, body, time.time_ns()))

    def log(self, level: str, text: str | Text) -> None:
        """Record a line for people, in both languages if it is our own."""
        body: dict[str, Any] = {"level": level, "text": str(text)[:MAX_LINE]}
        if isinstance(text, Text):
            body["message"] = text.to_json()
        self.emit("log", body)

    def expect(self, total_steps: int | None) -> None:
        """Say how many steps the run has, from which the time left is estimated."""
        self._rate.begin(total_steps)

    def expect_silence(self, seconds: float) -> None:
        """Say that the next heartbeat may be late, before something that holds everything up."""
        self._silence_s = seconds
        self._heartbeat_at = 0.0
        self.flush()

    def request_stop(self) -> None:
        """Ask the training to stop after its current step."""
        self.stop_requested = True
        self.attention = True

    def heed(self) -> bool:
        """Do what `attention` asks for: wait while the disk is full.

        Returns:
            Whether the training shall end after this step.
        """
        self.attention = False
        while self._is_full and not self.stop_requested:
            time.sleep(PUBLISH_S)
        return self.stop_requested

    def flush(self) -> None:
        """Return when everything said so far has been read and, unless the disk is full, written."""
        with self._rounds:
            wanted = self._rounds_begun + 1
            self._wake.set()
            self._rounds.wait_for(lambda: self._rounds_done >= wanted)

    def close(self) -> None:
        """Write what is left, sync, and end the thread."""
        self._closing = True
        self._wake.set()
        self._thread.join()
        self._spool.close()

    # The reporter's thread.

    def _run(self) -> None:
        while not self._closing:
            self._wake.wait(PUBLISH_S)
            self._wake.clear()
            with self._rounds:
                self._rounds_begun += 1
            self._publish()
            with self._rounds:
                self._rounds_done = self._rounds_begun
                self._rounds.notify_all()
        self._publish()
        while self._is_full:  # the outcome must not be lost: wait for space, or for the kill
            time.sleep(PUBLISH_S)
            self._publish()

    def _publish(self) -> None:
        try:
            if not self.stop_requested and self._stop_flag.exists():
                self.request_stop()
            self._pending += self._taken()
            self._add_heartbeat()
            self._write()
        except Exception:  # noqa: BLE001 - the thread's edge: reporting never ends a training
            traceback.print_exc()

    def _taken(self) -> list[bytes]:
        items = [self._queue.popleft() for _ in range(len(self._queue))]
        records: list[bytes] = []
        steps: list[StepSeen] = []
        for item in items:
            if isinstance(item, StepSeen):
                steps.append(item)
                continue
            records += self._steps(steps)
            steps = []
            records.append(self._encoded(item.kind, item.t_ns, item.body))
        return records + self._steps(steps)

    def _steps(self, steps: list[StepSeen]) -> list[bytes]:
        if not steps:
            return []
        keys = list(steps[0].values)
        columns = {key: self._read([seen.values[key] for seen in steps]) for key in keys}
        records = []
        for index, seen in enumerate(steps):
            values = {key: column[index] for key, column in columns.items()}
            body: dict[str, WireNumber] = {
                f"batch/{key}": to_wire(value) for key, value in values.items()
            }
            self._means.add(seen.epoch, seen.samples, values)
            body.update(self._means.body())
            self._step, self._epoch = seen.step, seen.epoch
            records.append(self._encoded("metrics", seen.t_ns, body))
        self._rate.add(steps)
        return records

    def _encoded(self, kind: str, t_ns: int, body: Mapping[str, Any]) -> bytes:
        self._wseq += 1
        return orjson.dumps(
            {
                "wseq": self._wseq,
                "kind": kind,
                "step": self._step,
                "epoch": self._epoch,
                "t_ms": t_ns // 1_000_000,
                "body": body,
            }
        )

    def _add_heartbeat(self) -> None:
        now = time.monotonic()
        if now - self._heartbeat_at < HEARTBEAT_S:
            return
        self._heartbeat_at = now
        due_s = HEARTBEAT_S + HEARTBEAT_GRACE_S + self._silence_s
        self._silence_s = 0.0
        self._pending.append(
            json.dumps(
                {"kind": "heartbeat", "due_ms": round(due_s * 1000), **self._rate.body()}
            ).encode()
        )

    def _write(self) -> None:
        try:
            self._spool.append(self._pending)
            self._pending = []
            self._is_full = False
            if time.monotonic() - self._synced_at >= SYNC_S or self._closing:
                self._spool.sync()
                self._synced_at = time.monotonic()
        except OSError as error:
            # What is pending stays, in order, and is tried again: nothing recorded is lost.
            if not self._is_full:
                self._is_full = self.attention = True
                self.emit("alert", {"code": "disk_full", "message": _full(error)})


def _full(error: OSError) -> dict[str, str]:
    return Text(
        f"Nothing could be recorded ({error.strerror}). The training waited until there was "
        "space again.",
        f"无法写入记录（{error.strerror}）。训练已等待，直到空间恢复。",
    ).to_json()
