"""The `lamina` command as a person and a script meet it: as its own process."""

import contextlib
import json
import os
import re
import shlex
import signal
import socket
import sqlite3
import stat
import subprocess
import sys

import httpx
import psutil
import pytest

ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)/auth\?code=[\w-]+")


@pytest.fixture(autouse=True)
def typed_by_a_person(monkeypatch):
    """Not started by `make test`, which the messages would take for `make studio`."""
    monkeypatch.delenv("MAKELEVEL", raising=False)


def lamina(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "lamina_studio", *arguments],
        env={**os.environ, **environment},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


def is_one_sentence(text: str) -> bool:
    return text.count("\n") == 1 and "Traceback" not in text


@contextlib.contextmanager
def started(home):
    """A studio in its own process; its process and its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "lamina_studio", "studio", "--port", "0", "--no-browser"],
        env={**os.environ, "LAMINA_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    line = process.stdout.readline()
    found = ADDRESS.search(line)
    assert found, line + process.stderr.read()
    try:
        yield process, found.group()
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def studio(own_home):
    """A studio of the test's own, to be ended."""
    with started(own_home) as studio:
        yield studio


@pytest.fixture(scope="module")
def home_in_use(tmp_path_factory):
    return tmp_path_factory.mktemp("studio") / "home"


@pytest.fixture(scope="module")
def running(home_in_use):
    """One studio for all tests that leave it running."""
    with started(home_in_use) as studio:
        yield studio


def test_the_printed_address_signs_a_browser_in_once(running):
    _, address = running
    with httpx.Client(follow_redirects=True, headers={"accept": "text/html"}) as browser:
        page = browser.get(address)
        assert page.status_code in {200, 503}  # 503 where the pages are not built
        assert page.url.path == "/"
        assert "<html" in page.text
    assert httpx.get(address).status_code == 401


def test_link_prints_another_address_of_the_running_studio(running, home_in_use):
    _, address = running
    home = {"LAMINA_HOME": str(home_in_use)}
    other = lamina("link", **home).stdout.strip()
    assert other != address
    assert other.split("?")[0] == address.split("?")[0]
    port = ADDRESS.match(address).group(1)
    assert lamina("link", "--port", port, **home).returncode == 0
    assert lamina("link", "--port", "1", **home).returncode == 1


def test_ctrl_c_ends_it_quickly_and_quietly(studio):
    process, _ = studio
    process.send_signal(signal.SIGINT)
    said, complaints = process.communicate(timeout=10)
    assert process.returncode == 0
    assert complaints == ""
    assert said == "Lamina Studio has stopped; trainings that are running go on without it.\n"
    assert lamina("link").returncode == 1


@pytest.mark.slow
def test_an_idle_studio_that_has_shown_its_pages_is_small(running, home_in_use):
    process, address = running
    origin = address.split("/auth")[0]
    address = lamina("link", LAMINA_HOME=str(home_in_use)).stdout.strip()  # each opens once
    while httpx.get(f"{origin}/readyz").status_code != 200:
        assert process.poll() is None
    with httpx.Client(base_url=origin, follow_redirects=True) as browser:
        browser.get(address)
        for shown in ("catalog", "templates", "datasets", "models", "runs"):
            assert browser.get(f"/api/v1/{shown}").status_code == 200
    assert psutil.Process(process.pid).memory_info().rss <= 350 * 2**20


@pytest.mark.slow
def test_it_reloads_for_those_who_work_on_it(own_home):
    process = subprocess.Popen(
        [sys.executable, "-m", "lamina_studio", "studio", "--port", "0", "--reload"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    address = ADDRESS.search(process.stdout.readline()).group()
    assert httpx.get(address, timeout=30).status_code == 303
    process.send_signal(signal.SIGINT)
    _, log = process.communicate(timeout=20)
    assert "code=" not in log.replace("code=[redacted]", "")


def test_a_second_studio_in_the_same_home_is_one_sentence(running, home_in_use):
    second = lamina("studio", "--port", "0", LAMINA_HOME=str(home_in_use))
    assert second.returncode == 1
    assert is_one_sentence(second.stderr)
    address = running[1].split("/auth")[0]
    assert f"The studio already runs at {address}; `" in second.stderr
    link = re.search("`(.*)` prints an address that opens it", second.stderr).group(1)
    printed = subprocess.run(shlex.split(link), check=True, capture_output=True, text=True).stdout
    assert printed.startswith(address)


def test_a_second_studio_on_the_same_port_says_so_too(running, home_in_use):
    port = ADDRESS.match(running[1]).group(1)
    made = {"LAMINA_HOME": str(home_in_use), "MAKELEVEL": "1"}
    second = lamina("studio", "--port", port, **made)
    assert second.stderr == (
        f"The studio already runs at http://127.0.0.1:{port}; "
        f'`make link ARGS="--home {home_in_use}"` prints an address that opens it.\n'
    )


def test_what_a_page_asks_in_vain_is_no_line_in_the_terminal(studio):
    process, address = studio
    origin = address.split("/auth")[0]
    assert httpx.get(f"{origin}/nowhere").status_code in {401, 404}
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=10)[1] == ""


def test_a_killed_studio_leaves_its_home_usable(studio, own_home):
    process, _ = studio
    process.kill()
    process.wait()
    assert json.loads((own_home / "studio.lock").read_text())["pid"] == process.pid
    assert "No studio" in lamina("link").stderr


def test_what_it_writes_is_for_this_user_alone(running, home_in_use):
    assert stat.S_IMODE(home_in_use.stat().st_mode) == 0o700
    for path in home_in_use.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_no_secret_is_logged(own_home):
    process = subprocess.Popen(
        [sys.executable, "-m", "lamina_studio", "studio", "--port", "0"],
        env={**os.environ, "LAMINA_LOG_LEVEL": "debug", "LAMINA_TOKEN": "tok3n-of-the-test"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    address = ADDRESS.search(process.stdout.readline()).group()
    studio, _, code = address.partition("/auth?code=")
    httpx.get(
        f"{studio}/api/v1/models?token=tok3n-of-the-test",
        headers={"authorization": "Bearer tok3n-of-the-test"},
    ).raise_for_status()
    assert httpx.get(f"{studio}/auth?code=wr0ng-code").status_code == 401
    process.send_signal(signal.SIGINT)
    _, log = process.communicate(timeout=10)
    assert "/api/v1/models" in log
    for secret in ("tok3n-of-the-test", "wr0ng-code", code):
        assert secret not in log
    assert not (own_home / "token").exists()


def test_a_port_in_use_is_one_sentence():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = lamina("studio", "--port", str(port))
    assert result.returncode == 1
    assert is_one_sentence(result.stderr)
    assert f"Port {port} on 127.0.0.1 is in use by another program" in result.stderr
    assert f"-m lamina_studio studio --port {port + 1}" in result.stderr


def test_a_home_that_is_a_file_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    result = lamina("studio", "--home", str(tmp_path / "file"))
    assert result.returncode == 1
    assert is_one_sentence(result.stderr)
    assert f"The home folder {tmp_path / 'file'} is a file" in result.stderr


def test_an_unwritable_home_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    result = lamina("studio", "--home", str(tmp_path / "file" / "home"))
    assert result.returncode == 1
    assert is_one_sentence(result.stderr)
    assert "cannot write to its home folder" in result.stderr


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_other_machines_are_refused_in_one_sentence(host):
    result = lamina("studio", "--host", host, "--port", "0", LAMINA_TOKEN="chosen")
    assert result.returncode == 1
    assert is_one_sentence(result.stderr)
    assert "LAMINA_ALLOWED_HOSTS" in result.stderr


def test_an_address_of_no_interface_is_one_sentence():
    result = lamina(
        "studio", "--host", "203.0.113.7", LAMINA_TOKEN="t", LAMINA_ALLOWED_HOSTS="x.example"
    )
    assert result.returncode == 1
    assert is_one_sentence(result.stderr)


def test_a_setting_that_cannot_be_is_one_sentence():
    for arguments, variables, sentence in (
        ((), {"LAMINA_PORT": "many"}, "LAMINA_PORT must be a whole number from 0 to 65535, got many."),
        (("--port", "99999"), {}, "--port must be a whole number from 0 to 65535, got 99999."),
        (("--port", "many"), {}, "--port must be a whole number from 0 to 65535, got many."),
        ((), {"LAMINA_LOG_FORMAT": "x"}, "LAMINA_LOG_FORMAT must be 'auto', 'console' or 'json', got x."),
    ):  # fmt: skip
        result = lamina("studio", *arguments, **variables)
        assert result.returncode == 1
        assert result.stderr == f"{sentence}\n"


def test_a_database_that_does_not_answer_is_one_sentence():
    result = lamina(
        "studio", "--port", "0", LAMINA_DATABASE_URL="postgresql://u:pa55@127.0.0.1:1/x"
    )
    assert result.returncode == 1
    assert is_one_sentence(result.stderr)
    assert "database" in result.stderr
    assert "pa55" not in result.stderr


def test_a_file_that_is_no_database_is_one_sentence(own_home):
    own_home.mkdir()
    (own_home / "lamina.db").write_text("not a database at all " * 100)
    result = lamina("studio", "--port", "0")
    assert result.returncode == 1
    assert is_one_sentence(result.stderr)
    assert "cannot be used" in result.stderr


def test_a_database_of_a_newer_studio_is_one_sentence(own_home):
    own_home.mkdir()
    with contextlib.closing(sqlite3.connect(own_home / "lamina.db")) as database, database:
        database.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        database.execute("INSERT INTO alembic_version VALUES ('9999')")
    result = lamina("studio", "--port", "0")
    assert result.returncode == 1
    assert is_one_sentence(result.stderr)
    assert "newer version" in result.stderr


def test_link_without_a_studio_is_one_sentence():
    result = lamina("link")
    assert result.returncode == 1
    assert is_one_sentence(result.stderr)
    assert "-m lamina_studio studio" in result.stderr


def test_version_prints_the_version():
    result = lamina("version")
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*\n", result.stdout)


def test_help_names_every_command():
    result = lamina("--help")
    assert result.returncode == 0
    for command in ("studio", "link", "version"):
        assert command in result.stdout


def test_the_engine_alone_says_how_to_get_the_studio():
    script = "import sys; sys.modules['typer'] = None\nfrom lamina_studio.cli import app\napp()"
    result = subprocess.run(
        [sys.executable, "-c", script], check=False, capture_output=True, text=True
    )
    assert result.returncode == 1
    assert is_one_sentence(result.stderr)
    assert 'pip install "lamina[studio]"' in result.stderr
