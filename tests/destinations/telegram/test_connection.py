"""One connection by itself: what it says when it ends, and what it never does."""

from __future__ import annotations

import asyncio
import struct
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from telethon.tl import functions, types

from telespool.destinations.telegram.address import Address
from telespool.destinations.telegram.connection import Connection, ConnectionDown, ConnectionLimits

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.telegram_server import TestTelegram

pytestmark = pytest.mark.telegram
ME = functions.users.GetUsersRequest([types.InputUserSelf()])


@asynccontextmanager
async def line_to(telegram: TestTelegram, **limits: float) -> AsyncIterator[Connection]:
    """An open connection, logged in."""
    address = Address(telegram.dc_id, telegram.host, telegram.port)
    line = Connection(address, telegram.preshared(), telegram.API_ID, ConnectionLimits(**limits))
    await line.open()
    try:
        yield line
    finally:
        await line.close()


@pytest.mark.parametrize(
    ("code", "throttled", "stranger"), [(-429, True, False), (-404, False, True)]
)
async def test_transport_errors_are_told_apart(
    telegram: TestTelegram, code: int, throttled: bool, stranger: bool
) -> None:
    """Too many connections is one thing, an unknown key another."""

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(64)
        writer.write(struct.pack("<ii", 4, code))
        await writer.drain()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    line = Connection(Address(2, "127.0.0.1", port), telegram.preshared(), 1)
    with pytest.raises(ConnectionDown) as caught:
        await line.open()
    assert (caught.value.throttled, caught.value.stranger) == (throttled, stranger)
    server.close()


async def test_a_request_learns_that_its_line_broke(telegram: TestTelegram) -> None:
    """Who waits for an answer when the connection breaks is told at once, and so is the next one."""
    telegram.faults.add("users.getUsers", hang=True)
    async with line_to(telegram) as line:
        asking = asyncio.create_task(line.request(ME))
        await telegram.until(lambda: telegram.calls_of("getUsers"))
        telegram.drop_connections()
        with pytest.raises(ConnectionDown):
            await asking
        with pytest.raises(ConnectionDown):
            await line.request(ME)
        assert not line.is_up
    assert len(telegram.calls_of("getUsers")) == 1, "nothing is sent again behind one's back"


async def test_who_is_cancelled_leaves_the_line_usable(telegram: TestTelegram) -> None:
    """Giving up one request does not disturb the others."""
    telegram.faults.add("users.getUsers", delay=0.2)
    async with line_to(telegram) as line:
        given_up = asyncio.create_task(line.request(ME))
        await telegram.until(lambda: telegram.calls_of("getUsers"))
        given_up.cancel()
        await asyncio.gather(given_up, return_exceptions=True)
        assert (await line.request(ME))[0].id == telegram.directory.user.id
        assert line.in_flight == 0


async def test_answers_to_others_are_signs_of_life(telegram: TestTelegram) -> None:
    """A request is given up after silence, not after time: while others are answered, it may take long."""
    telegram.faults.add("users.getFullUser", delay=0.6)
    async with line_to(telegram, answer=0.3) as line:
        slow = asyncio.create_task(
            line.request(functions.users.GetFullUserRequest(types.InputUserSelf()))
        )
        while not slow.done():
            await line.request(ME)
            await asyncio.sleep(0.02)
        assert (await slow) is not None


async def test_closing_wakes_those_who_wait(telegram: TestTelegram) -> None:
    """Nobody hangs on a connection that was closed from this side."""
    telegram.faults.add("users.getUsers", hang=True)
    async with line_to(telegram) as line:
        asking = asyncio.create_task(line.request(ME))
        await telegram.until(lambda: telegram.calls_of("getUsers"))
        await line.close()
        with pytest.raises(ConnectionDown):
            await asking


async def test_media_is_not_gzipped_and_small_requests_are(telegram: TestTelegram) -> None:
    """A part takes the wire as it is, even one of zeros; a long small request shrinks."""
    zeros = bytes(512 << 10)
    async with line_to(telegram) as line:
        before = telegram.connections[0].bytes_in
        await line.request(functions.upload.SaveFilePartRequest(1, 0, zeros))
        assert telegram.connections[0].bytes_in - before > len(zeros)
        before = telegram.connections[0].bytes_in
        await line.request(functions.upload.SaveFilePartRequest(1, 1, zeros[:32768]))
        assert telegram.connections[0].bytes_in - before < 4096
