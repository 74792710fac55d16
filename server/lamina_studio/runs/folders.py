"""The folder of a run, shared by server, supervisor and trainer. Standard library only.

<home>/runs/<id>/
    lock                held (flock) by the supervisor for as long as it lives
    attempt             number of the attempt that may run; an older one must not start
    spec.json           the frozen graph and training document
    artifacts/          files that the run leaves
    proof.json          a few samples and what the trained model predicted for them
    attempt-1/
        order.json      what the supervisor shall start, and its deadlines
        processes.json  pid and start time of supervisor and trainer
        spool           everything the trainer has to say
        stop            exists once somebody asked to stop
        exit.json       how the trainer ended; written atomically
        trainer.log     standard output and error of the trainer, and tracebacks
        supervisor.log
"""

import fcntl
import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

MODEL_FILE = "model.keras"
"""The trained model among the files that a run leaves."""


@dataclass(frozen=True)
class AttemptFolder:
    """Paths of one attempt."""

    path: Path

    @property
    def order(self) -> Path:
        return self.path / "order.json"

    @property
    def processes(self) -> Path:
        return self.path / "processes.json"

    @property
    def spool(self) -> Path:
        return self.path / "spool"

    @property
    def stop(self) -> Path:
        return self.path / "stop"

    def request_stop(self) -> None:
        """Ask the supervisor to stop the trainer: by the flag, or by a signal if that fails."""
        try:
            self.stop.touch()
        except OSError:  # the disk is full
            processes = read_json(self.processes)
            if processes is not None:
                ProcessId(**processes["supervisor"]).send(signal.SIGTERM)

    @property
    def exit(self) -> Path:
        return self.path / "exit.json"

    @property
    def trainer_log(self) -> Path:
        return self.path / "trainer.log"

    @property
    def supervisor_log(self) -> Path:
        return self.path / "supervisor.log"


@dataclass(frozen=True)
class RunFolder:
    """Paths of one run, and who may work in it."""

    path: Path

    @property
    def spec(self) -> Path:
        return self.path / "spec.json"

    @property
    def artifacts(self) -> Path:
        return self.path / "artifacts"

    @property
    def model(self) -> Path:
        return self.artifacts / MODEL_FILE

    @property
    def proof(self) -> Path:
        return self.path / "proof.json"

    def attempt(self, number: int) -> AttemptFolder:
        return AttemptFolder(self.path / f"attempt-{number}")

    def prepare(self, attempt: int, *, spec: dict[str, Any], order: "Order") -> None:
        """Write what a supervisor needs, and make `attempt` the one that may run.

        Raises:
            BlockingIOError: A supervisor of an earlier attempt is alive.
        """
        self.artifacts.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self.locked():
            if not self.spec.exists():
                write_json(self.spec, spec)
            self.attempt(attempt).path.mkdir(mode=0o700, exist_ok=True)
            write_json(self.attempt(attempt).order, asdict(order))
            write_json(self.path / "attempt", attempt)

    def current_attempt(self) -> int:
        """The number of the attempt that may run; 0 before the first."""
        number: int = read_json(self.path / "attempt") or 0
        return number

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the run's lock; it is let go when the process ends, however it ends.

        Raises:
            BlockingIOError: Another process holds it.
        """
        handle = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        finally:
            os.close(handle)

    def is_supervised(self) -> bool:
        """Whether a supervisor holds the lock."""
        try:
            with self.locked():
                return False
        except BlockingIOError:
            return True
        except FileNotFoundError:
            return False


@dataclass(frozen=True)
class Order:
    """What a supervisor is to do.

    Attributes:
        argv: Command line of the trainer.
        terminate_after_s: From the stop request to SIGTERM.
        kill_after_s: From the stop request to SIGKILL of the trainer's process group.
        memory_bytes: Resident memory above which the trainer is ended; 0 for no limit.
    """

    argv: list[str]
    terminate_after_s: float
    kill_after_s: float
    memory_bytes: int = 0


@dataclass(frozen=True)
class Exit:
    """How a trainer ended.

    Attributes:
        code: Its exit status, or None when a signal ended it.
        signal: The signal, or None.
        forced: The supervisor killed it because it did not stop in time.
        over_memory: It was ended by the memory limit or by the system for want of memory.
    """

    code: int | None
    signal: int | None
    forced: bool = False
    over_memory: bool = False

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """The content of an exit.json, or None while there is none."""
        content = read_json(path)
        return None if content is None else cls(**content)


@dataclass(frozen=True)
class ProcessId:
    """A process that cannot be mistaken for a later one with the same pid."""

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> Self:
        """Identify the process that has this pid now."""
        return cls(pid, _start_time(pid))

    def send(self, number: int) -> None:
        """Send a signal, unless the process has ended."""
        if self.is_alive():
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def is_alive(self) -> bool:
        """Whether it still runs (a zombie does not)."""
        return self.started != "" and _start_time(self.pid) == self.started


def _start_time(pid: int) -> str:
    """Clock ticks from boot to the start of a process; empty when it is gone or a zombie.

    Where there is no /proc (macOS) the pid alone has to do.
    """
    try:
        content = Path(f"/proc/{pid}/stat").read_bytes()
    except FileNotFoundError:
        return "" if Path("/proc/self/stat").exists() else _unknown_start(pid)
    except ProcessLookupError:
        return ""
    # The second field is the command in parentheses and may itself hold spaces and parentheses.
    fields = content[content.rindex(b")") + 2 :].split()
    return "" if fields[0] in {b"Z", b"X"} else fields[19].decode()


def _unknown_start(pid: int) -> str:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    return "unknown"


def read_json(path: Path) -> Any:
    """The content of a file written by `write_json`; None when there is none."""
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        return None


def write_json(path: Path, content: object) -> None:
    """Write a file so that a reader, even after a crash, sees all of it or the one before."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with temporary.open("w", encoding="utf-8") as file:
        json.dump(content, file, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Make renames inside a folder survive a power cut."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
