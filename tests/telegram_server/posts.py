"""Posting: random ids, albums, captions, slow mode, and the updates that answer a post.

What a repeated random_id gets is the rule of core.telegram.org/api/updates (updateMessageID): values are kept for ever,
for each account and chat, for all methods alike. A repeat is answered with the messages of the first call;
while the first call still runs, and where seen and unseen ids are mixed, it is 500 RANDOM_ID_DUPLICATE.
"""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from telethon.tl import types

from .forums import topic_of
from .records import Message
from .wire import Refused, now

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .chats import Account, Chat, Directory
    from .faults import Fault
    from .media import Media
    from .storage import Storage

CAPTION: Final = 1024
CAPTION_PREMIUM: Final = 2048
ALBUM: Final = 10

Duplicate = Literal["return", "error", "album"]
"""What a repeat gets: the first messages, RANDOM_ID_DUPLICATE, or that for albums alone."""
_Key = tuple[int, str, int]


@dataclass(frozen=True, slots=True)
class Wanted:
    """One message of a request."""

    random_id: int
    media: Any
    text: str
    entities: Sequence[Any] = ()


@dataclass(frozen=True, slots=True)
class Manner:
    """What a request says of all its messages."""

    silent: bool = False
    protected: bool = False
    caption_above: bool = False
    reply_to: Any = None
    send_as: str | None = None


class Posts:
    """All messages of one server, in the order in which they were posted."""

    def __init__(self, directory: Directory, storage: Storage, duplicate: Duplicate) -> None:
        self.messages: list[Message] = []
        self.duplicate = duplicate
        self._directory, self._storage = directory, storage
        self._posted: dict[_Key, Message] = {}
        self._running: set[_Key] = set()

    def delete(self, *numbers: int) -> None:
        """Do what people do: delete messages. Their random ids stay used."""
        self.messages[:] = [each for each in self.messages if each.id not in numbers]

    @contextmanager
    def running(self, account: Account, chat: Chat, random_ids: Sequence[int]) -> Iterator[None]:
        """Hold these ids while the request runs; RANDOM_ID_DUPLICATE if another holds one of them."""
        keys = {(account.id, chat.name, random_id) for random_id in random_ids}
        if keys & self._running:
            raise Refused(500, "RANDOM_ID_DUPLICATE")
        self._running |= keys
        try:
            yield
        finally:
            self._running -= keys

    async def post(
        self,
        account: Account,
        chat: Chat,
        wanted: Sequence[Wanted],
        faults: Sequence[Fault],
        *,
        album: bool,
        manner: Manner = Manner(),
    ) -> Any:
        """Post, or find what the first call with these ids posted; the updates that answer it."""
        keys = [(account.id, chat.name, item.random_id) for item in wanted]
        if 0 in {item.random_id for item in wanted}:
            raise Refused(400, "RANDOM_ID_EMPTY")
        if len(set(keys)) < len(keys):
            raise Refused(500, "RANDOM_ID_DUPLICATE")
        seen = [self._posted[key] for key in keys if key in self._posted]
        if seen:
            refused = self.duplicate == "error" or (self.duplicate == "album" and album)
            if refused or len(seen) < len(keys):
                raise Refused(500, "RANDOM_ID_DUPLICATE")
            return self._updates(account, chat, seen, fresh=False)

        self._check_chat(account, chat)
        topic = topic_of(chat, manner.reply_to)
        longest = CAPTION_PREMIUM if account.premium else CAPTION
        for item in wanted:
            # Telegram counts UTF-16 units, as entities do
            if len(item.text.encode("utf-16-le")) // 2 > longest:
                raise Refused(400, "MEDIA_CAPTION_TOO_LONG")
        if album:
            media = self._album(wanted)
        else:
            media = [await self._single(account, item.media) for item in wanted]

        places = {place for fault in faults for place in fault.omit}
        unposted = {
            place for fault in faults if not fault.omitted_are_posted for place in fault.omit
        }
        grouped = random.getrandbits(62) if album and len(wanted) > 1 else None
        told = []
        for place, (key, item, one) in enumerate(zip(keys, wanted, media, strict=True)):
            if place in unposted:
                continue
            message = self._append(account, chat, item, one, grouped, manner, topic)
            self._posted[key] = message
            if place not in places:
                told.append(message)
        chat.last_post[account.id] = time.monotonic()
        return self._updates(account, chat, told, fresh=True)

    def _check_chat(self, account: Account, chat: Chat) -> None:
        if chat.forbidden:
            raise Refused(403, chat.forbidden)
        last = chat.last_post.get(account.id)
        if chat.slow_mode and last is not None:
            left = last + chat.slow_mode - time.monotonic()
            if left > 0:
                raise Refused(420, f"SLOWMODE_WAIT_{int(left) + 1}")

    async def _single(self, account: Account, media: Any) -> Media | None:
        if media is None:
            return None
        if isinstance(media, types.InputMediaUploadedPhoto | types.InputMediaUploadedDocument):
            return await asyncio.to_thread(self._storage.make, account.id, media)
        return self._storage.find(media)

    def _album(self, wanted: Sequence[Wanted]) -> list[Media | None]:
        if not 1 <= len(wanted) <= ALBUM:
            raise Refused(400, "MULTI_MEDIA_TOO_LONG")
        media = [self._storage.find(item.media, place) for place, item in enumerate(wanted)]
        kinds = {one.kind for one in media}
        if len(media) > 1 and ("gif" in kinds or (len(kinds) > 1 and kinds != {"photo", "video"})):
            raise Refused(400, "MEDIA_INVALID")
        return list(media)

    def _append(
        self,
        account: Account,
        chat: Chat,
        item: Wanted,
        media: Media | None,
        grouped: int | None,
        manner: Manner,
        topic: int | None,
    ) -> Message:
        counter = chat if chat.own_numbers else account
        number, counter.next_message = counter.next_message, counter.next_message + 1
        message = Message(
            id=number,
            chat=chat.name,
            account=account.id,
            random_id=item.random_id,
            grouped_id=grouped,
            caption=item.text,
            kind=media.kind if media else "text",
            name=media.name if media else None,
            mime=media.mime if media else None,
            width=media.width if media else None,
            height=media.height if media else None,
            duration=media.duration if media else None,
            supports_streaming=bool(media and media.supports_streaming),
            nosound=bool(media and media.nosound),
            thumbnail=media.thumbnail if media else None,
            size=media.size if media else 0,
            sha256=media.sha256 if media else None,
            media_id=media.id if media else None,
            clip=media.clip.sha256 if media and media.clip else None,
            cover=(media.cover.width, media.cover.height) if media and media.cover else None,
            clip_seconds=media.clip.duration if media and media.clip else None,
            silent=manner.silent,
            protected=manner.protected,
            caption_above=manner.caption_above,
            spoiler=bool(getattr(item.media, "spoiler", None)),
            topic=topic,
            send_as=manner.send_as,
            entities=tuple(
                (type(each).__name__.removeprefix("MessageEntity"), each.offset, each.length)
                for each in item.entities
            ),
        )
        self.messages.append(message)
        return message

    def to_tl(self, message: Message, chat: Chat) -> Any:
        """A message as it stands in an answer."""
        media = self._storage.media.get(message.media_id or 0)
        return types.Message(
            message.id,
            chat.peer(),
            date=now(),
            message=message.caption,
            out=True,
            post=chat.kind == "channel" or None,
            media=media.to_tl() if media else None,
            grouped_id=message.grouped_id,
        )

    def _updates(
        self, account: Account, chat: Chat, messages: Sequence[Message], *, fresh: bool
    ) -> Any:
        """All the ids first, then the messages, as Telegram writes it; pts_count is 0 for a repeat."""
        counter = chat if chat.own_numbers else account
        kind = types.UpdateNewChannelMessage if chat.own_numbers else types.UpdateNewMessage
        updates: list[Any] = [
            types.UpdateMessageID(message.id, message.random_id) for message in messages
        ]
        for message in messages:
            counter.pts += fresh
            updates.append(kind(self.to_tl(message, chat), counter.pts, int(fresh)))
        users = [account.to_tl()]
        chats = []
        if chat.kind != "user":
            chats.append(chat.to_tl())
        elif chat.id != account.id:
            users.append(chat.to_tl())
        return types.Updates(updates, users, chats, now(), 0)
