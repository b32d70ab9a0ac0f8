"""Connections through a proxy; and where there is none, who is at fault: the proxy, its settings, or Telegram.

Telethon's own transports say none of that, wait two seconds for each connection through an MTProxy, and know no
disguise: these take their place, and its codecs and ciphers are used as they are. `ProxyTrouble` leaves `connect`.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

from python_socks import ProxyConnectionError, ProxyError, ProxyTimeoutError, ProxyType
from python_socks.async_.asyncio import Proxy as SocksProxy
from telethon.network.connection import (
    ConnectionTcpIntermediate,
    ConnectionTcpMTProxyRandomizedIntermediate,
)

from telespool.destinations.telegram.fake_tls import NotOurProxy, TlsReader, TlsWriter, shake_hands
from telespool.destinations.telegram.obfuscation import FastMTProxyIO
from telespool.errors import TelespoolError

if TYPE_CHECKING:
    import socket

_FORBIDDEN = 2  # X'02' connection not allowed by ruleset; RFC 1928, 6


class ProxyTrouble(TelespoolError):
    """Why there is no way through the proxy, as a sentence without its full stop; and what to do.

    No OSError: of these Telethon keeps no word.
    """

    def __init__(self, sentence: str, cure: str) -> None:
        super().__init__(sentence)
        self.cure = cure


def nobody_there(host: str, port: int, error: BaseException) -> ProxyTrouble:
    """Where the proxy itself takes no connection."""
    number = getattr(error, "errno", None)
    why = os.strerror(number) if number else str(error)
    if isinstance(error, TimeoutError):
        why = "no answer in time"
    return ProxyTrouble(
        f"Nothing answers at the proxy {host}:{port} ({why})",
        "Start the proxy, or correct telegram.proxy; Telegram itself was not asked",
    )


def _telegram_is_silent(way: str) -> ProxyTrouble:
    return ProxyTrouble(
        f"The proxy {way} works, but Telegram does not answer through it",
        "Wait, if Telegram is down; else see whether the proxy's own network reaches it",
    )


class SocksConnection(ConnectionTcpIntermediate):  # type: ignore[misc]  # Telethon has no types
    """To Telegram through a SOCKS5 proxy: (\"socks5\", host, port, True, user, password)."""

    _is_through = False

    def silence(self) -> ProxyTrouble:
        """What to say where no answer comes in time."""
        _, host, port, *_ = self._proxy
        if self._is_through:
            return _telegram_is_silent(f"{host}:{port}")
        return ProxyTrouble(
            f"What listens at {host}:{port} took the connection and says nothing: it is no SOCKS5 proxy, or waits for Telegram",
            "Correct the address in telegram.proxy; if it is right, see whether the proxy's own network reaches Telegram",
        )

    async def _proxy_connect(
        self,
        timeout: float | None = None,  # noqa: ASYNC109 - Telethon's
        local_addr: Any = None,
    ) -> socket.socket:
        _, host, port, _, user, password = self._proxy
        way = f"{host}:{port}"
        proxy = SocksProxy(
            ProxyType.SOCKS5, host, port, username=user, password=password, rdns=True
        )
        try:
            found = await proxy.connect(self._ip, self._port, timeout=timeout)
        except ProxyConnectionError as error:
            raise nobody_there(host, port, error.__cause__ or error) from None
        except ProxyTimeoutError:
            raise self.silence() from None
        except ProxyError as error:
            raise self._refused(way, error) from None
        self._is_through = True
        return found

    def _refused(self, way: str, error: Any) -> ProxyTrouble:
        said = str(error)
        if error.error_code == _FORBIDDEN:
            return ProxyTrouble(
                f"The proxy {way} forbids connections to Telegram ({self._ip}:{self._port})",
                "Let its rules allow Telegram's addresses and port 443",
            )
        if error.error_code is not None:
            return ProxyTrouble(
                f"The proxy {way} works, but reaches Telegram ({self._ip}:{self._port}) no more than this machine"
                f" would without it: {said}",
                "See whether the proxy's own network reaches Telegram; the proxy itself is well",
            )
        if "authentication" in said.lower() or "no acceptable" in said.lower():
            return ProxyTrouble(
                f"The proxy {way} does not take this user and password ({said})",
                "Correct the user in telegram.proxy and the password in the secret proxy-secret",
            )
        return ProxyTrouble(
            f"What answers at {way} is no SOCKS5 proxy ({said or 'it closed the connection'})",
            "Correct the port in telegram.proxy, or the kind: mtproxy://",
        )


class MTProxyConnection(ConnectionTcpMTProxyRandomizedIntermediate):  # type: ignore[misc]  # Telethon has no types
    """To Telegram through an MTProxy: (host, port, secret in hex; behind ee the website that it pretends to be)."""

    obfuscated_io = FastMTProxyIO

    def __init__(self, ip: str, port: int, dc_id: int, **more: Any) -> None:
        super().__init__(ip, port, dc_id, **more)
        secret = bytes.fromhex(more["proxy"][2])
        self._is_ours = False  # only a disguise proves the secret
        self._domain = secret[17:].decode() if secret[:1] == b"\xee" else ""

    async def _connect(
        self,
        timeout: float | None = None,  # noqa: ASYNC109 - Telethon's
        ssl: Any = None,
    ) -> None:
        try:
            async with asyncio.timeout(timeout):
                reader, writer = await asyncio.open_connection(self._ip, self._port)
        except OSError as error:
            raise nobody_there(self._ip, self._port, error) from None
        try:
            await self._begin(reader, writer, timeout)
        except BaseException:
            writer.close()
            raise

    async def _begin(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        timeout: float | None,  # noqa: ASYNC109 - Telethon's
    ) -> None:
        """Pass the disguise, where there is one, and send the head of the MTProxy's own cipher."""
        come: Any = reader
        go: Any = writer
        if self._domain:
            try:
                async with asyncio.timeout(timeout):
                    await shake_hands(reader, writer, self._secret, self._domain)
            except (NotOurProxy, OSError, EOFError):
                raise self._stranger() from None
            self._is_ours = True
            come, go = TlsReader(reader), TlsWriter(writer)
        self._reader, self._writer = come, go
        self._codec = self.packet_codec(self)
        self._init_conn()
        await go.drain()

    def silence(self) -> ProxyTrouble:
        """What to say where no answer comes in time."""
        way = f"{self._ip}:{self._port}"
        if self._is_ours:
            return _telegram_is_silent(way)
        if self._domain:
            return self._stranger()
        return ProxyTrouble(
            f"The proxy {way} takes connections, and nothing comes back: its secret is another, or it does not reach Telegram",
            "Copy the secret of the proxy's link anew into proxy-secret; if it is right, ask whoever runs the proxy",
        )

    def _stranger(self) -> ProxyTrouble:
        return ProxyTrouble(
            f"What answers at {self._ip}:{self._port} is a website, or an MTProxy with another secret",
            "Copy the secret of the proxy's link anew into proxy-secret; the clock of this machine must be right, too",
        )
