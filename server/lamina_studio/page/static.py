"""The built frontend, and what to say when it was not built.

Files are looked up in a list of what the folder holds, so no path that a client sends ever reaches
the file system. Any address that is no file is the single page, which routes on its own.
"""

from __future__ import annotations

import mimetypes
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send

from lamina.text import Text
from lamina_studio.html_notice import html_notice
from lamina_studio.language import language_of_scope

WEB = Path(__file__).resolve().parents[1] / "web"
SERVER_PREFIXES = ("/api", "/auth", "/healthz", "/readyz", "/metrics")
YEAR = "public, max-age=31536000, immutable"

_TITLE = Text("The pages of the studio are not built", "工作室页面尚未构建")
_ADVICE = Text(
    "The server is running and its programming interface works. "
    "To build the pages, run this in the folder of the sources and load this page again:",
    "服务器正在运行，编程接口可用。要构建页面，请在源代码目录运行以下命令，然后重新载入本页：",
)


class StudioPage:
    """ASGI application for every address that no route takes.

    Args:
        folder: Where the built frontend lies; it may appear or change while the server runs.
    """

    def __init__(self, folder: Path = WEB) -> None:
        self._folder = folder
        self._files: dict[str, Path] = {}
        self._built_at: int | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 4404})
            return
        path: str = scope["path"]
        is_of_server = any(path == each or path.startswith(f"{each}/") for each in SERVER_PREFIXES)
        if is_of_server:
            raise HTTPException(404)
        if scope["method"] not in {"GET", "HEAD"}:
            raise HTTPException(405, headers={"Allow": "GET, HEAD"})
        await self._answer(scope, path)(scope, receive, send)

    def _answer(self, scope: Scope, path: str) -> Response:
        files = self._current_files()
        if "/index.html" not in files:
            return html_notice(
                _TITLE,
                _ADVICE,
                status=503,
                language=language_of_scope(scope),
                commands=("make studio",),
            )
        if path in files:
            return _file(files[path], YEAR if path.startswith("/assets/") else "no-cache")
        if "." in path.rpartition("/")[2]:
            raise HTTPException(404)  # a file that is not there, not a place in the studio
        return _file(files["/index.html"], "no-cache")

    def _current_files(self) -> dict[str, Path]:
        try:
            built_at = (self._folder / "index.html").stat().st_mtime_ns
        except OSError:
            return {}
        if built_at != self._built_at:
            self._files = {
                "/" + file.relative_to(self._folder).as_posix(): file
                for file in self._folder.rglob("*")
                if file.is_file()
            }
            self._built_at = built_at
        return self._files


def _file(path: Path, caching: str) -> FileResponse:
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return FileResponse(path, media_type=kind, headers={"Cache-Control": caching})
