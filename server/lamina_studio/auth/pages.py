"""What a browser sees that is not signed in."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse
from starlette.types import Scope

from lamina.text import Text
from lamina_studio.html_notice import html_notice
from lamina_studio.language import language_of_scope

_TITLE = Text("This browser is not signed in yet", "此浏览器尚未登录")
_ADVICE = Text(
    "Open the address that the studio printed when it started. It works once. The first of these commands prints "
    "another; in a clone of the repository it is the second:",
    "请打开工作室启动时显示的地址。该地址只能使用一次；以下第一条命令会显示新的地址；"
    "如果工作室是在代码仓库中启动的，请使用第二条：",
)
_COMMANDS = ("lamina link", "make link")
_AGAIN = Text("Signed in already? Open the studio", "已经登录？打开工作室")
_SPENT_TITLE = Text("This address has been used or has expired", "此地址已被使用或已过期")
_WAIT_TITLE = Text("Too many wrong codes", "错误代码次数过多")
_WAIT = Text("Wait a minute, then open a fresh address.", "请等待一分钟，然后打开新的地址。")


def wants_html(scope: Scope) -> bool:
    """Whether a person waits for the answer, rather than a program."""
    return (
        not scope["path"].startswith("/api/")
        and scope["method"] in {"GET", "HEAD"}
        and "text/html" in Headers(scope=scope).get("accept", "")
    )


def sign_in_page(scope: Scope) -> HTMLResponse:
    """How to get in, for a browser without a session."""
    return html_notice(
        _TITLE,
        _ADVICE,
        status=401,
        language=language_of_scope(scope),
        commands=_COMMANDS,
        link=("/", _AGAIN),
    )


def spent_code_page(scope: Scope) -> HTMLResponse:
    """For a code that is wrong, used or too old."""
    return html_notice(
        _SPENT_TITLE,
        _ADVICE,
        status=401,
        language=language_of_scope(scope),
        commands=_COMMANDS,
        link=("/", _AGAIN),
    )


def wait_page(scope: Scope, seconds: int) -> HTMLResponse:
    """For an address that got too many codes wrong."""
    page = html_notice(_WAIT_TITLE, _WAIT, status=429, language=language_of_scope(scope))
    page.headers["Retry-After"] = str(seconds)
    return page
