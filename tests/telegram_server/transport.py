"""TCP as MTProto uses it: where one packet ends and the next begins, and how fast bytes may come.

Three of the documented transports are spoken: full, abridged and intermediate. The client's first bytes say
which one. `Line` is the connection underneath: it counts, holds to a bandwidth, and can be cut in mid-packet.

`Disconnect` leaves this module for a packet with a wrong checksum or an absurd length, and the errors of
asyncio streams when the client is gone.
"""

from __future__ import annotations

import asyncio
import time
import zlib
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Protocol

from .wire import Disconnect

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .records import ConnectionRecord

LARGEST_PACKET = 2 << 20
"""A part of 512 KB with its envelope is far below; Telegram closes on more than about 1 MB."""


class Bucket:
    """A bandwidth in bytes per second that several connections may share; None is no limit."""

    def __init__(self, rate: float | None) -> None:
        self.rate = rate
        self._free_at = 0.0

    async def take(self, amount: int) -> None:
        """Wait until `amount` bytes have passed."""
        if not self.rate:
            return
        current = time.monotonic()
        self._free_at = max(self._free_at, current) + amount / self.rate
        if self._free_at - current > 0.001:
            await asyncio.sleep(self._free_at - current)


class Line:
    """One TCP connection: bytes in and out, counted and paced."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        record: ConnectionRecord,
        buckets: Sequence[Bucket],
    ) -> None:
        self._reader, self._writer = reader, writer
        self._record, self._buckets = record, buckets
        self._pushed_back = b""
        self._cipher: tuple[Any, Any] | None = None
        self.cut_after: int | None = None
        """Abort when this many more bytes have come, wherever in a packet that is."""

    async def read(self, amount: int) -> bytes:
        """Exactly `amount` bytes."""
        head, self._pushed_back = self._pushed_back[:amount], self._pushed_back[amount:]
        wanted = amount - len(head)
        if self.cut_after is not None and wanted >= self.cut_after:
            await self._reader.readexactly(self.cut_after)
            self.abort()
            raise Disconnect
        come = await self._reader.readexactly(wanted) if wanted else b""
        data = head + (self._cipher[0].decrypt(come) if self._cipher else come)
        if self.cut_after is not None:
            self.cut_after = max(0, self.cut_after - wanted)
        self._record.bytes_in += wanted
        for bucket in self._buckets:
            await bucket.take(wanted)
        return data

    def obscure(self, come: Any, go: Any) -> None:
        """From now on everything is enciphered: what comes by one key, what goes by another."""
        self._cipher = come, go

    def push_back(self, data: bytes) -> None:
        """Let the next `read` begin with `data` once more."""
        self._pushed_back = data + self._pushed_back

    def write(self, data: bytes) -> None:
        """Send; silently nothing once the client is gone."""
        if not self._writer.is_closing():
            self._record.bytes_out += len(data)
            self._writer.write(self._cipher[1].encrypt(data) if self._cipher else data)

    async def write_half_and_abort(self, data: bytes) -> None:
        """Send the first half, then reset the connection."""
        self.write(data[: len(data) // 2])
        with suppress(ConnectionError):
            await self._writer.drain()
        self._writer.close()

    def flush_and_close(self) -> None:
        """Close once what is in the buffers has been sent."""
        self._writer.close()

    def abort(self) -> None:
        """Close at once; what is still in the buffers is thrown away."""
        self._writer.transport.abort()

    @property
    def closed(self) -> bool:
        """Whether this side has closed."""
        return self._writer.is_closing()


class Transport(Protocol):
    """How packets are laid end to end."""

    async def read(self, line: Line) -> bytes:
        """The next packet's payload."""

    def frame(self, payload: bytes) -> bytes:
        """A packet around this payload."""


class Full:
    """Length, number, payload, CRC-32: Telethon's default."""

    def __init__(self) -> None:
        self._number = 0

    async def read(self, line: Line) -> bytes:
        """The next payload; Disconnect where the checksum is wrong."""
        head = await line.read(8)
        rest = await line.read(_checked(int.from_bytes(head[:4], "little") - 8))
        if zlib.crc32(head + rest[:-4]) != int.from_bytes(rest[-4:], "little"):
            raise Disconnect
        return rest[:-4]

    def frame(self, payload: bytes) -> bytes:
        """The payload with its length, number and checksum."""
        head = (len(payload) + 12).to_bytes(4, "little") + self._number.to_bytes(4, "little")
        self._number += 1
        packet = head + payload
        return packet + zlib.crc32(packet).to_bytes(4, "little")


class Abridged:
    """Length in words, in one byte or in three behind 0x7f."""

    async def read(self, line: Line) -> bytes:
        """The next payload."""
        words = (await line.read(1))[0]
        if words >= 0x7F:
            words = int.from_bytes(await line.read(3), "little")
        return await line.read(_checked(words * 4))

    def frame(self, payload: bytes) -> bytes:
        """The payload behind its length."""
        words = len(payload) // 4
        head = bytes([words]) if words < 0x7F else b"\x7f" + words.to_bytes(3, "little")
        return head + payload


class Intermediate:
    """Length in four bytes, nothing else."""

    async def read(self, line: Line) -> bytes:
        """The next payload."""
        return await line.read(_checked(int.from_bytes(await line.read(4), "little")))

    def frame(self, payload: bytes) -> bytes:
        """The payload behind its length."""
        return len(payload).to_bytes(4, "little") + payload


class Padded(Intermediate):
    """Intermediate with up to 15 bytes of chance behind each packet."""

    async def read(self, line: Line) -> bytes:
        """The next payload without what pads it."""
        data = await super().read(line)
        if data[:8] == bytes(8):  # not enciphered: its length stands in it
            return data[: 20 + int.from_bytes(data[16:20], "little")]
        return data[: len(data) - (len(data) - 24) % 16]


async def recognise(line: Line, secret: bytes | None = None) -> Transport:
    """Tell the transport by the first bytes the client sends; an MTProxy, which has a secret, knows one alone."""
    if secret is not None:
        return await _obfuscated(line, secret)
    first = await line.read(1)
    if first == b"\xef":
        return Abridged()
    head = first + await line.read(3)
    if head == b"\xee" * 4:
        return Intermediate()
    line.push_back(head)
    if int.from_bytes(head, "little") > LARGEST_PACKET:
        return await _obfuscated(line)
    return Full()


async def _obfuscated(line: Line, secret: bytes | None = None) -> Transport:
    """The head of 64 bytes, from which both keys are made; from an MTProxy, or (without a secret) from whoever hides.

    core.telegram.org/mtproto/mtproto-transports#transport-obfuscation
    """
    # Here, because it is an extra: on a machine that is installed as people's are this server speaks all but this.
    from Crypto.Cipher import AES  # noqa: PLC0415

    head = await line.read(64)
    back = head[8:56][::-1]
    keys = [(key[:32], key[32:]) for key in (head[8:56], back)]
    if secret is not None:
        keys = [(sha256(key + secret).digest(), start) for key, start in keys]
    come, go = (AES.new(key, AES.MODE_CTR, nonce=b"", initial_value=start) for key, start in keys)
    told = come.decrypt(head)[56:60]
    transports = {b"\xdd" * 4: Padded} if secret is not None else _HIDDEN
    if told not in transports:
        raise Disconnect
    line.obscure(come, go)
    return transports[told]()


_HIDDEN: dict[bytes, type[Transport]] = {
    b"\xdd" * 4: Padded,
    b"\xee" * 4: Intermediate,
    b"\xef" * 4: Abridged,
}


def _checked(length: int) -> int:
    if not 0 < length <= LARGEST_PACKET:
        raise Disconnect
    return length
