"""The requests about topics. core.telegram.org/api/forum"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from telethon.tl import types

from .forums import TITLE
from .methods import Context, method
from .wire import Refused, now

if TYPE_CHECKING:
    from .chats import Chat
    from .forums import Forum, Topic


def _forum(context: Context, request: Any) -> tuple[Chat, Forum]:
    chat = context.telegram.directory.enter(context.me, request.peer)
    if chat.forum is None:
        raise Refused(400, "CHANNEL_FORUM_MISSING")
    return chat, chat.forum


@method("messages.getForumTopics")
async def get_forum_topics(context: Context, request: Any) -> object:
    """The topics of a forum, the newest first."""
    chat, forum = _forum(context, request)
    listed = sorted((t for t in forum.topics if not t.deleted), key=lambda topic: -topic.id)
    if request.q:
        listed = [topic for topic in listed if request.q.casefold() in topic.title.casefold()]
    if request.offset_topic:
        listed = [topic for topic in listed if topic.id < request.offset_topic]
    found = [_tl(topic, chat) for topic in listed[: request.limit]]
    return types.messages.ForumTopics(
        len(forum.topics), found, [], [chat.to_tl()], [context.me.to_tl()], chat.pts
    )


@method("messages.createForumTopic")
async def create_forum_topic(context: Context, request: Any) -> object:
    """A new topic, or the one that this random_id made before."""
    chat, forum = _forum(context, request)
    if not request.title or len(request.title) > TITLE:
        raise Refused(400, "TOPIC_TITLE_EMPTY")
    topic = next((each for each in forum.topics if each.random_id == request.random_id), None)
    if topic is None:
        if not forum.may_make:
            raise Refused(400, "CHAT_ADMIN_REQUIRED")
        topic = forum.add(chat, request.title, request.random_id)
    updates = [types.UpdateMessageID(topic.id, request.random_id)]
    return types.Updates(updates, [context.me.to_tl()], [chat.to_tl()], now(), 0)


def _tl(topic: Topic, chat: Chat) -> Any:
    return types.ForumTopic(
        topic.id,
        now(),
        chat.peer(),
        topic.title,
        0,
        top_message=topic.id,
        read_inbox_max_id=0,
        read_outbox_max_id=0,
        unread_count=0,
        unread_mentions_count=0,
        unread_reactions_count=0,
        unread_poll_votes_count=0,
        from_id=chat.peer(),
        notify_settings=types.PeerNotifySettings(),
        closed=topic.closed or None,
    )
