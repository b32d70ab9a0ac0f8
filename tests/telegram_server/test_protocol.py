"""The protocol under the requests: key exchange, transports, sessions, salts, ids."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

import pytest
from telethon.errors import AuthKeyNotFound
from telethon.network.connection import (
    ConnectionTcpAbridged,
    ConnectionTcpFull,
    ConnectionTcpIntermediate,
)
from telethon.sessions import MemorySession, StringSession
from telethon.tl import functions

from .helpers import logged_in, photo, upload
from .wire import method_name

if TYPE_CHECKING:
    from pathlib import Path

    from .server import TestTelegram

pytestmark = pytest.mark.telegram


async def test_key_exchange(telegram: TestTelegram) -> None:
    """A client without a key makes one with the server by RSA and Diffie-Hellman, and is answered."""
    client = telegram.client()
    await client.connect()
    assert client.session.auth_key.key_id in telegram.keys
    assert await client.is_user_authorized() is False
    await client.disconnect()


async def test_preshared_key_needs_no_exchange(telegram: TestTelegram) -> None:
    """A client with a key that was given to both sides is logged in at once."""
    client = telegram.client(account="user")
    key = client.session.auth_key
    await client.connect()
    assert (await client.get_me()).first_name == "Ada"
    assert client.session.auth_key == key
    await client.disconnect()


@pytest.mark.parametrize(
    "transport", [ConnectionTcpFull, ConnectionTcpAbridged, ConnectionTcpIntermediate]
)
async def test_transports(telegram: TestTelegram, transport: Any) -> None:
    """Each of the three transports carries the key exchange, short answers and half a megabyte."""
    client = telegram.client(connection=transport)
    await client.start(bot_token=telegram.BOT_TOKEN)
    await upload(client, bytes(512 << 10), "a.bin")
    assert [call.size for call in telegram.calls_of("saveFilePart")] == [512 << 10]
    await client.disconnect()


async def test_session_file_survives_the_client(telegram: TestTelegram, tmp_path: Path) -> None:
    """A session file written by the server logs one client in after another."""
    path = telegram.session_file(tmp_path / "login")
    for _ in range(2):
        client = telegram.client(str(path))
        await client.connect()
        assert await client.is_user_authorized()
        await client.disconnect()
    assert len(telegram.connections) == 2


async def test_session_string(telegram: TestTelegram) -> None:
    """A session string logs a client in."""
    client = telegram.client(StringSession(telegram.session_string("bot")))
    await client.connect()
    assert (await client.get_me()).bot
    await client.disconnect()


async def test_new_salt(telegram: TestTelegram, client: Any) -> None:
    """After the salt has changed, the request is answered all the same."""
    telegram.new_salt()
    assert await client.get_me()
    assert client._sender._state.salt == telegram.salt


@pytest.mark.parametrize("offset", [-86_400.0, 86_400.0])
async def test_clock_off_by_a_day(telegram: TestTelegram, offset: float) -> None:
    """A client whose clock is a day off is told so by bad_msg_notification and sets its time."""
    telegram.clock_offset = offset
    client = await logged_in(telegram)
    assert abs(client._sender._state.time_offset - offset) <= 2
    await client.disconnect()


async def test_unknown_key(telegram: TestTelegram) -> None:
    """A key the server does not know is answered with transport error -404."""
    client = telegram.client(account="user", connection_retries=1)
    telegram.forget_keys()
    with pytest.raises(AuthKeyNotFound):
        await client.connect()
    await client.disconnect()


async def test_keys_of_another_client_do_not_log_in(telegram: TestTelegram) -> None:
    """A login belongs to its key alone."""
    known = await logged_in(telegram)
    stranger = telegram.client(MemorySession(), account=None)
    stranger.session.set_dc(telegram.dc_id, telegram.host, telegram.port)
    await stranger.connect()
    assert not await stranger.is_user_authorized()
    assert await known.is_user_authorized()
    await stranger.disconnect()
    await known.disconnect()


async def test_containers(telegram: TestTelegram, client: Any) -> None:
    """Many requests at once come in containers and are each answered."""
    users = await asyncio.gather(*(client.get_me() for _ in range(50)))
    assert {user.id for user in users} == {telegram.directory.user.id}


async def test_gzipped_requests(telegram: TestTelegram, client: Any) -> None:
    """A part that shrinks is sent gzipped by the client, and counts unpacked."""
    await upload(client, bytes(100_000), "zeros.bin")
    (call,) = telegram.calls_of("saveFilePart")
    assert call.size == 100_000
    assert telegram.connections[0].bytes_in < 20_000


async def test_ping(client: Any) -> None:
    """A ping gets its pong."""
    pong = await client(functions.PingRequest(ping_id=77))
    assert pong.ping_id == 77


async def test_requests_overlap(telegram: TestTelegram, client: Any) -> None:
    """Requests are carried out side by side, not one after the other."""
    telegram.faults.add("getAppConfig", delay=0.1, times=None)
    requests = (client(functions.help.GetAppConfigRequest(hash=0)) for _ in range(20))
    await asyncio.gather(*requests)
    calls = telegram.calls_of("getAppConfig")
    assert calls[0].took is not None
    assert all(call.at < calls[0].at + calls[0].took for call in calls)


async def test_connections_are_counted(telegram: TestTelegram, client: Any) -> None:
    """Bytes and calls are counted for each connection."""
    data = photo(800, 600, "PNG")
    await upload(client, data, "a.png")
    (record,) = telegram.connections
    assert record.calls["upload.saveFilePart"] == 1
    assert record.initialised
    assert record.bytes_in > 0 < record.bytes_out


async def test_bandwidth(telegram: TestTelegram, client: Any) -> None:
    """With a rate, the bytes do not come sooner than it allows."""
    telegram._bucket.rate = 1_000_000
    started = asyncio.get_running_loop().time()
    await upload(client, os.urandom(200_000), "a.bin")
    seconds = asyncio.get_running_loop().time() - started
    assert telegram.connections[0].bytes_in / 1_000_000 <= seconds + 0.05


def test_method_names() -> None:
    """Requests are named as the documentation names them."""
    assert method_name(functions.messages.SendMultiMediaRequest) == "messages.sendMultiMedia"
    assert method_name(functions.PingRequest) == "ping"
