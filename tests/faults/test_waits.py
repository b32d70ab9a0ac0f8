"""Waits that Telegram asks for, against the real daemon: asked once, kept to the end, nobody else held up."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.faults.support import HASTY, assert_delivered, drop_all, photos
from tests.harness import eventually
from tests.material import make_zip

if TYPE_CHECKING:
    from tests.harness import Home
    from tests.material import Material
    from tests.telegram_server import TestTelegram

pytestmark = [pytest.mark.telegram, pytest.mark.media]

SHORT_OF_IT = replace(HASTY, flood=1.0)
"""It stands through no wait of some seconds, but puts the units aside."""
METHODS = ["saveFilePart", "saveBigFilePart", "uploadMedia", "sendMedia", "sendMultiMedia"]


def drop_three(home: Home, material: Material) -> None:
    """Two albums for one chat, and one for another."""
    home.drop(make_zip(home.directory / "a.zip", photos(material, 2)), "family")
    home.drop(make_zip(home.directory / "b.zip", photos(material, 2, 10)), "family")
    home.drop(make_zip(home.directory / "c.zip", photos(material, 2, 20)), "friend")


@pytest.mark.parametrize("name", ["FLOOD_WAIT_1", "FLOOD_PREMIUM_WAIT_1"])
async def test_short_wait(
    home: Home, telegram: TestTelegram, material: Material, name: str
) -> None:
    """A wait of a second is waited out, nobody asks before its end, and no attempt is used up."""
    files = drop_all(home, material)
    home.drop(material.clip("mp4", 7), "friend", "alone.mp4")
    faults = [telegram.faults.add(method, error=(420, name)) for method in METHODS]
    await home.inside(patience=HASTY)
    assert [fault.hits for fault in faults] == [1] * len(METHODS)
    assert_delivered(home, telegram, files)


async def test_long_wait(home: Home, telegram: TestTelegram, material: Material) -> None:
    """A wait of hours puts the units aside until its end; `status` says until when; a restart asks for nothing."""
    drop_all(home, material)
    telegram.faults.add("uploadMedia", error=(420, "FLOOD_WAIT_7200"))
    began = time.time()
    async with home.working(patience=HASTY):
        await eventually(lambda: home.lying("deferred") and not home.lying("uploading"))
    calls = len(telegram.calls_of("uploadMedia"))
    status = json.loads(home.command_output("status", "--json").stdout)
    assert status["waiting"]
    for waiting in status["waiting"]:
        assert 7190 < waiting["until"] - began < 7260
    async with home.working(patience=HASTY) as service:
        await eventually(lambda: service.workers and not service.workers[0].context.settled.busy)
    assert len(telegram.calls_of("uploadMedia")) == calls
    assert telegram.messages == []
    assert telegram.violations == []


async def test_a_wait_that_is_over(home: Home, telegram: TestTelegram, material: Material) -> None:
    """When a long wait is over, everything is sent."""
    files = drop_all(home, material)
    telegram.faults.add("uploadMedia", error=(420, "FLOOD_WAIT_4"))
    async with home.working(patience=SHORT_OF_IT) as service:
        await eventually(lambda: service.activity.waits.now(0.0))
        assert telegram.messages == []
        await telegram.until(lambda: len(telegram.messages) == len(files))
        await eventually(lambda: not home.at_work())
    assert_delivered(home, telegram, files)


async def test_slow_mode_holds_up_its_chat_only(
    home: Home, telegram: TestTelegram, material: Material
) -> None:
    """While a chat in slow mode takes no more posts, another chat gets its own."""
    telegram.chat("family").slow_mode = 3600
    drop_three(home, material)
    async with home.working(patience=HASTY):
        await telegram.until(lambda: len(telegram.messages) == 4)
        await eventually(lambda: home.lying("deferred") and not home.lying("uploading"))
    assert len(telegram.in_chat("family")) == len(telegram.in_chat("grace")) == 2
    assert telegram.violations == []


async def test_slow_mode_is_waited_out(
    home: Home, telegram: TestTelegram, material: Material
) -> None:
    """A chat in slow mode takes its posts one after the other, in order."""
    telegram.chat("family").slow_mode = 3
    drop_three(home, material)
    async with home.working(patience=SHORT_OF_IT):
        await telegram.until(lambda: len(telegram.messages) == 6)
        await eventually(lambda: not home.at_work())
    names = [message.name for message in telegram.in_chat("family")]
    assert names == ["IMG_1.jpg", "IMG_2.jpg", "IMG_10.jpg", "IMG_11.jpg"]
    assert telegram.violations == []


async def test_a_chat_that_was_put_right_is_tried_at_once(
    home: Home, telegram: TestTelegram, material: Material
) -> None:
    """After a restart with a corrected configuration nothing waits out what it waited for before."""
    home.use_chats({"default": "@media", "family": "@nobody"})
    home.drop(material.photo(1), "family", "IMG_1.jpg")
    async with home.working(patience=HASTY):
        await eventually(lambda: home.lying("deferred"))
    home.use_chats({"default": "@media", "family": "@family"})
    await home.inside(patience=HASTY)
    assert len(telegram.in_chat("family")) == 1
