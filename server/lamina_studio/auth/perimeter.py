"""Which hosts and origins are ours: plain rules, without HTTP.

A page of another site can make this browser send requests here, and by DNS rebinding it can even
do so under its own name. So a request must name a host that is ours, port included, and anything
that changes something must come from a page that we served.
"""

from __future__ import annotations

from dataclasses import dataclass

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Perimeter:
    """The names by which this studio may be addressed.

    Args:
        hosts: Names beside loopback, such as `studio.example` or `studio.example:8443`. A name
            without a port stands for the default ports and the port we listen on.
        origins: Origins beside our own, such as `http://localhost:5173`.
    """

    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()

    def is_our_host(self, host: str, port: int) -> bool:
        """Whether a `Host` header names this studio, which listens on `port`.

        >>> Perimeter().is_our_host("127.0.0.1:8420", 8420)
        True
        >>> Perimeter().is_our_host("127.0.0.1:9000", 8420), Perimeter().is_our_host("a.b", 80)
        (False, False)
        """
        host = host.lower()
        return any(
            host == name or (not _has_port(name) and host == f"{name}:{port}")
            for name in self.hosts
        ) or any(
            host == f"{name}:{port}" or (port == DEFAULT_PORTS["http"] and host == name)
            for name in LOOPBACK_NAMES
        )

    def is_our_origin(self, origin: str, port: int) -> bool:
        """Whether a page of this `Origin` was served by us; `null` never is.

        >>> Perimeter().is_our_origin("http://127.0.0.1:8420", 8420)
        True
        >>> Perimeter().is_our_origin("http://127.0.0.1:9000", 8420)
        False
        """
        origin = origin.lower()
        if origin in self.origins:
            return True
        scheme, separator, host = origin.partition("://")
        if not separator or scheme not in DEFAULT_PORTS:
            return False
        if scheme == "https" and host.removesuffix(f":{port}") in LOOPBACK_NAMES:
            return False  # we serve no TLS ourselves
        return self.is_our_host(host, port)


def _has_port(name: str) -> bool:
    return ":" in name.rpartition("]")[2]
