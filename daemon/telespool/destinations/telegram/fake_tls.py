"""The disguise of an MTProxy whose secret begins with ee: to whoever watches the line, a visit to a website by TLS 1.3.

    → ClientHello     its random is HMAC-SHA256(secret, the hello with zeros there), the last 4 bytes XOR the time
    ← ServerHello, ChangeCipherSpec, a record of chance; the random is HMAC-SHA256(secret, our random + all of it)
    → ChangeCipherSpec, then records of application data, in both directions

Nothing here is enciphered: MTProto and the MTProxy's own layer are inside. The hello is laid out as browsers lay out
theirs (RFC 8446, 8701 for the values that mean nothing). What is no such answer raises `NotOurProxy`.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

LENGTH = 517  # bytes of the hello with its record's head: proxies take no other
DOMAIN_MOST = 182
_RANDOM = slice(11, 43)
_HANDSHAKE, _CHANGE, _DATA = 0x16, 0x14, 0x17
_LARGEST = 1 << 14
_PRIME = 2**255 - 19
_CIPHERS = bytes.fromhex("130113021303c02bc02fc02cc030cca9cca8c013c014009c009d002f0035")
_SIGNATURES = bytes.fromhex("040308040401050308050501080606 01".replace(" ", ""))


class NotOurProxy(ConnectionError):
    """Something else answers than an MTProxy with this secret."""


async def shake_hands(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, secret: bytes, domain: str
) -> None:
    """Pass the disguise; NotOurProxy, and the errors of streams."""
    hello = client_hello(secret, domain, int(time.time()))
    writer.write(hello)
    await writer.drain()
    answer = b""
    for kind in (_HANDSHAKE, _CHANGE, _DATA):
        head = await reader.readexactly(5)
        if head[0] != kind or head[1:3] != b"\x03\x03":
            raise NotOurProxy
        answer += head + await reader.readexactly(int.from_bytes(head[3:], "big"))
    blank = answer[:11] + bytes(32) + answer[43:]
    expected = hmac.digest(secret, hello[_RANDOM] + blank, hashlib.sha256)
    if not hmac.compare_digest(expected, answer[_RANDOM]):
        raise NotOurProxy
    writer.write(bytes([_CHANGE]) + b"\x03\x03\x00\x01\x01")


def client_hello(secret: bytes, domain: str, now: int) -> bytes:
    """The first record, of a visitor to this domain at `now` (seconds since the epoch)."""
    grease = [bytes([0x0A + 0x10 * secrets.randbelow(16)]) * 2 for _ in range(4)]
    if grease[2] == grease[3]:  # no extension may come twice
        grease[3] = bytes([grease[3][0] ^ 0x10]) * 2
    name = domain.encode()
    host = b"\x00" + _counted(name)
    share = grease[1] + b"\x00\x01\x00" + b"\x00\x1d" + _counted(_point())
    extensions = (
        _extension(grease[2], b"")
        + _extension(b"\x00\x00", _counted(host))
        + _extension(b"\x00\x17", b"")
        + _extension(b"\xff\x01", b"\x00")
        + _extension(b"\x00\x0a", _counted(grease[1] + bytes.fromhex("001d00170018")))
        + _extension(b"\x00\x0b", b"\x01\x00")
        + _extension(b"\x00\x23", b"")
        + _extension(b"\x00\x10", _counted(b"\x02h2\x08http/1.1"))
        + _extension(b"\x00\x05", b"\x01\x00\x00\x00\x00")
        + _extension(b"\x00\x0d", _counted(_SIGNATURES))
        + _extension(b"\x00\x12", b"")
        + _extension(b"\x00\x33", _counted(share))
        + _extension(b"\x00\x2d", b"\x01\x01")
        + _extension(b"\x00\x2b", b"\x07" + grease[0] + bytes.fromhex("03040303")[:4])
        + _extension(b"\x00\x1b", b"\x02\x00\x02")
        + _extension(grease[3], b"\x00")
    )
    body = (
        b"\x03\x03"
        + bytes(32)
        + b"\x20"
        + secrets.token_bytes(32)
        + _counted(grease[0] + _CIPHERS)
        + b"\x01\x00"
    )
    room = LENGTH - 5 - 4 - len(body) - 2 - len(extensions) - 4
    extensions += _extension(b"\x00\x15", bytes(room))
    body += _counted(extensions)
    handshake = b"\x01" + len(body).to_bytes(3, "big") + body
    hello = b"\x16\x03\x01" + _counted(handshake)
    digest = bytearray(hmac.digest(secret, hello, hashlib.sha256))
    stamp = int.from_bytes(digest[28:], "little") ^ (now & 0xFFFFFFFF)
    digest[28:] = stamp.to_bytes(4, "little")
    return hello[:11] + bytes(digest) + hello[43:]


def _extension(number: bytes, content: bytes) -> bytes:
    return number + _counted(content)


def _counted(content: bytes) -> bytes:
    return len(content).to_bytes(2, "big") + content


def _point() -> bytes:
    """A number that is the u-coordinate of a point of Curve25519, as a key of X25519 is."""
    while True:
        u = secrets.randbelow(_PRIME)
        if pow(u**3 + 486662 * u**2 + u, (_PRIME - 1) // 2, _PRIME) == 1:
            return u.to_bytes(32, "little")


class TlsReader:
    """Takes what comes out of its records."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self._ready = bytearray()

    async def readexactly(self, amount: int) -> bytes:
        """Exactly `amount` bytes; NotOurProxy where something else comes than data."""
        while len(self._ready) < amount:
            head = await self._reader.readexactly(5)
            content = await self._reader.readexactly(int.from_bytes(head[3:], "big"))
            if head[0] == _DATA:
                self._ready += content
            elif head[0] != _CHANGE:
                raise NotOurProxy
        taken = bytes(self._ready[:amount])
        del self._ready[:amount]
        return taken


class TlsWriter:
    """Lays what goes into records."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer

    def write(self, data: bytes) -> None:
        """Send all of it."""
        for start in range(0, len(data), _LARGEST):
            self._writer.write(
                bytes([_DATA]) + b"\x03\x03" + _counted(data[start : start + _LARGEST])
            )

    async def drain(self) -> None:
        """Wait until there is room for more."""
        await self._writer.drain()

    def close(self) -> None:
        """Close the connection."""
        self._writer.close()

    async def wait_closed(self) -> None:
        """Wait for the end of it."""
        await self._writer.wait_closed()
