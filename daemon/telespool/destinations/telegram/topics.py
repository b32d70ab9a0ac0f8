"""The topics of forums: found by name, made where there is none, exactly once. core.telegram.org/api/forum

A topic that is to be made has a random_id derived from its chat and its name: whoever asks again, after a crash or a
lost answer, is answered with the same topic. One that was deleted is not made again: a person did that, and is asked.
"""

from __future__ import annotations

import asyncio
import hashlib
import unicodedata
from typing import TYPE_CHECKING, Any, Literal

import structlog
from telethon.tl import functions, types

from telespool.destinations.telegram import error_mapping, tl_requests
from telespool.destinations.telegram.error_mapping import Refusal
from telespool.errors import Temporary

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from telespool.destinations.telegram.peers import Peers
    from telespool.destinations.telegram.rpc import RpcClient

_log = structlog.get_logger()
_PAGE, _PAGES = 100, 50
_GENERAL = 1  # the topic that every forum has; what is posted there answers to nothing
_RETRY = 15 * 60.0
CLOSED = frozenset({"TOPIC_CLOSED", "TOPIC_DELETED"})
"""Errors of a post by which its topic is to blame."""


class Topics:
    """The topics of the chats of the configuration, as far as they are known."""

    def __init__(self, caller: RpcClient, chats: Peers) -> None:
        self._caller = caller
        self._chats = chats
        self._known: dict[tuple[str, str], int] = {}
        self._deleted: set[tuple[str, str]] = set()
        self._looking = asyncio.Lock()

    async def number(self, alias: str, topic: str | int) -> int:
        """The id to post under, 0 for the general topic; Temporary (scope "topic") where there can be none.

        A text is the name of a topic, whatever it looks like; a number its id.
        """
        if isinstance(topic, int):
            return 0 if topic == _GENERAL else topic
        async with self._looking:
            key = (alias, topic)
            if key not in self._known:
                peer = await self._chats.peer(alias)
                try:
                    found = await self._find(peer, alias, topic)
                    if found is None and key in self._deleted:
                        raise _gone(alias, topic)
                    if found is None:
                        found = await self._make(peer, alias, topic)
                    self._known[key] = found
                except Refusal as refusal:
                    raise _waits(alias, topic, refusal) from None
            return self._known[key]

    async def state(self, alias: str, topic: str | int) -> Literal["open", "closed", "missing"]:
        """Whether it is there and open; nothing is made. Refusal leaves."""
        peer = await self._chats.peer(alias)
        async for page in self._pages(peer, alias):
            for each in page:
                if each.id == topic or (isinstance(topic, str) and _same(each.title, topic)):
                    return "closed" if each.closed else "open"
        return "missing"

    def closed(self, alias: str, topic: str | int, refusal: Refusal) -> Temporary:
        """The wait of a post whose topic takes none: it is looked up anew after it."""
        if isinstance(topic, str):
            self._known.pop((alias, topic), None)
            if refusal.name == "TOPIC_DELETED":
                self._deleted.add((alias, topic))
        if refusal.name == "TOPIC_DELETED":
            return _gone(alias, topic)
        return _wait(
            f"The topic {topic!r} of the chat {alias!r} is closed: let an administrator open it again in Telegram."
            " What goes to other topics is sent meanwhile."
        )

    async def _find(self, peer: Any, alias: str, topic: str) -> int | None:
        """The newest open topic of this name; a closed one where there is no other."""
        closed = None
        async for page in self._pages(peer, alias):
            for each in page:
                if _same(each.title, topic):
                    if not each.closed:
                        return 0 if each.id == _GENERAL else int(each.id)
                    closed = int(each.id) if closed is None else closed
        return closed

    async def _pages(self, peer: Any, alias: str) -> AsyncIterator[list[Any]]:
        """The topics of a forum, the newest first."""
        date, message, last = None, 0, 0
        for _ in range(_PAGES):
            request = functions.messages.GetForumTopicsRequest(
                peer, offset_date=date, offset_id=message, offset_topic=last, limit=_PAGE, q=None
            )
            answer = await self._caller.call(request, chat=alias)
            page = [each for each in answer.topics if isinstance(each, types.ForumTopic)]
            yield page
            if len(answer.topics) < _PAGE or not page:
                break
            date, message, last = page[-1].date, page[-1].top_message, page[-1].id

    async def _make(self, peer: Any, alias: str, topic: str) -> int:
        digest = hashlib.sha256(f"{self._chats.value(alias)}\0{topic}".encode()).digest()
        key = int.from_bytes(digest[:8], "big", signed=True) or 1
        request = functions.messages.CreateForumTopicRequest(peer, topic, random_id=key)
        answer = await self._caller.call(request, chat=alias)
        number = tl_requests.message_ids(answer, [key]).get(key)
        if number is None:
            raise Temporary(
                f"Telegram made the topic {topic!r} but did not name it; it is looked for.",
                scope="topic",
            )
        _log.info("topic.created", chat=alias, topic=topic, id=number)
        return number


def _same(title: str, topic: str) -> bool:
    """Whether people take these for one name: names of files may be written with other signs for the same letters."""
    one, other = (unicodedata.normalize("NFC", name).casefold().split() for name in (title, topic))
    return one == other


def _wait(reason: str) -> Temporary:
    return Temporary(reason, retry_after=_RETRY, scope="topic", kind="chat")


def _gone(alias: str, topic: str | int) -> Temporary:
    return _wait(
        f"The topic {topic!r} of the chat {alias!r} was deleted: make one of that name again in Telegram, or drop the"
        " files for another."
    )


def _waits(alias: str, topic: str, refusal: Refusal) -> Exception:
    if refusal.name in {"CHANNEL_FORUM_MISSING", "PEER_ID_INVALID", "CHAT_NOT_MODIFIED"}:
        return _wait(
            f"The chat {alias!r} has no topics: let an administrator turn them on, or take `topic` and `subfolders` out"
            f" of [chats.{alias}]."
        )
    if refusal.name in {"CHAT_ADMIN_REQUIRED", "CHAT_WRITE_FORBIDDEN"}:
        return _wait(
            f"The topic {topic!r} does not exist in the chat {alias!r} and this account may not make one: make it"
            " by hand, or let an administrator give the right to manage topics."
        )
    return error_mapping.verdict(refusal, f"The topic {topic!r} of the chat {alias!r}")
