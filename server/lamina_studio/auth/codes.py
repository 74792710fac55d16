"""One-time codes that let a browser in.

A code is a file in the home folder, named by the code's hash; spending it removes the file, and
only one can succeed at that. So `lamina link` needs no talk with the server, a code survives a
restart, and whoever can read the folder learns no code.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from pathlib import Path

CODE_LIFETIME_S = 24 * 3600
_LONGEST_CODE = 200


class OneTimeCodes:
    """Makes and spends codes; several processes may share one folder."""

    def __init__(self, home: Path) -> None:
        self._folder = home / "codes"

    def create(self) -> str:
        """A new code, good for one sign-in within a day."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._remove_expired()
        code = secrets.token_urlsafe(24)
        self._file(code).touch(mode=0o600, exist_ok=False)
        return code

    def address(self, studio: str) -> str:
        """The address that signs a browser in at the studio `http://…`, once."""
        return f"{studio}/auth?code={self.create()}"

    def spend(self, code: str) -> bool:
        """Whether `code` was good; it is not any longer."""
        if not code or len(code) > _LONGEST_CODE:
            return False
        file = self._file(code)
        try:
            age_s = time.time() - file.stat().st_mtime
            file.unlink()
        except OSError:
            return False
        return age_s <= CODE_LIFETIME_S

    def _file(self, code: str) -> Path:
        return self._folder / hashlib.sha256(code.encode("utf-8", "surrogateescape")).hexdigest()

    def _remove_expired(self) -> None:
        oldest = time.time() - CODE_LIFETIME_S
        for file in self._folder.iterdir():
            if file.stat().st_mtime < oldest:
                file.unlink(missing_ok=True)
