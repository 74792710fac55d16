import os
import stat
import time

import pytest

from lamina_studio.auth.attempts import RECOVERY_S, WRONG_CODES_ALLOWED, WrongAttempts
from lamina_studio.auth.codes import CODE_LIFETIME_S, OneTimeCodes
from lamina_studio.auth.credentials import Credentials, access_token
from lamina_studio.errors import ConfigurationError
from lamina_studio.settings import Settings


async def test_a_code_becomes_a_strict_cookie_that_opens_everything(app, stranger):
    code = app.state.codes.create()
    response = await stranger.get("/auth", params={"code": code})
    assert response.status_code == 303
    assert response.headers["location"] == "/"
    cookie = response.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "path=/" in cookie
    assert code.lower() not in cookie
    assert (await stranger.get("/api/v1/models")).status_code == 200


async def test_a_code_works_once(app, connect):
    code = app.state.codes.create()
    async with connect() as first, connect() as second:
        assert (await first.get("/auth", params={"code": code})).status_code == 303
        assert (await second.get("/auth", params={"code": code})).status_code == 401
        assert (await second.get("/api/v1/models")).status_code == 401


async def test_loading_the_address_of_ones_own_sign_in_again_does_no_harm(app, stranger):
    code = app.state.codes.create()
    await stranger.get("/auth", params={"code": code})
    response = await stranger.get("/auth", params={"code": code})
    assert response.status_code == 303


async def test_looking_at_the_address_without_opening_it_spends_nothing(app, stranger):
    code = app.state.codes.create()
    assert (await stranger.head("/auth", params={"code": code})).status_code == 401
    assert (await stranger.get("/auth", params={"code": code})).status_code == 303


async def test_a_person_reads_what_to_do_and_a_program_gets_a_problem(stranger):
    page = await stranger.get("/auth?code=wrong", headers={"accept": "text/html"})
    assert page.status_code == 401
    assert "lamina link" in page.text
    assert "make link" in page.text
    assert "此地址已被使用或已过期" in page.text
    problem = await stranger.get("/auth?code=wrong")
    assert problem.status_code == 401
    assert problem.json()["code"] == "wrong_code"


async def test_a_browser_without_a_session_reads_how_to_get_in(stranger):
    response = await stranger.get("/", headers={"accept": "text/html", "accept-language": "zh-CN"})
    assert response.status_code == 401
    assert response.text.index("此浏览器尚未登录") < response.text.index("not signed in")


async def test_guessing_codes_is_slowed_down(app, stranger):
    for _ in range(WRONG_CODES_ALLOWED):
        assert (await stranger.get("/auth?code=guess")).status_code == 401
    refused = await stranger.get("/auth?code=guess")
    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= 60
    right = app.state.codes.create()
    assert (await stranger.get("/auth", params={"code": right})).status_code == 429


@pytest.mark.parametrize("sent", [{"origin": "http://evil.example"}, {"sec-fetch-dest": "image"}])
async def test_a_foreign_page_cannot_use_up_the_owners_attempts(app, stranger, sent):
    for _ in range(WRONG_CODES_ALLOWED + 5):
        assert (await stranger.get("/auth?code=x", headers=sent)).status_code == 401
    right = app.state.codes.create()
    assert (await stranger.get("/auth", params={"code": right}, headers=sent)).status_code == 401
    assert (await stranger.get("/auth", params={"code": right})).status_code == 303


def test_wrong_attempts_are_forgiven_with_time():
    now = 0.0
    attempts = WrongAttempts(clock=lambda: now)
    for _ in range(WRONG_CODES_ALLOWED):
        assert attempts.seconds_to_wait("a") == 0
        attempts.add_wrong("a")
    assert attempts.seconds_to_wait("a") == pytest.approx(RECOVERY_S)
    assert attempts.seconds_to_wait("b") == 0
    now = RECOVERY_S
    assert attempts.seconds_to_wait("a") == 0


def test_wrong_attempts_remember_a_bounded_number_of_addresses():
    attempts = WrongAttempts(clock=lambda: 0.0)
    for number in range(5000):
        attempts.add_wrong(str(number))
    assert len(attempts._buckets) <= 1024


@pytest.mark.parametrize("code", ["", "../token", "/etc/passwd", "a" * 10_000, "\x00", "..", "é"])
async def test_no_text_is_a_code_that_was_not_given_out(app, stranger, code):
    app.state.codes.create()
    assert (await stranger.get("/auth", params={"code": code})).status_code in {401, 429}


def test_a_code_expires(tmp_path):
    codes = OneTimeCodes(tmp_path)
    code = codes.create()
    (file,) = (tmp_path / "codes").iterdir()
    past = time.time() - CODE_LIFETIME_S - 1
    os.utime(file, (past, past))
    assert not codes.spend(code)


def test_expired_codes_are_cleared_away(tmp_path):
    codes = OneTimeCodes(tmp_path)
    codes.create()
    (file,) = (tmp_path / "codes").iterdir()
    os.utime(file, (0, 0))
    codes.create()
    assert not file.exists()


def test_the_folder_of_codes_tells_no_code(tmp_path):
    code = OneTimeCodes(tmp_path).create()
    (file,) = (tmp_path / "codes").iterdir()
    assert code not in file.name
    assert file.read_bytes() == b""
    assert stat.S_IMODE((tmp_path / "codes").stat().st_mode) == 0o700


def test_the_token_is_random_kept_and_private(settings):
    settings.prepare_home()
    token = access_token(settings)
    path = settings.home / "token"
    assert len(token) >= 40
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert access_token(settings) == token


def test_a_token_file_that_others_can_read_is_closed_to_them(settings):
    settings.prepare_home()
    path = settings.home / "token"
    path.write_text("chosen\n")
    path.chmod(0o644)
    assert access_token(settings) == "chosen"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_empty_token_file_lets_nobody_in(settings):
    settings.prepare_home()
    (settings.home / "token").write_text("\n")
    assert len(access_token(settings)) >= 40


def test_a_token_that_cannot_be_read_is_one_sentence(settings):
    settings.prepare_home()
    (settings.home / "token").mkdir()
    with pytest.raises(ConfigurationError, match=r"access token .* cannot be read"):
        access_token(settings)


def test_a_chosen_token_is_not_written_down(own_home):
    settings = Settings(home=own_home, token="chosen")
    settings.prepare_home()
    assert access_token(settings) == "chosen"
    assert not (own_home / "token").exists()


def test_a_new_token_ends_every_session():
    session = Credentials("old").new_session()
    assert Credentials("old").is_session(session)
    assert not Credentials("new").is_session(session)
