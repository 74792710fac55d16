import sys

import pytest

from lamina_studio import commands
from lamina_studio.errors import ConfigurationError
from lamina_studio.home_lock import locked_home, running_address
from lamina_studio.serving import bind, public_address
from lamina_studio.settings import Settings


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ({}, "http://127.0.0.1:8420"),
        ({"host": "localhost", "port": 9000}, "http://localhost:9000"),
        ({"host": "::1"}, "http://[::1]:8420"),
        ({"host": "0.0.0.0", "allowed_hosts": "localhost:9000,x"}, "http://localhost:9000"),
        ({"host": "0.0.0.0", "allowed_hosts": "studio.example"}, "http://studio.example:8420"),
        ({"host": "::", "allowed_hosts": "[2001:db8::1]"}, "http://[2001:db8::1]:8420"),
    ],
)
def test_the_address_is_one_that_a_browser_can_use(given, address):
    assert public_address(Settings(**given)) == address


def test_port_0_is_a_free_port():
    with bind("127.0.0.1", 0) as listener:
        assert listener.getsockname()[1] > 0


@pytest.mark.parametrize("host", ["no.such.host.invalid", "203.0.113.7", "not a host"])
def test_an_address_of_another_machine_is_refused(host):
    with pytest.raises(ConfigurationError):
        bind(host, 0)


def test_a_home_is_held_by_one(tmp_path, monkeypatch):
    monkeypatch.setattr("lamina_studio.home_lock.WAIT_FOR_PREDECESSOR_S", 0)
    assert running_address(tmp_path) is None
    with locked_home(tmp_path, "http://here"):
        assert running_address(tmp_path) == "http://here"
        with pytest.raises(ConfigurationError, match="already runs at http://here"):
            locked_home(tmp_path, "http://there").__enter__()
    assert running_address(tmp_path) is None
    with locked_home(tmp_path, "http://there"):
        assert running_address(tmp_path) == "http://there"


@pytest.mark.parametrize(
    ("platform", "terminal", "display", "opens"),
    [
        ("linux", True, {"DISPLAY": ":0"}, True),
        ("linux", True, {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("linux", True, {}, False),
        ("linux", False, {"DISPLAY": ":0"}, False),
        ("darwin", True, {}, True),
        ("darwin", False, {}, False),
    ],
)
def test_a_browser_opens_where_there_is_a_display_and_a_terminal(
    monkeypatch, platform, terminal, display, opens
):
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in display.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal, raising=False)
    assert commands._has_display() is opens
