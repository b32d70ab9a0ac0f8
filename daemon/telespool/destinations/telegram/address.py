"""Telegram's data centres, and their doors: by IPv4, or by IPv6 where a machine has nothing else.

The addresses are those with which every client begins (core.telegram.org/api/datacenter); Telegram names the data
centre where an account lives. A login belongs to its data centre, not to an address of it: it may come by either
door.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass

_PORT = 443
_FIRST = 2
_BY_IPV4 = {
    1: "149.154.175.53",
    2: "149.154.167.51",
    3: "149.154.175.100",
    4: "149.154.167.91",
    5: "91.108.56.130",
}
_BY_IPV6 = {
    1: "2001:b28:f23d:f001::a",
    2: "2001:67c:4e8:f002::a",
    3: "2001:b28:f23d:f003::a",
    4: "2001:67c:4e8:f004::a",
    5: "2001:b28:f23f:f005::a",
}


@dataclass(frozen=True, slots=True)
class Address:
    """A data centre and one of its doors."""

    dc: int
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if self.is_ipv6 else self.host
        return f"{host}:{self.port}"

    @property
    def is_ipv6(self) -> bool:
        """Whether it is reached by IPv6."""
        return ":" in self.host

    @property
    def is_public(self) -> bool:
        """Whether it may be one of Telegram's: no address of this machine or this network."""
        try:
            return ipaddress.ip_address(self.host).is_global
        except ValueError:
            return False


def first(*, ipv6: bool) -> Address:
    """Where every client begins."""
    return Address(_FIRST, (_BY_IPV6 if ipv6 else _BY_IPV4)[_FIRST], _PORT)


def reachable(address: Address, *, ipv6: bool) -> Address:
    """The same data centre by the door that this machine has a way to; `address` where that is it, or nobody knows."""
    doors = _BY_IPV6 if ipv6 else _BY_IPV4
    if address.is_ipv6 == ipv6 or not address.is_public or address.dc not in doors:
        return address
    return Address(address.dc, doors[address.dc], _PORT)


def only_ipv6() -> bool:
    """Whether this machine has a way to the world by IPv6 and none by IPv4. Nothing is sent."""
    return not _has_way(_BY_IPV4[_FIRST]) and _has_way(_BY_IPV6[_FIRST])


def _has_way(host: str) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((host, _PORT))  # of a datagram it only looks for the route
    except OSError:
        return False
    return True
