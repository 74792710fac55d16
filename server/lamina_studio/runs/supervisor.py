"""The supervisor: a small process of its own that looks after one trainer.

    python -m lamina_studio.runs.supervisor <folder of the run> <attempt>

It lives in a session of its own, so that neither the server's end nor Ctrl+C at the server's
terminal reaches the training. It holds the lock of the run's folder, starts the trainer in a
process group of its own, passes a request to stop on to it with growing force, and writes
`exit.json` before it lets the lock go. Standard library only: it costs a few megabytes.

The trainer inherits the reading end of a pipe whose writing end only the supervisor has. When the
supervisor dies, however it dies, the trainer sees the end of the pipe and ends too: no training
goes on that nobody can stop.
"""

import os
import select
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from dataclasses import asdict
from pathlib import Path

from lamina_studio.runs.folders import (
    AttemptFolder,
    Exit,
    Order,
    ProcessId,
    RunFolder,
    read_json,
    write_json,
)

POLL_S = 0.25
LOCK_PATIENCE_S = 10.0
RETRY_S = 1.0
NOT_MY_TURN = 3
MAX_INHERITED = 4096

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def main() -> int:
    """Supervise one attempt; returns the exit status of this process."""
    os.closerange(3, MAX_INHERITED)  # nothing of whoever started it may stay open for hours
    folder, attempt = RunFolder(Path(sys.argv[1])), int(sys.argv[2])
    with ExitStack() as stack:
        if not _take_lock(folder, stack):
            return NOT_MY_TURN
        if folder.current_attempt() != attempt or folder.attempt(attempt).exit.exists():
            return NOT_MY_TURN
        order = Order(**read_json(folder.attempt(attempt).order))
        _supervise(folder.attempt(attempt), order)
    return 0


def _take_lock(folder: RunFolder, stack: ExitStack) -> bool:
    """Take the lock; the server, too, may hold it for a moment, to see whether it is free."""
    deadline = time.monotonic() + LOCK_PATIENCE_S
    while time.monotonic() < deadline:
        with suppress(BlockingIOError):
            stack.enter_context(folder.locked())
            return True
        time.sleep(0.01)
    return False


def _supervise(folder: AttemptFolder, order: Order) -> None:
    oom_kills = _oom_kills()
    signals = _Signals()
    lifeline, held = os.pipe()
    trainer = _start(folder, order, lifeline)
    os.close(lifeline)
    write_json(
        folder.processes,
        {
            "supervisor": asdict(ProcessId.of(os.getpid())),
            "trainer": asdict(ProcessId.of(trainer.pid)),
        },
    )
    watch = _Watch(folder, order, trainer)
    while trainer.poll() is None:
        watch.look()
        if signals.wait(POLL_S):
            watch.stop_now()
    _signal_group(trainer, signal.SIGKILL)  # what the trainer itself has left behind
    status = trainer.returncode
    _record(
        folder,
        Exit(
            code=status if status >= 0 else None,
            signal=-status if status < 0 else None,
            forced=watch.forced,
            over_memory=watch.over_memory
            or (status == -signal.SIGKILL and not watch.forced and _oom_kills() > oom_kills),
        ),
    )
    os.close(held)


def _record(folder: AttemptFolder, end: Exit) -> None:
    """Write how it ended, however long the disk is full: without it the run would count as lost.

    Nobody is left to read it once the folder itself has been deleted.
    """
    while folder.path.exists():
        with suppress(OSError):
            write_json(folder.exit, asdict(end))
            return
        time.sleep(RETRY_S)


def _start(folder: AttemptFolder, order: Order, lifeline: int) -> subprocess.Popen[bytes]:
    with folder.trainer_log.open("ab") as log:
        return subprocess.Popen(
            [*order.argv, str(lifeline)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(lifeline,),
            process_group=0,
        )


class _Signals:
    """Turns signals into bytes of a pipe, so that one `select` waits for them and for time."""

    def __init__(self) -> None:
        self._read, write = os.pipe()
        os.set_blocking(write, False)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def wait(self, timeout_s: float) -> bool:
        """Return after a signal or after a while; true when this process is asked to end."""
        readable, _, _ = select.select([self._read], [], [], timeout_s)
        received = os.read(self._read, 512) if readable else b""
        return any(number in received for number in (signal.SIGTERM, signal.SIGINT))


class _Watch:
    """Looks, a few times a second, whether the trainer has to be ended."""

    def __init__(
        self, folder: AttemptFolder, order: Order, trainer: subprocess.Popen[bytes]
    ) -> None:
        self.forced = False
        self.over_memory = False
        self._folder = folder
        self._order = order
        self._trainer = trainer
        self._stop_seen_at: float | None = None
        self._terminated = False

    def look(self) -> None:
        if 0 < self._order.memory_bytes < _resident_bytes(self._trainer.pid):
            self.over_memory = True
            _signal_group(self._trainer, signal.SIGKILL)
        if self._stop_seen_at is None and self._folder.stop.exists():
            self._stop_seen_at = time.monotonic()
        if self._stop_seen_at is not None:
            self._insist(time.monotonic() - self._stop_seen_at)

    def stop_now(self) -> None:
        """Ask the trainer to end, as if it had been asked for long enough without force."""
        self._stop_seen_at = time.monotonic() - self._order.terminate_after_s

    def _insist(self, waited_s: float) -> None:
        if waited_s >= self._order.kill_after_s:
            self.forced = True
            _signal_group(self._trainer, signal.SIGKILL)
        elif waited_s >= self._order.terminate_after_s and not self._terminated:
            self._terminated = True
            self._trainer.terminate()


def _signal_group(trainer: subprocess.Popen[bytes], number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(trainer.pid, number)


def _resident_bytes(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES
    except (OSError, IndexError):
        return 0


def _oom_kills() -> int:
    """How often the system has ended a process for want of memory since it was started."""
    try:
        for line in Path("/proc/vmstat").read_text().splitlines():
            name, _, count = line.partition(" ")
            if name == "oom_kill":
                return int(count)
    except OSError:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
