"""The trainer's process: `python -m lamina_studio.runs.trainer <folder> <attempt> <lifeline>`.

The supervisor starts it. It opens the spool before it imports anything heavy, so that the server
hears from it at once, and it always tries to leave an outcome in the spool.
"""

import contextlib
import logging
import os
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lamina_studio.runs.folders import RunFolder, read_json
from lamina_studio.runs.spool import SpoolWriter
from lamina_studio.runs.trainer.reporter import Reporter

SUPERVISOR_GONE = 70
PRIORITY = -5
"""Nice value of the training where the system lets us choose it.

Its threads meet at a barrier many times in each step; when one of them has to wait for a browser or a server on the
same cores, all do. On two busy cores this made a step of a small network 3.3 ms instead of 11 ms and more.
"""


SWITCH_S = 0.0005
"""How long the reporter's thread may keep the interpreter from the training thread that asks for it."""


def main() -> None:
    """Train, whatever comes; the last record of the spool is the outcome."""
    sys.setswitchinterval(SWITCH_S)
    with contextlib.suppress(
        PermissionError
    ):  # an ordinary user may not; it then competes as an equal
        os.setpriority(os.PRIO_PROCESS, 0, PRIORITY)
    folder, attempt, lifeline = RunFolder(Path(sys.argv[1])), int(sys.argv[2]), int(sys.argv[3])
    threading.Thread(target=_end_with_the_supervisor, args=(lifeline,), daemon=True).start()
    files = folder.attempt(attempt)
    reporter = Reporter(SpoolWriter(files.spool), files.stop, _numbers)
    signal.signal(signal.SIGTERM, lambda *_: reporter.request_stop())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _show_warnings_in(reporter)
    reporter.emit("state", _train(folder, reporter))
    reporter.close()
    sys.stderr.flush()
    os._exit(0)  # all is said and on the disk: no thread or library may hold up the end


def _train(folder: RunFolder, reporter: Reporter) -> dict[str, Any]:
    spec = read_json(folder.spec)
    try:
        from lamina_studio.runs.trainer.work import perform  # torch comes with it

        return perform(folder, spec, reporter).body()
    except Exception as error:  # noqa: BLE001 - the process's edge: every end has its sentence
        traceback.print_exc()
        from lamina_studio.runs.trainer import outcome

        return outcome.failed(error, spec["training"].get("batch_size")).body()


def _end_with_the_supervisor(lifeline: int) -> None:
    os.read(lifeline, 1)  # returns when the supervisor is gone: nobody could stop this any more
    os._exit(SUPERVISOR_GONE)


def _numbers(values: Sequence[Any]) -> list[float]:
    """Read values of several steps from the device in one copy."""
    import torch

    numbers: list[float] = torch.stack([value.float() for value in values]).tolist()
    return numbers


class _LogHandler(logging.Handler):
    def __init__(self, reporter: Reporter) -> None:
        super().__init__(logging.INFO)
        self._reporter = reporter

    def emit(self, record: logging.LogRecord) -> None:
        self._reporter.log(record.levelname.lower(), record.getMessage())


def _show_warnings_in(reporter: Reporter) -> None:
    logger = logging.getLogger("lamina")
    logger.setLevel(logging.INFO)
    logger.addHandler(_LogHandler(reporter))

    def show(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
        reporter.log("warning", f"{category.__name__}: {message}")

    warnings.showwarning = show


if __name__ == "__main__":
    main()
