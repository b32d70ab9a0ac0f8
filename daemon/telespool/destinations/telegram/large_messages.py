"""Messages of half a megabyte, with few copies, and no messages that only acknowledge others.

Telethon copies a request at each step that adds a head or a tail to it. Here the pieces of a part (its heads, what the
disk gave, the padding) are joined once, to be encrypted, and once more to be sent. Nor is media gzipped: Telethon
compresses every request to see whether it shrinks, which photos and videos never do.

That answers have arrived is told for many at once, as TDLib does it: each word of it is a message of its own, encrypted
and sent by itself.
"""

from __future__ import annotations

import asyncio
import os
import struct
import time
from hashlib import sha256
from typing import Any

from telethon.crypto import AES
from telethon.extensions.messagepacker import MessagePacker
from telethon.network.connection import ConnectionTcpIntermediate
from telethon.network.mtprotostate import MTProtoState
from telethon.network.requeststate import RequestState

Buffer = bytes | bytearray | memoryview

_INCOMPRESSIBLE = 64 << 10  # larger requests are media
_ACKS = 16
_ACKS_WAIT = 10.0  # seconds; TDLib waits for thirty


class Pieces:
    """Bytes that lie in several places; with bytes in front of them or behind they become one."""

    __slots__ = ("all",)

    def __init__(self, *pieces: Buffer) -> None:
        self.all = pieces

    def __len__(self) -> int:
        return sum(map(len, self.all))

    def __add__(self, behind: bytes) -> bytes:
        return b"".join((*self.all, behind))

    def __radd__(self, before: bytes) -> bytes:
        return b"".join((before, *self.all))


class PartState(RequestState):  # type: ignore[misc]
    """A request on its way whose bytes are in pieces."""

    def __init__(self, request: Any, pieces: Pieces) -> None:
        self.container_id = self.msg_id = self.after = None
        self.request = request
        self.data = pieces
        self.future = asyncio.get_running_loop().create_future()


class Packer(MessagePacker):  # type: ignore[misc]
    """Telethon's, which leaves pieces as they are where they go by themselves."""

    async def get(self) -> tuple[Any, Any]:
        """The next requests and their message."""
        if not self._deque:
            self._ready.clear()
            await self._ready.wait()
        if not self._deque or not isinstance(self._deque[0].data, Pieces):
            batch: tuple[Any, Any] = await super().get()
            return batch
        state = self._deque.popleft()
        state.msg_id, head = self._state.head(len(state.data), content_related=True)
        return [state], Pieces(head, *state.data.all)


class State(MTProtoState):  # type: ignore[misc]
    """Telethon's, which takes pieces."""

    def head(self, size: int, *, content_related: bool) -> tuple[int, bytes]:
        """The number of the next message, of so many bytes, and what stands in front of these."""
        number = self._get_new_msg_id()
        return number, struct.pack("<qii", number, self._get_seq_no(content_related), size)

    def write_data_as_message(
        self, buffer: Any, data: Any, content_related: bool, *, after_id: int | None = None
    ) -> int:
        """As Telethon's, without the gzip of what cannot shrink."""
        if len(data) < _INCOMPRESSIBLE or after_id is not None:
            whole = data + b"" if isinstance(data, Pieces) else data
            number: int = super().write_data_as_message(
                buffer, whole, content_related, after_id=after_id
            )
            return number
        number, head = self.head(len(data), content_related=content_related)
        buffer.write(head + data)
        return number

    def encrypt_message_data(self, data: bytes | Pieces) -> Pieces:
        """As Telethon's, with one copy instead of five."""
        pieces = data.all if isinstance(data, Pieces) else (data,)
        head = struct.pack("<qq", self.salt, self.id)
        padding = os.urandom(-(len(head) + len(data) + 12) % 16 + 12)
        plain = b"".join((head, *pieces, padding))
        digest = sha256(self.auth_key.key[88:120])
        digest.update(plain)
        message_key = digest.digest()[8:24]
        keys = self._calc_key(self.auth_key.key, message_key, True)
        key_id = struct.pack("<Q", self.auth_key.key_id)
        return Pieces(key_id, message_key, AES.encrypt_ige(plain, *keys))


class Acknowledgements(set[int]):
    """The numbers of answers of which the server is not told yet; true when it is time to."""

    def __init__(self) -> None:
        super().__init__()
        self._since = 0.0

    def add(self, number: int) -> None:
        """An answer has arrived."""
        if not len(self):
            self._since = time.monotonic()
        super().add(number)

    def __bool__(self) -> bool:
        return len(self) >= _ACKS or (
            len(self) > 0 and time.monotonic() - self._since >= _ACKS_WAIT
        )


class Transport(ConnectionTcpIntermediate):  # type: ignore[misc]
    """Telethon's, of which the kernel takes what it has room for without a copy of the rest.

    It has no checksums: MTProto's own SHA-256 covers every packet.
    """

    def _send(self, data: Pieces) -> None:
        self._writer.write(memoryview(self._codec.encode_packet(data)))
