"""One TCP connection after its first bytes: encryption, sessions, containers, salts, pings, answers.

MTProto 2.0 as described at core.telegram.org/mtproto/description. Each request runs as a task of the server, not
of the connection: a request that has arrived is carried out even when the client is gone before the answer.
What the client must not do with message ids is answered with bad_msg_notification, a stale salt with
bad_server_salt, an unknown key with transport error -404.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import struct
import time
from typing import TYPE_CHECKING, Any, Final

from telethon.crypto import AES
from telethon.extensions import BinaryReader
from telethon.network.mtprotostate import MTProtoState
from telethon.tl import functions, types
from telethon.tl.core import GzipPacked, MessageContainer

from .calls import answer
from .handshake import Handshake
from .transport import Line, Transport, recognise
from .wire import Disconnect, HalfAnswer, Refused, serialise, unwrap

if TYPE_CHECKING:
    from .records import ConnectionRecord
    from .server import TestTelegram

_RPC_RESULT: Final = 0xF35C6D01
_RESPONSE, _NOTIFICATION = 1, 3
"""The low bits of a server's message id: an answer to a request, or news of its own."""

_SILENT: Final = (
    types.MsgsAck,
    types.MsgsStateReq,
    types.MsgResendReq,
    types.MsgsAllInfo,
    functions.DestroySessionRequest,
)


class Connection:
    """What one client says on one TCP connection, and what it is told."""

    def __init__(self, telegram: TestTelegram, line: Line, record: ConnectionRecord) -> None:
        self.telegram, self.line, self.record = telegram, line, record
        self.key: Any = None
        self.session: int | None = None
        self._transport: Transport | None = None
        self._handshake: Handshake | None = None
        self._sequence = 0
        self._last_id = 0
        self._seen: set[int] = set()

    async def run(self) -> None:
        """Serve until the client leaves; Disconnect and the stream's errors leave it."""
        self._transport = await recognise(self.line, self.telegram.proxy_secret)
        while True:
            packet = await self._transport.read(self.line)
            await self.telegram.thawed.wait()
            if packet[:8] == bytes(8):
                self._plain(packet)
            else:
                self._encrypted(packet)

    def _write(self, payload: bytes) -> None:
        assert self._transport is not None
        self.line.write(self._transport.frame(payload))

    def _message_id(self, kind: int) -> int:
        """The server's ids: time times 2^32, growing, and odd."""
        fresh = int(self.telegram.time() * 2**32) & ~3
        self._last_id = max(fresh, (self._last_id & ~3) + 4) | kind
        return self._last_id

    # key exchange

    def _plain(self, packet: bytes) -> None:
        if self._handshake is None:
            self._handshake = Handshake(self.telegram.server_key)
        body = bytes(self._handshake.answer(BinaryReader(packet[20:]).tgread_object()))
        head = struct.pack("<qqi", 0, self._message_id(_RESPONSE), len(body))
        self._write(head + body)
        if self._handshake.key is not None:
            self.telegram.learn_key(self._handshake.key)
            self._handshake = None

    # encrypted messages

    def _encrypted(self, packet: bytes) -> None:
        key = self.telegram.keys.get(struct.unpack("<Q", packet[:8])[0])
        if key is None:
            self._write(struct.pack("<i", -404))
            self.line.flush_and_close()
            raise Disconnect
        message_key = packet[8:24]
        data = AES.decrypt_ige(packet[24:], *MTProtoState._calc_key(key.key, message_key, True))
        if hashlib.sha256(key.key[88:120] + data).digest()[8:24] != message_key:
            raise Disconnect
        self.key = key
        salt, session, message_id, number, length = struct.unpack("<qqqii", data[:32])
        if self.session != session:
            self.session, self._sequence = session, 0
        trouble = self._wrong_id(message_id)
        if trouble:
            self._send(types.BadMsgNotification(message_id, number, trouble))
            return
        if salt != self.telegram.salt:
            self._send(types.BadServerSalt(message_id, number, 48, self.telegram.salt))
            return
        if self.telegram.greet(key.key_id, session):
            self._send(types.NewSessionCreated(message_id, session, self.telegram.salt))
        self._message(message_id, BinaryReader(data[32 : 32 + length]).tgread_object())

    def _wrong_id(self, message_id: int) -> int | None:
        """The error code for an id that is not divisible by four, or too far from the server's time."""
        if message_id % 4:
            return 18
        distance = (message_id >> 32) - self.telegram.time()
        if distance < -300:
            return 16
        return 17 if distance > 30 else None

    def _message(self, message_id: int, message: Any) -> None:
        if isinstance(message, MessageContainer):
            for inner in message.messages:
                self._message(inner.msg_id, inner.obj)
        elif isinstance(message, GzipPacked):
            self._message(message_id, BinaryReader(message.data).tgread_object())
        elif isinstance(message, functions.PingRequest | functions.PingDelayDisconnectRequest):
            self._send(types.Pong(message_id, message.ping_id))
        elif isinstance(message, functions.GetFutureSaltsRequest):
            self._send(types.FutureSalts(message_id, int(self.telegram.time()), []))
        elif not isinstance(message, _SILENT) and message_id not in self._seen:
            self._seen.add(message_id)
            self.telegram.spawn(self._call(message_id, message))

    async def _call(self, message_id: int, request: Any) -> None:
        request, around = unwrap(request)
        self.record.initialised |= "initConnection" in around
        self.record.without_updates |= "invokeWithoutUpdates" in around
        head = struct.pack("<Iq", _RPC_RESULT, message_id)
        try:
            if self.telegram.rtt:
                await asyncio.sleep(self.telegram.rtt)
            body = _packed(serialise(await answer(self.telegram, self, request)))
        except Refused as error:
            body = bytes(types.RpcError(error.code, error.name))
        except Disconnect:
            self.line.abort()
            return
        except HalfAnswer as half:
            await self.line.write_half_and_abort(self._sealed(head + _packed(half.body)))
            return
        if not self.line.closed:
            self._send(head + body)

    def push(self, update: Any) -> None:
        """Tell the client something it did not ask for."""
        if self.session is not None and not self.line.closed:
            self._send(update, _NOTIFICATION)

    def _send(self, message: Any, kind: int = _RESPONSE) -> None:
        self.line.write(self._sealed(message, kind))

    def _sealed(self, message: Any, kind: int = _RESPONSE) -> bytes:
        """The packet that carries this message to this session."""
        assert self._transport is not None
        assert self.session is not None
        body = bytes(message)
        head = struct.pack(
            "<qqqii",
            self.telegram.salt,
            self.session,
            self._message_id(kind),
            self._sequence * 2 + 1,
            len(body),
        )
        self._sequence += 1
        data = head + body
        data += os.urandom(-(len(data) + 12) % 16 + 12)
        message_key = hashlib.sha256(self.key.key[96:128] + data).digest()[8:24]
        keys = MTProtoState._calc_key(self.key.key, message_key, False)
        sealed = struct.pack("<Q", self.key.key_id) + message_key + AES.encrypt_ige(data, *keys)
        return self._transport.frame(sealed)

    def finish(self) -> None:
        """Close, and note when."""
        self.record.closed = time.monotonic()
        if not self.line.closed:
            self.line.abort()


def _packed(body: bytes) -> bytes:
    """Gzipped when it is long, as Telegram does."""
    return bytes(GzipPacked(body)) if len(body) > 1024 else body
