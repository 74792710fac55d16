"""A really started studio: `lamina studio` as its own process, with a home and a port of its own.

The browser tests and the screenshot stand on it. It speaks to the studio as any other program
does: over HTTP with the bearer token, and through the address with the one-time code.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any

COMMAND = (sys.executable, "-m", "lamina_studio")
STARTS_WITHIN_S = 60.0
ENDS_WITHIN_S = 20.0
FINAL_STATES = ("SUCCEEDED", "STOPPED", "FAILED")
_LINK = re.compile(r"http://(?:127\.0\.0\.1|localhost):(\d+)/\S+")


class StudioDidNotStart(RuntimeError):
    """The process ended, or printed no address in time; the message holds what it said."""


class StudioRefused(RuntimeError):
    """The studio answered with 400 or above.

    Attributes:
        status: The HTTP status.
        problem: The body of the answer, decoded.
    """

    def __init__(self, method: str, path: str, status: int, problem: Any) -> None:
        super().__init__(f"{method} {path} → {status}: {problem}")
        self.status = status
        self.problem = problem


class StartedStudio:
    """Starts on entering, ends on leaving.

    Args:
        home: Folder of this studio; kept, so that a later one can go on from it.
        settings: Further `LAMINA_*` variables.
    """

    def __init__(self, home: Path, **settings: str) -> None:
        self.home = home
        self.token = secrets.token_urlsafe(32)
        self.log = home.with_name(home.name + ".log")
        self.port = 0
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> StartedStudio:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it, on the same port as before if there was one, and wait until it is ready."""
        already_said = self.log.stat().st_size if self.log.exists() else 0
        arguments = ["studio", "--no-browser", "--port", str(self.port), "--home", str(self.home)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*COMMAND, *arguments],
                env=self._environment(),
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + STARTS_WITHIN_S
        while not self._is_ready(already_said):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise StudioDidNotStart(self.log.read_text(errors="replace")[-4000:])
            time.sleep(0.05)

    def stop(self) -> None:
        """End it as Ctrl-C does, and by force if that takes too long."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(ENDS_WITHIN_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._process = None

    def kill(self) -> None:
        """End it as a power cut would, with no chance to say goodbye."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None

    def link(self) -> str:
        """An address with a fresh one-time code, from `lamina link`."""
        done = subprocess.run(
            [*COMMAND, "link", "--home", str(self.home), "--port", str(self.port)],
            env=self._environment(),
            capture_output=True,
            text=True,
            check=True,
        )
        found = _LINK.search(done.stdout)
        assert found is not None, done.stdout
        return found.group()

    def request(self, method: str, path: str, body: object = None, **headers: str) -> Any:
        """Call `/api/v1` + path; the decoded JSON of the answer, or its bytes.

        Raises:
            StudioRefused: If the studio answers with 400 or above.
        """
        data = None if body is None else json.dumps(body).encode()
        sent = {"Authorization": f"Bearer {self.token}", **headers}
        if data is not None:
            sent["Content-Type"] = "application/json"
        request = urllib.request.Request(
            f"{self.address}/api/v1{path}", data=data, headers=sent, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return _decoded(answer)
        except urllib.error.HTTPError as refusal:
            with refusal:
                raise StudioRefused(method, path, refusal.code, _decoded(refusal)) from None

    def get(self, path: str) -> Any:
        return self.request("GET", path)

    def post(self, path: str, body: object = None) -> Any:
        return self.request("POST", path, body)

    def wait_for_run(self, run: str, *states: str, within_s: float = 120.0) -> dict[str, Any]:
        """The run, once it is in one of these states."""
        deadline = time.monotonic() + within_s
        while True:
            found: dict[str, Any] = self.get(f"/runs/{run}")
            if found["state"] in states:
                return found
            if found["state"] in FINAL_STATES or time.monotonic() > deadline:
                raise TimeoutError(f"Run {run} is {found['state']}, not one of {states}: {found}")
            time.sleep(0.1)

    def _environment(self) -> dict[str, str]:
        others = {
            name: value for name, value in os.environ.items() if not name.startswith("LAMINA_")
        }
        return {**others, "LAMINA_TOKEN": self.token, "PYTHONUNBUFFERED": "1", **self._settings}

    def _is_ready(self, already_said: int) -> bool:
        with self.log.open("rb") as log:
            log.seek(already_said)
            found = _LINK.search(log.read().decode(errors="replace"))
        if found is None:
            return False
        self.port = int(found.group(1))
        try:
            with urllib.request.urlopen(f"{self.address}/readyz", timeout=2):
                return True
        except (urllib.error.URLError, OSError):
            return False


def _decoded(answer: Any) -> Any:
    content = answer.read()
    is_json = "json" in (answer.headers.get("Content-Type") or "")
    return json.loads(content) if is_json and content else content
