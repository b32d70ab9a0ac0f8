"""The connections that carry parts: how many, where to, with what on them, and how they leave the loop free."""

from __future__ import annotations

import asyncio
import struct
import time
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from telethon.crypto import AES
from telethon.errors import InvalidBufferError

from telespool.destinations.telegram import TelegramDestination
from telespool.destinations.telegram.address import Address
from telespool.destinations.telegram.connection import ConnectionDown
from tests.destinations.telegram.support import (
    CHATS,
    PART,
    opened,
    photo_file,
    secrets,
    send,
    settings,
    video_file,
)
from tests.telegram_server import TestTelegram
from tests.telegram_server.control import TelegramProcess
from tests.through import not_by_mtproxy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.telegram


@pytest_asyncio.fixture
async def with_media() -> AsyncIterator[TestTelegram]:
    """A test Telegram whose configuration lists a media address."""
    async with TestTelegram(media_dc=True) as server:
        yield server
        assert server.bugs == []


@pytest.mark.parametrize("connections", [1, 3, 8])
async def test_only_parts_on_the_extra_ones(
    telegram: TestTelegram, tmp_path: Path, connections: int
) -> None:
    """So many as are configured, introduced, without updates, kept open across files, and only `upload.*` on them."""
    telegram.rtt = 0.02
    async with opened(telegram, tmp_path / "state", connections=connections) as destination:
        for number in range(1, 13):
            await send(destination, [video_file(tmp_path, 40 * PART, number)])
            carrying = [
                each for each in telegram.connections if "upload.saveBigFilePart" in each.calls
            ]
            if number > 1 and len(carrying) >= connections:
                break  # on a busy machine some are not open before the first films are there
    first, *extra = telegram.connections
    assert len(extra) == connections
    assert not any(name.startswith("upload.") for name in first.calls)
    for each in extra:
        assert set(each.calls) == {"help.getConfig", "upload.saveBigFilePart"}
        assert each.initialised
        assert each.without_updates


async def test_one_small_photo_needs_one_connection(telegram: TestTelegram, tmp_path: Path) -> None:
    """Connections are opened for parts that wait, not for the sake of being there."""
    async with opened(telegram, tmp_path / "state", connections=8) as destination:
        await send(destination, [photo_file(tmp_path)])
    assert len(telegram.connections) == 2


async def test_parts_go_to_a_regular_address(with_media: TestTelegram, tmp_path: Path) -> None:
    """Media-only addresses are for downloads: no part goes there."""
    async with opened(with_media, tmp_path / "state") as destination:
        await send(destination, [video_file(tmp_path, 25 * PART)])
    assert len(with_media.messages) == 1
    assert not any(each.media_only for each in with_media.connections)


@not_by_mtproxy
async def test_a_connection_that_cannot_be_had_is_done_without(
    telegram: TestTelegram, tmp_path: Path
) -> None:
    """Where Telegram takes only some of the connections, these carry the file."""
    telegram.rtt = 0.01
    clip = video_file(tmp_path, 40 * PART)
    async with opened(telegram, tmp_path / "state", connections=8) as destination:
        assert destination._open is not None
        caller = destination._open.caller
        honest, asked = caller.another, 0

        def sparing(door: Address) -> object:
            nonlocal asked
            asked += 1
            return honest(door if asked <= 2 else Address(2, "127.0.0.1", 1))

        caller.another = sparing  # type: ignore[method-assign,assignment]
        await send(destination, [clip])
    assert len(telegram.messages) == 1
    assert len(telegram.connections) == 3


async def test_ten_photos_are_one_stream(telegram: TestTelegram, tmp_path: Path) -> None:
    """The files of an album share the window: they are on the way together, the first ones ahead."""
    telegram.rtt = 0.05
    items = [video_file(tmp_path, 6 * PART, number) for number in range(1, 11)]
    async with opened(telegram, tmp_path / "state", window=8 * PART) as destination:
        await asyncio.gather(*(destination.stage("default", each) for each in items))
    calls = telegram.calls_of("upload.saveFilePart")
    running = [
        sum(each.at <= call.at < each.at + (each.took or 0.0) for each in calls) for call in calls
    ]
    taken_in = [call.at for call in telegram.calls_of("uploadMedia")]
    assert max(running) <= 16
    assert max(call.at for call in calls) > min(taken_in), "the first was complete before the last"


@not_by_mtproxy
async def test_the_loop_stays_free(tmp_path: Path) -> None:
    """While a file is sent, no turn of the event loop computes for much longer than a few parts take to be encrypted.

    That it does not wait for the disk is seen in every test (`unblocked`).
    """
    with TelegramProcess(tmp_path / "server", "--count-only") as telegram:
        state = tmp_path / "state"
        state.mkdir()
        telegram.do("session_file", str(state / "telegram.session"))
        clip = video_file(tmp_path, 64 << 20)
        remote = _Remote(telegram)
        destination = TelegramDestination(
            settings(remote),  # type: ignore[arg-type]
            CHATS,
            secrets(remote),  # type: ignore[arg-type]
            state,
        )
        await destination.open()
        unit = _one_part()
        busy: list[float] = []
        over = asyncio.Event()

        async def watch() -> None:
            while not over.is_set():
                cpu = time.thread_time()
                await asyncio.sleep(0.005)
                busy.append(time.thread_time() - cpu)

        watching = asyncio.create_task(watch())
        await send(destination, [clip])
        over.set()
        await watching
        await destination.close()
    assert len(busy) > 20
    assert sum(each > max(0.05, 12 * unit) for each in busy) <= len(busy) // 50


def _one_part() -> float:
    """Seconds of processor time that encrypting one part takes here and now."""
    began = time.thread_time()
    for _ in range(4):
        AES.encrypt_ige(bytes(PART), bytes(32), bytes(32))
    return (time.thread_time() - began) / 4


class _Remote:
    """What `settings` asks of a server, of one in another process."""

    host = "127.0.0.1"

    def __init__(self, process: TelegramProcess) -> None:
        self.API_ID = process.info["api_id"]
        self.API_HASH = process.info["api_hash"]
        self.dc_id = process.info["dc_id"]
        self.port, self.public_key = process.port, process.public_key


async def test_where_telegram_has_enough_of_them_there_are_fewer(
    telegram: TestTelegram, tmp_path: Path
) -> None:
    """Transport error 429 takes one connection away for a while, once for all parts that heard of it."""
    async with opened(telegram, tmp_path / "state", connections=4) as destination:
        assert destination._open is not None
        lines = destination._open.lines
        too_many = ConnectionDown("enough", cause=InvalidBufferError(struct.pack("<i", -429)))
        assert lines.allowed == 4
        for _ in range(5):
            lines._broken(too_many)
        assert lines.allowed == 3
        lines._throttled[0] -= 10_000
        assert lines.allowed == 4
