"""A child process that may outlive this one.

Not asyncio's subprocesses: their transports kill the process when the event loop goes away, and a
training must not end because the server did.
"""

import os
import signal
from pathlib import Path
from typing import Self


class DetachedProcess:
    """A process in a session of its own, which this one may forget about at any time."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._ended = False

    @classmethod
    def start(cls, argv: list[str], environment: dict[str, str], output: Path) -> Self:
        """Start a program.

        Args:
            argv: The program's absolute path and its arguments.
            environment: All of its variables.
            output: File to which its standard output and error are appended.

        Raises:
            OSError: It cannot be started.
        """
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        pid = os.posix_spawn(
            argv[0],
            argv,
            environment,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, str(output), flags, 0o600),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            setsid=True,
            setsigmask=[],
            setsigdef=[signal.SIGPIPE],  # Python ignores it, and that is inherited
        )
        return cls(pid)

    def is_running(self) -> bool:
        """Whether it still runs; asking also clears up after one that has ended."""
        if not self._ended:
            try:
                self._ended = os.waitpid(self.pid, os.WNOHANG)[0] != 0
            except ChildProcessError:
                self._ended = True
        return not self._ended

    def kill(self) -> None:
        """End it at once."""
        if self.is_running():
            os.kill(self.pid, signal.SIGKILL)
