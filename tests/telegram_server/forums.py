"""Forums: supergroups with topics. core.telegram.org/api/forum

A topic has the id of the service message that made it; the general one is 1. It is posted to by a reply to that id. A
repeated random_id of createForumTopic is answered with the first topic.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .wire import Refused

if TYPE_CHECKING:
    from .chats import Chat

TITLE = 128


@dataclass(slots=True)
class Topic:
    """One topic of a forum."""

    id: int
    title: str
    closed: bool = False
    deleted: bool = False
    random_id: int = 0


@dataclass(slots=True)
class Forum:
    """The topics of one chat; `may_make` says whether everybody may make new ones."""

    topics: list[Topic] = field(default_factory=lambda: [Topic(1, "General")])
    may_make: bool = True

    def add(self, chat: Chat, title: str, random_id: int = 0) -> Topic:
        """Make one, by a service message."""
        number, chat.next_message = chat.next_message, chat.next_message + 1
        if number == 1:  # the general topic has this one
            number, chat.next_message = chat.next_message, chat.next_message + 1
        topic = Topic(number, title, random_id=random_id)
        self.topics.append(topic)
        return topic

    def named(self, title: str) -> Topic:
        """The first topic of this title."""
        return next(topic for topic in self.topics if topic.title == title)


def topic_of(chat: Chat, reply_to: Any) -> int | None:
    """Which topic a post goes to, as a number; Refused where it may not. None outside forums."""
    if chat.forum is None:
        return None
    if reply_to is None:
        return 1
    number = reply_to.top_msg_id or reply_to.reply_to_msg_id
    topic = next((topic for topic in chat.forum.topics if topic.id == number), None)
    if topic is None or topic.deleted:
        raise Refused(400, "TOPIC_DELETED")
    if topic.closed:
        raise Refused(400, "TOPIC_CLOSED")
    return topic.id
