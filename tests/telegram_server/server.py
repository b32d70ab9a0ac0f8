"""A Telegram for tests: MTProto over loopback TCP, for an unmodified Telethon client.

    async with TestTelegram() as telegram:
        client = telegram.client()
        await client.start(bot_token=telegram.BOT_TOKEN)
        await client.send_file("@media", "photo.jpg")
        assert telegram.messages[0].kind == "photo"

It keeps what it is sent, checks it as Telegram does, and misbehaves when told to (`telegram.faults`). What it
models and what it cannot prove stands in docs/test-telegram.md. A mistake of the server itself is
kept in `bugs`; tests assert that there is none (the fixture does).
"""

from __future__ import annotations

import asyncio
import os
import random
import tempfile
import time
from base64 import urlsafe_b64decode
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from telethon import TelegramClient
from telethon.crypto import AuthKey
from telethon.crypto import rsa as telethon_rsa
from telethon.sessions import MemorySession, SQLiteSession, StringSession
from telethon.tl import types

from tests.patience import longest

from .chats import Directory
from .faults import Faults, Violation, Waits
from .handshake import ServerKey
from .posts import Posts
from .records import ConnectionRecord
from .session import Connection
from .storage import Storage
from .transport import Bucket, Line
from .wire import Disconnect, now

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from .chats import Chat
    from .posts import Duplicate
    from .records import Call, Message


class TestTelegram:
    """One data centre with two accounts (a person and a bot) and some chats.

    `rtt` is added to every request, in seconds; `rate` and `connection_rate` are bytes per second for all
    connections together and for each; `keep=False` counts bytes instead of keeping them; `duplicate`
    is what a repeated random_id gets; `media_dc` opens a second port that help.getConfig calls media_only; `host` may
    be an IPv6 address.
    """

    __test__ = False  # pytest: not a class of tests
    BOT_TOKEN: ClassVar = "4242:test-token"
    PHONE: ClassVar = "+15550100"
    PHONE_CODE: ClassVar = "22222"
    API_ID: ClassVar = 12345
    API_HASH: ClassVar = "0123456789abcdef0123456789abcdef"
    dc_id: ClassVar = 2

    def __init__(
        self,
        *,
        rtt: float = 0.0,
        rate: float | None = None,
        connection_rate: float | None = None,
        keep: bool = True,
        duplicate: Duplicate = "return",
        media_dc: bool = False,
        host: str = "127.0.0.1",
        port: int = 0,
        observer: Callable[[Call], None] | None = None,
    ) -> None:
        self.rtt, self.connection_rate = rtt, connection_rate
        self.host, self.port, self.media_port = host, port, 0
        self.server_key = ServerKey()
        self.salt = random.getrandbits(62) | 1
        self.keys: dict[int, Any] = {}
        self.logged_in: dict[int, int] = {}
        self.password_exchanges: dict[int, int] = {}
        self.login_tokens: dict[bytes, int] = {}
        self.scanned: set[int] = set()
        self.proxy_secret: bytes | None = None
        """Where it is set, the port is an MTProxy with this secret, which leads here."""
        self.clock_offset = 0.0
        """The server's clock runs this many seconds ahead of the machine's."""
        self.thawed = asyncio.Event()
        self.thawed.set()
        self.observer = observer
        self._bucket = Bucket(rate)
        self._keep, self._duplicate, self._media_dc = keep, duplicate, media_dc
        self._servers: list[asyncio.Server] = []
        self._connections: set[Connection] = set()
        self._accepting: set[asyncio.Task[None]] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._sessions: set[tuple[int, int]] = set()
        self._changed = asyncio.Event()
        self._directory_for_files: tempfile.TemporaryDirectory[str] | None = None
        self._cut_after: int | None = None
        self.reset()

    def reset(self) -> None:
        """Forget everything that was sent and scripted; logins stay."""
        self.directory = Directory()
        self.storage = Storage(keep=self._keep)
        self.posts = Posts(self.directory, self.storage, self._duplicate)
        self.faults, self.waits = Faults(), Waits()
        self.calls: list[Call] = []
        self.connections: list[ConnectionRecord] = []
        self.violations: list[Violation] = []
        self.bugs: list[BaseException] = []
        self.part_counts: Counter[tuple[int, int]] = Counter()
        self.part_times: defaultdict[tuple[int, int], list[float]] = defaultdict(list)

    # what it saw

    @property
    def messages(self) -> list[Message]:
        """All messages, in the order in which they were posted."""
        return self.posts.messages

    def in_chat(self, name: str) -> list[Message]:
        """The messages of one chat."""
        return [message for message in self.messages if message.chat == name.lstrip("@")]

    def content(self, message: Message) -> bytes:
        """The bytes of a message's photo or document."""
        return self.storage.media[message.media_id or 0].content

    def calls_of(self, method: str) -> list[Call]:
        """The calls of one method, with or without its namespace."""
        return [call for call in self.calls if method in {call.name, call.name.partition(".")[2]}]

    async def until(self, condition: Callable[[], object], timeout: float = 30.0) -> None:
        """Wait until something is true of the server; looked at after each call and each change."""
        async with asyncio.timeout(longest(timeout)):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    def chat(self, name: str) -> Chat:
        """A chat, to make it forbidden or slow."""
        return self.directory[name]

    # running

    async def __aenter__(self) -> Self:
        self._directory_for_files = tempfile.TemporaryDirectory(prefix="test-telegram-")
        self.public_key.write_text(self.server_key.pem, encoding="ascii")
        telethon_rsa.add_key(self.server_key.pem, old=False)
        await self.resume()
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self.pause()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        assert self._directory_for_files is not None
        self._directory_for_files.cleanup()

    @property
    def public_key(self) -> Path:
        """A PEM file with the server's public key."""
        assert self._directory_for_files is not None
        return Path(self._directory_for_files.name, "public_key.pem")

    async def resume(self) -> None:
        """Listen, on the same port as before."""
        main = await asyncio.start_server(
            lambda *streams: self._accept(*streams, media=False),
            self.host,
            self.port,
            limit=4 << 20,
        )
        self.port = main.sockets[0].getsockname()[1]
        self._servers = [main]
        if self._media_dc:
            media = await asyncio.start_server(
                lambda *streams: self._accept(*streams, media=True),
                self.host,
                self.media_port,
                limit=4 << 20,
            )
            self.media_port = media.sockets[0].getsockname()[1]
            self._servers.append(media)

    async def pause(self) -> None:
        """Be gone: close every connection and refuse new ones. What is known stays."""
        servers, self._servers = self._servers, []
        for server in servers:
            server.close()
        self.drop_connections()
        for task in self._accepting:
            task.cancel()
        if self._accepting:
            await asyncio.wait(self._accepting)

    def drop_connections(self) -> None:
        """Reset every connection; new ones are welcome."""
        for connection in list(self._connections):
            connection.line.abort()

    def cut_next(self, after: int) -> None:
        """Reset the connection in mid-packet, once so many more bytes have come on one."""
        self._cut_after = after
        for connection in self._connections:
            connection.line.cut_after = after

    def freeze(self) -> None:
        """Read what comes and answer nothing, like a dead line."""
        self.thawed.clear()

    def thaw(self) -> None:
        """Go on where `freeze` stopped."""
        self.thawed.set()

    def time(self) -> float:
        """The server's clock."""
        return time.time() + self.clock_offset

    def new_salt(self) -> None:
        """Change the salt; the next message of every client is answered with bad_server_salt."""
        self.salt = random.getrandbits(62) | 1

    async def _accept(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, media: bool
    ) -> None:
        if not self._servers:  # it came in the moment in which we went
            writer.transport.abort()
            return
        record = ConnectionRecord(len(self.connections), media, time.monotonic())
        self.connections.append(record)
        self._changed.set()
        line = Line(reader, writer, record, [self._bucket, Bucket(self.connection_rate)])
        line.cut_after = self._cut_after
        connection = Connection(self, line, record)
        self._connections.add(connection)
        task = asyncio.current_task()
        assert task is not None
        self._accepting.add(task)
        try:
            await connection.run()
        except (
            asyncio.IncompleteReadError,
            asyncio.CancelledError,  # by pause(), and by nobody else
            ConnectionError,
            Disconnect,
        ):
            if line.cut_after is not None and line.closed:
                self._cut_after = None
        except Exception as error:  # noqa: BLE001  a mistake of the server: shown by `bugs`
            self.bugs.append(error)
        finally:
            connection.finish()
            self._connections.discard(connection)
            self._accepting.discard(task)
            self._changed.set()

    def changed(self, call: Call | None = None) -> None:
        """Something has happened: wake `until`, and tell the observer of a call that is over."""
        if call is not None and self.observer is not None:
            self.observer(call)
        self._changed.set()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Carry out a request, whatever becomes of its connection."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # keys, sessions, logins

    def learn_key(self, key: Any) -> None:
        """Know an authorisation key."""
        self.keys[key.key_id] = key

    def preshared(self, account: str | None = "user") -> Any:
        """A key both sides know, logged in as "user" or "bot" (None: nobody): no key exchange is needed."""
        key = AuthKey(os.urandom(256))
        self.learn_key(key)
        if account is not None:
            self.logged_in[key.key_id] = getattr(self.directory, account).id
        return key

    def greet(self, key_id: int, session: int) -> bool:
        """Whether this session is seen for the first time."""
        new = (key_id, session) not in self._sessions
        self._sessions.add((key_id, session))
        return new

    def revoke(self, account: str = "user") -> None:
        """End all logins of an account; its next request is AUTH_KEY_UNREGISTERED."""
        number = getattr(self.directory, account).id
        self.logged_in = {key: who for key, who in self.logged_in.items() if who != number}

    def forget_keys(self) -> None:
        """Forget every key; the next packet of a client is answered with transport error -404."""
        self.keys.clear()
        self.logged_in.clear()

    def scan_qr(self, url: str) -> None:
        """Do what a phone does that scans a QR code of the account."""
        text = url.partition("token=")[2]
        key_id = self.login_tokens[urlsafe_b64decode(text + "=" * (-len(text) % 4))]
        self.scanned.add(key_id)
        for connection in self._connections:
            if connection.key is not None and connection.key.key_id == key_id:
                connection.push(types.UpdateShort(types.UpdateLoginToken(), now()))

    def forget_parts(self, file_id: int | None = None, parts: Sequence[int] | None = None) -> int:
        """Lose uploaded parts, as Telegram does after minutes or hours; how many were lost."""
        return self.storage.forget(file_id, None if parts is None else tuple(parts))

    # clients

    def _prepared(self, session: Any, account: str | None) -> Any:
        session.set_dc(self.dc_id, self.host, self.port)
        if account is not None:
            session.auth_key = self.preshared(account)
        return session

    def client(self, session: Any = None, *, account: str | None = None, **options: Any) -> Any:
        """An unmodified TelegramClient that talks to this server; logged in if `account` is given."""
        if session is None:
            session = self._prepared(MemorySession(), account)
        options.setdefault("raise_last_call_error", True)
        return TelegramClient(session, self.API_ID, self.API_HASH, **options)

    def session_file(self, path: Path, account: str = "user") -> Path:
        """Write a logged-in session file, as `telespool login` leaves it; `.session` is appended if missing."""
        session = SQLiteSession(str(path))
        self._prepared(session, account)
        session.save()
        session.close()
        return Path(session.filename)

    def session_string(self, account: str = "user") -> str:
        """A logged-in session as a string."""
        session = self._prepared(StringSession(), account)
        return str(session.save())
