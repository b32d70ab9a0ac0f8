"""A person ends a wait: of a chat, a topic, the account, by command or by hand; what cannot be ended is told."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from tests.faults.support import HASTY, photos
from tests.harness import Home, eventually
from tests.material import make_zip
from tests.telegram_server.forums import Forum

if TYPE_CHECKING:
    from pathlib import Path

    from tests.material import Material
    from tests.telegram_server import TestTelegram

pytestmark = [pytest.mark.telegram, pytest.mark.media]


async def _drop_and_wait(home: Home, material: Material) -> None:
    """Two jobs for the chat; until both wait."""
    home.drop(make_zip(home.directory / "aö.zip", photos(material, 2)), "family")
    home.drop(make_zip(home.directory / "b.zip", photos(material, 2, 10)), "family")
    await eventually(lambda: len(home.lying("deferred")) == 4 and not home.lying("uploading"))


def _names(telegram: TestTelegram, chat: str = "family") -> list[str]:
    return [message.name or "" for message in telegram.in_chat(chat)]


ALL = ["IMG_1.jpg", "IMG_2.jpg", "IMG_10.jpg", "IMG_11.jpg"]


@pytest.mark.parametrize("way", ["retry", "touch", "move"])
async def test_a_chat_that_may_be_written_to_again(
    home: Home, telegram: TestTelegram, material: Material, way: str
) -> None:
    """Whoever asks for one job of it ends the wait of the chat: all of it is sent at once, in its order."""
    telegram.chat("family").forbidden = "CHAT_WRITE_FORBIDDEN"
    async with home.working(patience=HASTY):
        await _drop_and_wait(home, material)
        telegram.chat("family").forbidden = None
        first = min((home.spool / "deferred").glob("*/*"))
        if way == "retry":
            said = await asyncio.to_thread(home.command_output, "retry", "aö")
            assert (said.returncode, said.stderr) == (0, "")
            assert "now in uploading/" in said.stdout
            assert "chat family: tried again now; it waited because: " in said.stdout
        elif way == "touch":
            first.touch()
        else:
            target = home.spool / "uploading" / first.parent.name / first.name
            target.parent.mkdir(exist_ok=True)
            first.rename(target)
        await telegram.until(lambda: len(telegram.messages) == 4)
        await eventually(lambda: not home.at_work())
    assert _names(telegram) == ALL
    assert telegram.violations == []


async def test_a_chat_that_is_still_closed(
    home: Home, telegram: TestTelegram, material: Material
) -> None:
    """It is asked when a person wants it, not on and on, and waits again."""
    telegram.chat("family").forbidden = "CHAT_WRITE_FORBIDDEN"
    async with home.working(patience=HASTY) as service:
        await _drop_and_wait(home, material)
        for _ in range(2):
            before = len(telegram.calls)
            await asyncio.to_thread(home.command_output, "retry", "aö")
            await eventually(lambda before=before: len(telegram.calls) > before)
            await eventually(lambda: len(home.lying("deferred")) == 4)
            refused = [call for call in telegram.calls[before:] if "FORBIDDEN" in str(call.outcome)]
            assert 1 <= len(refused) <= 3
            await eventually(lambda: service.activity.waits.now(service.spool.clock()))


async def test_an_account_that_may_post_again(
    home: Home, telegram: TestTelegram, material: Material
) -> None:
    """The wait of the account ends for everybody."""
    telegram.faults.add("sendMultiMedia", error=(403, "USER_RESTRICTED"))
    async with home.working(patience=HASTY):
        await _drop_and_wait(home, material)
        said = await asyncio.to_thread(home.command_output, "retry", "b")
        assert said.returncode == 0
        assert "everything: tried again now; it waited because: " in said.stdout
        await telegram.until(lambda: len(telegram.messages) == 4)
        await eventually(lambda: not home.at_work())
    assert _names(telegram) == ALL


async def test_what_telegram_ordered_goes_on(
    home: Home, telegram: TestTelegram, material: Material
) -> None:
    """A flood wait is not ended: Telegram is asked for nothing, and the command says until when it lasts, and why."""
    telegram.faults.add("sendMultiMedia", error=(420, "FLOOD_WAIT_7200"))
    async with home.working(patience=HASTY):
        await _drop_and_wait(home, material)
        calls = len(telegram.calls_of("sendMultiMedia"))
        said = await asyncio.to_thread(home.command_output, "retry", "aö")
        assert said.returncode == 0
        assert "everything: goes on waiting until" in said.stdout
        assert "FLOOD_WAIT_7200" in said.stdout
        await eventually(lambda: len(home.lying("deferred")) == 4)
    assert len(telegram.calls_of("sendMultiMedia")) == calls


async def test_hours_go_on(tmp_path: Path, telegram: TestTelegram, material: Material) -> None:
    """What waits for the hours of the configuration goes on waiting, which is said."""
    settings = {"send": {"hours": _not_now()}}
    home = Home.beside(tmp_path / "home", telegram, settings=settings)
    async with home.working(patience=HASTY):
        await _drop_and_wait(home, material)
        said = await asyncio.to_thread(home.command_output, "retry", "b")
        assert said.returncode == 0
        assert "everything: goes on waiting until" in said.stdout
        assert "[send] hours" in said.stdout
        await eventually(lambda: len(home.lying("deferred")) == 4)
    assert telegram.messages == []


async def test_a_topic_that_was_opened(
    tmp_path: Path, telegram: TestTelegram, material: Material
) -> None:
    """The wait of a closed topic ends for it alone."""
    chat = telegram.chat("family")
    chat.forum = Forum()
    for name in ("one", "two"):
        chat.forum.add(chat, name)
    for topic in chat.forum.topics:
        topic.closed = topic.title in {"one", "two"}
    settings = {"chats.family": {"to": "@family", "subfolders": "topics"}}
    home = Home.beside(tmp_path / "home", telegram, chats={"default": "@media"}, settings=settings)
    home.drop(material.photo(1), "family/one", "IMG_1.jpg")
    home.drop(material.photo(2), "family/two", "IMG_2.jpg")
    async with home.working(patience=HASTY):
        await eventually(lambda: len(home.lying("deferred")) == 2)
        for topic in chat.forum.topics:
            topic.closed = False
        said = await asyncio.to_thread(home.command_output, "retry", "IMG_1")
        assert "topic one of family: tried again now" in said.stdout
        await telegram.until(lambda: telegram.messages)
        await eventually(lambda: len(home.at_work()) == 1)
    assert _names(telegram) == ["IMG_1.jpg"]


def _not_now() -> str:
    """Hours that begin half a day from now."""
    hour = (time.localtime().tm_hour + 12) % 24
    return f"{hour:02d}:00-{hour:02d}:30"
