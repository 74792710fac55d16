"""`RemoteMonitor`: the logs of every epoch to an address that the script names."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
import warnings
from collections.abc import Mapping

from lamina.callbacks.callback import Callback, Logs
from lamina.errors import ConfigError
from lamina.text import Text

TIMEOUT_S = 10


class RemoteMonitor(Callback):
    """Posts the epoch and its logs; what cannot be delivered is a warning.

    Args:
        root: Address of the server, with http:// or https://.
        path: Path on it.
        field: Name of the form field that holds the JSON.
        headers: More headers.
        send_as_json: Send JSON itself instead of a form.
    """

    def __init__(
        self,
        root: str = "http://localhost:9000",
        path: str = "/publish/epoch/end/",
        field: str = "data",
        headers: Mapping[str, str] | None = None,
        send_as_json: bool = False,
    ) -> None:
        super().__init__()
        if not root.startswith(("http://", "https://")):
            raise ConfigError(
                Text(
                    f"RemoteMonitor.root must begin with http:// or https://, got {root!r}.",
                    f"RemoteMonitor.root 必须以 http:// 或 https:// 开头，实际为 {root!r}。",
                ),
                field="root",
            )
        self.root, self.path, self.field = root, path, field
        self.headers = dict(headers or {})
        self.send_as_json = send_as_json

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        values = {name: getattr(v, "item", lambda v=v: v)() for name, v in (logs or {}).items()}
        message = json.dumps({"epoch": epoch, **values})
        if self.send_as_json:
            body, kind = message, "application/json"
        else:
            body = urllib.parse.urlencode({self.field: message})
            kind = "application/x-www-form-urlencoded"
        request = urllib.request.Request(  # noqa: S310 - http and https only, see above
            self.root + self.path,
            data=body.encode(),
            headers={"Content-Type": kind, **self.headers},
            method="POST",
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S):  # noqa: S310
                pass
        except (urllib.error.URLError, OSError) as reason:
            warnings.warn(f"RemoteMonitor cannot reach {self.root}: {reason}", stacklevel=2)
