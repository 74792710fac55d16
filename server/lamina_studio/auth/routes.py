"""Exchanging a one-time code for the browser's session cookie."""

from __future__ import annotations

import math

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from lamina.text import Text
from lamina_studio.auth.attempts import WrongAttempts
from lamina_studio.auth.codes import OneTimeCodes
from lamina_studio.auth.credentials import COOKIE, COOKIE_MAX_AGE_S, Credentials, session_of
from lamina_studio.auth.pages import spent_code_page, wait_page, wants_html
from lamina_studio.errors import TooManyAttempts, Unauthenticated
from lamina_studio.problem_details import problems

router = APIRouter(tags=["auth"])


class WrongCode(Unauthenticated):
    """A sign-in code that does not exist, or not any more."""

    code = "wrong_code"
    title = Text("Wrong code", "代码错误")


@router.get(
    "/auth",
    status_code=303,
    response_class=RedirectResponse,
    responses=problems(WrongCode, TooManyAttempts),
)
def sign_in(request: Request, code: str = "") -> Response:
    """Sign this browser in by a one-time code, and go on to the studio."""
    codes: OneTimeCodes = request.app.state.codes
    credentials: Credentials = request.app.state.credentials
    attempts: WrongAttempts = request.app.state.wrong_attempts
    address = request.client.host if request.client else ""

    if _is_anothers(request):
        return _refuse_code(request)  # not an attempt: a foreign page must not use up the owner's
    if (wait_s := attempts.seconds_to_wait(address)) > 0:
        return _refuse_for(request, math.ceil(wait_s))
    if not codes.spend(code):
        current = session_of(request.headers.get("cookie", ""))
        if current and credentials.is_session(current):
            return _to_the_studio()  # reloading the address of one's own sign-in is no attempt
        attempts.add_wrong(address)
        return _refuse_code(request)
    response = _to_the_studio()
    response.set_cookie(
        COOKIE,
        credentials.new_session(),
        max_age=COOKIE_MAX_AGE_S,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
        path="/",
    )
    return response


def _is_anothers(request: Request) -> bool:
    """Whether a page of another site asks in the background, rather than a person who opens the address."""
    embedded = request.headers.get("sec-fetch-dest", "document") != "document"
    return "origin" in request.headers or embedded


def _to_the_studio() -> RedirectResponse:
    return RedirectResponse("/", status_code=303)


def _refuse_for(request: Request, seconds: int) -> Response:
    if wants_html(request.scope):
        return wait_page(request.scope, seconds)
    raise TooManyAttempts(
        Text(
            f"Too many wrong codes. Try again in {seconds} seconds.",
            f"错误代码次数过多。请在 {seconds} 秒后重试。",
        ),
        headers={"Retry-After": str(seconds)},
    )


def _refuse_code(request: Request) -> Response:
    if wants_html(request.scope):
        return spent_code_page(request.scope)
    raise WrongCode(
        Text(
            "This code is wrong, used or too old. `lamina link` (`make link` in a clone of the repository) prints a new "
            "address.",
            "此代码错误、已使用或已过期。`lamina link`（在仓库克隆中为 `make link`）会显示新的地址。",
        )
    )
