"""Live photos whose neighbours, or one of them, are refused or must wait; against the test Telegram."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from telethon.tl import types

from tests import live
from tests.harness import Home, eventually
from tests.material import make_zip
from tests.pipeline.unpack.test_live_photos import NAMES

if TYPE_CHECKING:
    from pathlib import Path

    from tests.telegram_server import TestTelegram

pytestmark = [pytest.mark.telegram, pytest.mark.media]


async def test_two_neighbours_that_are_refused_cost_nobody_its_clip(
    tmp_path: Path, telegram: TestTelegram, phones: dict[str, Path]
) -> None:
    """Two photos for which each album is refused, and nobody says which: all live photos stay live, nothing comes twice."""
    home = Home.beside(tmp_path / "home", telegram)
    files = dict(phones)
    for number, name in enumerate(("IMG_1_E.jpg", "IMG_3_E.jpg"), 5):
        files[name] = live.still(tmp_path / name, number)
        error = (400, "PHOTO_INVALID_DIMENSIONS")
        telegram.faults.add("sendMultiMedia", file=name, error=error, times=None)
    home.drop(make_zip(home.directory / "mix.zip", files))

    await home.inside()

    messages = telegram.in_chat("media")
    names = [(str(message.name), message.clip is not None) for message in messages]
    whole = [(name.replace("HEIC", "jpg"), True) for name in NAMES]
    assert sorted(names) == sorted([*whole, ("IMG_1_E.jpg", False), ("IMG_3_E.jpg", False)])
    assert home.lying("quarantine") == []
    assert home.at_work() == []


@pytest.mark.parametrize("at", ["uploadMedia", "sendMultiMedia"])
async def test_what_must_wait_waits_with_its_clip(
    tmp_path: Path, telegram: TestTelegram, phones: dict[str, Path], at: str
) -> None:
    """Photos of which one is refused for a while, or all are while a video is not: later they are live, and one album."""
    home = Home.beside(tmp_path / "home", telegram, settings={"send": {"order": "name"}})
    files = dict(phones)
    files["IMG_2_b.mp4"] = live.clip(tmp_path / "b.mp4", 7, codec="h264")

    def is_photo(request: Any) -> bool:
        media = [one.media for one in getattr(request, "multi_media", [request])]
        return any(isinstance(each, types.InputMediaUploadedPhoto) for each in media)

    error = (400, "CHAT_SEND_PHOTOS_FORBIDDEN")
    if at == "uploadMedia":
        for name in ("IMG_1.jpg", "IMG_3.jpg"):
            telegram.faults.add(at, file=name, where=is_photo, error=error)
    else:
        telegram.faults.add(at, error=error)
    home.drop(make_zip(home.directory / "phones.zip", files))

    behind = NAMES if at == "sendMultiMedia" else ["IMG_1.HEIC", "IMG_3.HEIC"]
    async with home.working():
        await eventually(lambda: len(telegram.in_chat("media")) == 5 - len(behind))
        await eventually(lambda: {path[:4] for path in home.at_work()} == {"defe"})
    async with home.working():  # a start tries it again
        await eventually(lambda: len(telegram.in_chat("media")) == 5 and not home.at_work())

    messages = telegram.in_chat("media")
    assert [message.clip is not None for message in messages if message.kind == "photo"] == [
        True
    ] * 4
    late = messages[5 - len(behind) :]
    assert [message.name for message in late] == [name.replace("HEIC", "jpg") for name in behind]
    assert len({message.grouped_id for message in late}) == 1
    assert home.lying("quarantine") == []
    verified = await asyncio.to_thread(home.command_output, "verify", "--all")
    assert verified.returncode == 0, verified.stdout
