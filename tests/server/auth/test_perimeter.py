import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina_studio.auth.perimeter import Perimeter

PORT = 8420
OURS = [f"127.0.0.1:{PORT}", f"localhost:{PORT}", f"LOCALHOST:{PORT}", f"[::1]:{PORT}"]
FOREIGN = [
    "",
    "127.0.0.1",
    "localhost",
    "127.0.0.1:80",
    "127.0.0.1:9999",
    f"evil.example:{PORT}",
    "evil.example",
    f"127.0.0.1.evil.example:{PORT}",
    f"localhost.evil.example:{PORT}",
    f"evil@127.0.0.1:{PORT}",
    f"127.0.0.1:{PORT}.evil.example",
    f"0.0.0.0:{PORT}",
    f"127.1:{PORT}",
    f"2130706433:{PORT}",
    f" 127.0.0.1:{PORT}",
    f"127.0.0.1:{PORT}/",
    f"127.0.0.1:0{PORT}",
    f"::1:{PORT}",
]


@pytest.mark.parametrize("host", OURS)
def test_loopback_names_with_our_port_are_ours(host):
    assert Perimeter().is_our_host(host, PORT)


@pytest.mark.parametrize("host", FOREIGN)
def test_every_other_host_is_foreign(host):
    assert not Perimeter().is_our_host(host, PORT)


@pytest.mark.parametrize("host", OURS)
def test_a_page_of_our_host_has_our_origin(host):
    assert Perimeter().is_our_origin(f"http://{host}", PORT)


@pytest.mark.parametrize(
    "origin",
    [f"http://{host}" for host in FOREIGN]
    + [
        "null",
        "",
        f"https://127.0.0.1:{PORT}",
        f"ftp://127.0.0.1:{PORT}",
        f"127.0.0.1:{PORT}",
        f"http:127.0.0.1:{PORT}",
        f"chrome-extension://127.0.0.1:{PORT}",
    ],
)
def test_every_other_origin_is_foreign(origin):
    assert not Perimeter().is_our_origin(origin, PORT)


def test_without_a_port_the_default_one_is_meant():
    assert Perimeter().is_our_host("localhost", 80)
    assert not Perimeter().is_our_host("localhost", 8420)


def test_a_named_host_without_a_port_stands_for_the_default_ports_and_ours():
    perimeter = Perimeter(hosts=("studio.example",))
    assert perimeter.is_our_host("studio.example", PORT)
    assert perimeter.is_our_host(f"Studio.Example:{PORT}", PORT)
    assert not perimeter.is_our_host("studio.example:9999", PORT)
    assert perimeter.is_our_origin("https://studio.example", PORT)


def test_a_named_host_with_a_port_stands_for_that_port_alone():
    perimeter = Perimeter(hosts=("studio.example:9000",))
    assert perimeter.is_our_host("studio.example:9000", PORT)
    assert not perimeter.is_our_host("studio.example", PORT)
    assert not perimeter.is_our_host(f"studio.example:{PORT}", PORT)


def test_named_origins_are_added_and_nothing_else():
    perimeter = Perimeter(origins=("http://localhost:5173",))
    assert perimeter.is_our_origin("http://localhost:5173", PORT)
    assert not perimeter.is_our_origin("http://localhost:5174", PORT)
    assert not perimeter.is_our_host("localhost:5173", PORT)


@given(st.text(max_size=40))
def test_no_invented_host_or_origin_is_ours(text):
    if text.lower() not in OURS:
        assert not Perimeter().is_our_host(text, PORT)
        assert not Perimeter().is_our_origin(text, PORT)
