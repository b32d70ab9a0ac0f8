"""Subfolders that are topics, with the real daemon: each file in the topic of its folder, once, whatever dies."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from tests.faults.support import HASTY, lives
from tests.harness import Home, eventually
from tests.telegram_server.forums import Forum
from tests.telegram_server.helpers import photo

if TYPE_CHECKING:
    from pathlib import Path

    from tests.telegram_server import TestTelegram

pytestmark = pytest.mark.telegram

KNOWN = ("Holidays", "2024", "Grüße_aus Köln")
NEW = ("Trips & more", "100 %")
STEPS = (
    "messages.getForumTopics",
    "messages.createForumTopic",
    "messages.uploadMedia",
    "messages.sendMedia",
)


@pytest.fixture
def home(tmp_path: Path, telegram: TestTelegram) -> Home:
    """A daemon whose chat family has topics as subfolders, three of which exist."""
    chat = telegram.chat("family")
    chat.forum = Forum()
    for name in KNOWN:
        chat.forum.add(chat, name)
    settings: dict[str, dict[str, object]] = {
        "chats.family": {"to": "@family", "topic": "Holidays", "subfolders": "topics"}
    }
    return Home.beside(tmp_path / "home", telegram, chats={"default": "@media"}, settings=settings)


def _drop(home: Home, topics: tuple[str, ...]) -> None:
    source = home.directory / "photo.jpg"
    source.write_bytes(photo())
    for number, topic in enumerate(topics):
        home.drop(source, f"family/{topic}", f"IMG_{number}.jpg")


def _titles(telegram: TestTelegram) -> dict[str, str]:
    """The topic of each message, by the name of its file."""
    forum = telegram.chat("family").forum
    assert forum is not None
    titles = {topic.id: topic.title for topic in forum.topics}
    messages = telegram.in_chat("family")
    assert len({message.random_id for message in messages}) == len(messages)
    return {message.name or "": titles[message.topic or 0] for message in messages}


@pytest.mark.parametrize("when", ["before", "after"])
async def test_five_subfolders_fill_five_topics(
    home: Home, telegram: TestTelegram, when: str
) -> None:
    """The process ends before, or after, each request of its way in turn: two topics are made, once, and each file is where it belongs."""
    topics = (*KNOWN, *NEW)
    _drop(home, topics)
    died: set[tuple[Any, ...]] = set()

    def step(request: Any) -> bool:
        name = type(request).__name__
        if f"messages.{name[0].lower()}{name[1:].removesuffix('Request')}" not in STEPS:
            return False
        which: tuple[Any, ...]
        which = (name, getattr(request, "title", ""), getattr(request, "random_id", 0))
        if name.startswith("UploadMedia"):
            which = (name, request.media.file.id)
        if name.startswith("GetForumTopics"):
            which = (name, len(telegram.messages))
        if which in died or len(died) >= number:  # one to a life: others may be under way
            return False
        died.add(which)
        return True

    number = 1
    while await lives(home, telegram, hang=when, where=step, times=None):
        number += 1

    assert len(died) >= 3 + 2 + 5 + 5
    assert _titles(telegram) == {f"IMG_{n}.jpg": topic for n, topic in enumerate(topics)}
    forum = telegram.chat("family").forum
    assert forum is not None
    assert [topic.title for topic in forum.topics] == ["General", *topics]
    assert home.at_work() == []
    assert home.lying("quarantine") == []


async def test_closed_and_deleted_topics_wait_alone(home: Home, telegram: TestTelegram) -> None:
    """What is for a closed or a deleted topic waits with a sentence each; all else goes, and they go when they can."""
    chat = telegram.chat("family")
    assert chat.forum is not None
    closed, deleted = chat.forum.named("Holidays"), chat.forum.named("2024")
    _drop(home, (*KNOWN, "Trips"))
    for topic, state in ((closed, "closed"), (deleted, "deleted")):
        telegram.faults.add(
            "messages.sendMedia",
            times=None,
            where=lambda request, topic=topic: request.reply_to.reply_to_msg_id == topic.id,
            do=lambda topic=topic, state=state: setattr(topic, state, True),
        )
    async with home.working(patience=HASTY) as service:
        await telegram.until(lambda: len(telegram.in_chat("family")) == 2)
        waits = service.activity.waits
        await eventually(lambda: len(waits.now(0)) == 2)
        reasons = sorted(wait.reason for wait in waits.now(0))
        assert {wait.whom for wait in waits.now(0)} == {"family/Holidays", "family/2024"}
        told = await asyncio.to_thread(home.command_output, "status")
    assert "topic Holidays of family" in told.stdout, told.stdout
    assert "'2024'" in reasons[0]
    assert "was deleted" in reasons[0]
    assert "is closed" in reasons[1]
    assert _titles(telegram) == {"IMG_2.jpg": KNOWN[2], "IMG_3.jpg": "Trips"}

    telegram.faults.clear()
    closed.closed = deleted.deleted = False
    await home.inside(patience=HASTY)
    assert len(_titles(telegram)) == 4
    assert home.at_work() == []
