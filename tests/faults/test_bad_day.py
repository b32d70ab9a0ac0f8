"""A server that fails a third of all calls: albums stay whole and in order, nothing stands twice, and no call is wasted."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from tests.faults.support import HASTY, photos
from tests.harness import eventually
from tests.material import make_zip, sha256

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness import Home
    from tests.material import Material
    from tests.telegram_server import Message, TestTelegram

pytestmark = [pytest.mark.telegram, pytest.mark.media]

_ALBUMS, _EACH = 4, 4
_STRUCK = 25
_CHATS = {"family": "family", "friend": "grace"}
"""What Telegram calls them, by alias."""


def _drops(home: Home, material: Material) -> dict[str, list[Path]]:
    """Albums and a film for each of two chats; what must stand in each, in order."""
    wanted: dict[str, list[Path]] = {}
    numbers = itertools.count(1)
    for chat in _CHATS:
        files: dict[str, Path] = {}
        for _ in range(_ALBUMS):
            files |= photos(material, _EACH, next(numbers) * 20)
        file = next(numbers)
        wanted[chat] = [*files.values(), material.clip("mp4", file)]
        for at in range(0, len(files), _EACH):
            album = dict(list(files.items())[at : at + _EACH])
            home.drop(make_zip(home.directory / f"{chat}{at:02}.zip", album), chat)
        home.drop(wanted[chat][-1], chat, "zz.mp4")
    return wanted


def _albums(messages: list[Message]) -> list[int]:
    return [len(list(run)) for _, run in itertools.groupby(messages, key=lambda m: m.grouped_id)]


@pytest.mark.slow
async def test_a_third_of_all_calls_fails(
    home: Home, telegram: TestTelegram, material: Material
) -> None:
    """While it lasts and after it: all in order, each album whole, nothing twice, and few calls when it is over."""
    wanted = _drops(home, material)
    bad = telegram.faults.add("*", error=(500, "RPC_CALL_FAIL"), share=0.34, times=None)
    total = sum(map(len, wanted.values()))
    async with home.working(patience=HASTY):
        await telegram.until(lambda: bad.hits >= _STRUCK or len(telegram.messages) == total, 120)
        bad.times = 0
        over, left = len(telegram.calls), total - len(telegram.messages)
        await telegram.until(lambda: len(telegram.messages) >= total, 120)
        await eventually(lambda: not home.at_work())
    after = len(telegram.calls) - over
    for chat, files in wanted.items():
        found = telegram.in_chat(_CHATS[chat])
        assert [message.sha256 for message in found] == [*map(sha256, files)]
        assert _albums(found) == [_EACH] * _ALBUMS + [1]
    # On a good day a photo takes its part and its uploadMedia, and every few of them a post.
    assert after <= 1.5 * 3 * left + 10, (after, left)
    assert home.lying("quarantine") == []
