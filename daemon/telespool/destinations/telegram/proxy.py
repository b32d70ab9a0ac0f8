"""A way to Telegram through a proxy: SOCKS5, or an MTProxy. core.telegram.org/mtproto/mtproto-transports

An MTProxy is spoken to with padded packets, whatever its secret. One that begins with ee hides the connection as a
visit to the website that is named in it (`fake_tls`).
"""

from __future__ import annotations

import binascii
import re
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from telespool.destinations.telegram.fake_tls import DOMAIN_MOST
from telespool.destinations.telegram.proxy_transport import (
    MTProxyConnection,
    SocksConnection,
)
from telespool.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from telespool.config.schema import TelegramSettings
    from telespool.config.secrets import Secrets
    from telespool.destinations.telegram.address import Address

_FORM = re.compile(
    r"(?P<kind>socks5|mtproxy)://(?:(?P<user>[^@/]+)@)?(?P<host>\[[^]]+\]|[^:/@]+):(?P<port>\d{1,5})"
)


@dataclass(frozen=True, slots=True)
class Proxy:
    """Where it is, and what it wants to know of us. `secret` is a password, or that of an MTProxy in hex."""

    kind: Literal["socks5", "mtproxy"]
    host: str
    port: int
    user: str = ""
    secret: str = ""

    def __str__(self) -> str:
        return f"{self.kind}://{self.host}:{self.port}"

    def __repr__(self) -> str:
        return str(self)  # nothing of the secret reaches a log

    @classmethod
    def of(cls, settings: TelegramSettings, secrets: Secrets) -> Proxy | None:
        """The proxy of the configuration, None where there is none; ConfigError where it cannot work."""
        if not settings.proxy:
            return None
        match = _FORM.fullmatch(settings.proxy)
        if match is None:
            raise ConfigError([f"telegram.proxy: {settings.proxy!r} is no address of a proxy"])
        found = match.groupdict()
        secret = secrets.proxy_secret or ""
        if found["kind"] == "mtproxy":
            secret = _mtproxy_secret(secret)
        host = found["host"].strip("[]")
        kind: Literal["socks5", "mtproxy"] = "socks5" if found["kind"] == "socks5" else "mtproxy"
        return cls(kind, host, int(found["port"]), found["user"] or "", secret)

    def transport(self, address: Address, loggers: Mapping[str, Any]) -> Any:
        """The connection to this address of Telegram's, not opened yet."""
        return self.transport_class(
            address.host, address.port, address.dc, loggers=loggers, proxy=self.for_client()
        )

    def for_client(self) -> tuple[Any, ...]:
        """The same for Telethon's client."""
        if self.kind == "mtproxy":
            return (self.host, self.port, self.secret)
        return ("socks5", self.host, self.port, True, self.user or None, self.secret or None)

    @property
    def transport_class(self) -> Any:
        """The kind of connection for Telethon's client."""
        return MTProxyConnection if self.kind == "mtproxy" else SocksConnection


def _mtproxy_secret(text: str) -> str:
    """Return an MTProxy's secret in hex: 16 bytes, or ee, 16 bytes and the name of a website.

    ConfigError where it is neither.
    """
    place = "the secret proxy-secret"
    if not text:
        raise ConfigError(
            [f"telegram.proxy: an MTProxy needs {place}: what its link says after secret="]
        )
    try:
        data = bytes.fromhex(text)
    except ValueError:
        try:
            data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except (binascii.Error, ValueError):
            data = b""
    if data[:1] == b"\xee" and len(data) > 16:
        name = data[17:]
        if not 0 < len(name) <= DOMAIN_MOST or not re.fullmatch(rb"[A-Za-z0-9.-]+", name):
            problem = f"telegram.proxy: {place} begins with ee, but names no website behind that: copy all of it"
            raise ConfigError([problem])
        return data.hex()
    if data[:1] == b"\xdd" and len(data) == 17:
        data = data[1:]
    if len(data) != 16:
        raise ConfigError(
            [f"telegram.proxy: {place} is not one of an MTProxy (32 signs from 0 to f)"]
        )
    return data.hex()
