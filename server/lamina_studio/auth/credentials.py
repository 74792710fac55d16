"""The access token and the browser's session cookie that stands for it."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from http.cookies import CookieError, SimpleCookie
from pathlib import Path

from itsdangerous import BadSignature, TimestampSigner

from lamina_studio.errors import ConfigurationError
from lamina_studio.settings import Settings

COOKIE = "lamina_session"
COOKIE_MAX_AGE_S = 90 * 24 * 3600
_COOKIE_VALUE = "browser"


class Credentials:
    """Recognises programs by the token and browsers by a cookie signed with it.

    A new token makes every cookie worthless.
    """

    def __init__(self, token: str) -> None:
        self._token = token.encode()
        self._signer = TimestampSigner(token, salt="lamina.session", digest_method=hashlib.sha256)

    def is_token(self, candidate: str) -> bool:
        return hmac.compare_digest(candidate.encode("utf-8", "surrogateescape"), self._token)

    def new_session(self) -> str:
        """The value of a fresh session cookie."""
        return self._signer.sign(_COOKIE_VALUE).decode()

    def is_session(self, candidate: str) -> bool:
        try:
            value = self._signer.unsign(candidate, max_age=COOKIE_MAX_AGE_S)
        except (BadSignature, UnicodeError):
            return False
        return value == _COOKIE_VALUE.encode()


def bearer_token(authorization: str) -> str | None:
    """The token of an `Authorization: Bearer …` header; None for any other scheme."""
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def session_of(cookie_header: str) -> str | None:
    """The session in a `Cookie` header, or None."""
    try:
        morsel = SimpleCookie(cookie_header).get(COOKIE)
    except CookieError:
        return None
    return None if morsel is None else morsel.value


def access_token(settings: Settings) -> str:
    """The chosen token, or the random one that is kept in the home folder (mode 0600).

    Raises:
        ConfigurationError: If the token file cannot be read or made.
    """
    if settings.token is not None:
        return settings.token.get_secret_value()
    path = settings.home / "token"
    try:
        return _read_token(path) or _create_token(path)
    except OSError as error:
        raise ConfigurationError(
            f"The access token {path} cannot be read or written ({error.strerror or error}). "
            "Remove the file or set LAMINA_TOKEN."
        ) from error


def _read_token(path: Path) -> str | None:
    if not path.exists():
        return None
    path.chmod(0o600)
    return path.read_text(encoding="ascii", errors="replace").strip() or None


def _create_token(path: Path) -> str:
    token = secrets.token_urlsafe(32)
    draft = path.with_name(f".token-{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(token + "\n")
    draft.replace(path)
    return token
