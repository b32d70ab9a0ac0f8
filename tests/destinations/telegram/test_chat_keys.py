"""What is found of the keys of a chat's table, by requests that change nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from telespool.config.posting import ChatSettings
from tests.telegram_server.forums import Forum

from .support import opened

if TYPE_CHECKING:
    from pathlib import Path

    from telespool.destinations.base import KeyFinding
    from tests.telegram_server import TestTelegram

pytestmark = pytest.mark.telegram


async def test_what_is_as_it_should_be(tmp_path: Path, telegram: TestTelegram) -> None:
    """Nothing is wrong with a chat that can do all of it, and nothing is made or posted there."""
    chat = telegram.chat("family")
    chat.forum, chat.protected = Forum(), True
    topic = chat.forum.add(chat, "Trips")
    keys: dict[str, Any] = {"subfolders": "topics", "send_as": "@media", "protect": True}
    async with opened(telegram, tmp_path) as there:
        for wanted in ("trips", str(topic.id), "New"):
            found = await there.examine("family", ChatSettings(topic=wanted, **keys))
            assert [each.key for each in found if each.cure] == []
            assert {each.key for each in found} == {"topic", "subfolders", "send_as", "protect"}
        assert await there.examine("grace", ChatSettings()) == []
    assert len(chat.forum.topics) == 2
    assert telegram.messages == []


async def test_what_cannot_be(tmp_path: Path, telegram: TestTelegram) -> None:
    """Each key that cannot be in effect has its sentence, and what to do."""
    chat = telegram.chat("family")
    chat.admin, chat.slow_mode, chat.may_send_as = False, 30, ("grace",)
    chat.banned = frozenset(["send_photos", "send_docs", "manage_topics"])
    keys = ChatSettings(
        topic="Trips", subfolders="topics", send_as="@media", protect=True, photos="both"
    )
    async with opened(telegram, tmp_path) as there:
        found = _by_key(await there.examine("family", keys))
        assert found["topic"].found == "the chat has no topics"
        assert "no photos and files there" in found["rights"].found
        assert "30 s" in found["slow mode"].found
        assert found["send_as"].found.endswith("not as @media")
        assert "bots alone" in found["protect"].found
        chat.forum = Forum()
        found = _by_key(await there.examine("family", keys))
        assert "may make none" in found["topic"].found
        assert "may make no topics" in found["subfolders"].found
        chat.forum.add(chat, "Trips").closed = True
        found = _by_key(await there.examine("family", keys))
        assert found["topic"].found == "Trips is closed"
        found = _by_key(await there.examine("family", ChatSettings(topic="99", caption="x" * 1025)))
        assert "no topic with the number 99" in found["topic"].found
        assert "1024" in found["caption"].found


def _by_key(found: list[KeyFinding]) -> dict[str, KeyFinding]:
    return {each.key: each for each in found}
