"""How posts appear: topics of forums, silence, covers, protection, formatting, as the server saw them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from telespool.errors import Temporary
from telespool.model import PLAIN, PostStyle
from tests.destinations.telegram.support import opened, photo_file
from tests.telegram_server.forums import Forum

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from telespool.destinations.telegram import TelegramDestination
    from telespool.model import Item
    from tests.telegram_server import TestTelegram

pytestmark = pytest.mark.telegram


async def _post(
    destination: TelegramDestination, items: list[Item], style: PostStyle, caption: str = ""
) -> Mapping[int, int]:
    staged = [await destination.stage("family", each) for each in items]
    return await destination.post("family", staged, caption, style)


async def test_every_key_of_a_style_reaches_the_server(
    telegram: TestTelegram, tmp_path: Path
) -> None:
    """Silent, covered, protected, caption above, in another's name, formatted: for one and for an album."""
    style = PostStyle(silent=True, spoiler=True, protect=True, caption_above=True, send_as="@media")
    items = [photo_file(tmp_path, number) for number in range(1, 4)]
    async with opened(telegram, tmp_path / "state") as destination:
        await _post(destination, items[:1], style, "**One** of ||three||")
        await _post(destination, items[1:], style, "*Two*")

    messages = telegram.in_chat("family")
    for message in messages:
        assert message.silent
        assert message.spoiler
        assert message.protected
        assert message.caption_above
        assert message.send_as == "media"
    assert [message.caption for message in messages] == ["One of three", "Two", ""]
    assert [message.entities for message in messages] == [
        (("Bold", 0, 3), ("Spoiler", 7, 5)),
        (("Italic", 0, 3),),
        (),
    ]


async def test_a_plain_post_asks_for_nothing(telegram: TestTelegram, tmp_path: Path) -> None:
    """Without a style a post is an ordinary one."""
    async with opened(telegram, tmp_path / "state") as destination:
        await _post(destination, [photo_file(tmp_path)], PLAIN, "a_b")
    [message] = telegram.in_chat("family")
    assert message.caption == "a_b"
    assert not any((message.silent, message.spoiler, message.protected, message.caption_above))
    assert (message.send_as, message.topic, message.entities) == (None, None, ())


async def test_topics_are_found_by_name_and_made_once(
    telegram: TestTelegram, tmp_path: Path
) -> None:
    """A topic that is there is used whatever its case, a new one is made once, even if the answer is lost."""
    chat = telegram.chat("family")
    forum = chat.forum = Forum()
    holidays = forum.add(chat, "Holidays")
    telegram.faults.add("messages.createForumTopic", drop="after", times=1)
    items = [photo_file(tmp_path, number) for number in range(1, 5)]
    names: list[str | int] = ["holidays", "Trips", "Trips", 1]

    async with opened(telegram, tmp_path / "state") as destination:
        for item, name in zip(items[:2], names[:2], strict=True):
            await _post(destination, [item], PostStyle(topic=name))
    async with opened(telegram, tmp_path / "state") as destination:  # a new life knows nothing
        for item, name in zip(items[2:], names[2:], strict=True):
            await _post(destination, [item], PostStyle(topic=name))

    assert [topic.title for topic in forum.topics] == ["General", "Holidays", "Trips"]
    trips = forum.named("Trips").id
    topics = [message.topic for message in telegram.in_chat("family")]
    assert topics == [holidays.id, trips, trips, 1]


async def test_a_closed_topic_waits_and_the_others_go_on(
    telegram: TestTelegram, tmp_path: Path
) -> None:
    """What is meant for a closed topic waits with a sentence; it goes when the topic is opened again."""
    chat = telegram.chat("family")
    forum = chat.forum = Forum()
    closed = forum.add(chat, "Closed")
    closed.closed = True
    forum.add(chat, "Open")
    first, second = photo_file(tmp_path, 1), photo_file(tmp_path, 2)
    async with opened(telegram, tmp_path / "state") as destination:
        with pytest.raises(Temporary) as refused:
            await _post(destination, [first], PostStyle(topic="Closed"))
        await _post(destination, [second], PostStyle(topic="Open"))
        closed.closed = False
        await _post(destination, [first], PostStyle(topic="Closed"))
    assert "topic" in refused.value.reason
    assert [message.random_id for message in telegram.in_chat("family")] == [second.key, first.key]


async def test_a_chat_without_topics_says_so(telegram: TestTelegram, tmp_path: Path) -> None:
    """No topics, or no right to make one, is a sentence with what to do."""
    item = photo_file(tmp_path)
    async with opened(telegram, tmp_path / "state") as destination:
        with pytest.raises(Temporary, match="has no topics"):
            await _post(destination, [item], PostStyle(topic="Trips"))
        telegram.chat("family").forum = replace(Forum(), may_make=False)
        with pytest.raises(Temporary, match="make it by hand"):
            await _post(destination, [item], PostStyle(topic="Trips"))
    assert telegram.messages == []
