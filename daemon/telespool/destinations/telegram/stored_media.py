"""What Telegram holds of messages that were posted: looked at by their numbers, fetched in pieces.

At a gentle pace: a hundred messages to a request, and a pause between two. Nothing is changed there. Photos are
Telegram's own copies, made smaller when they were posted. Leaves: `Temporary`, `Permanent`, `LoginNeeded`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from telethon.tl import functions, types

from telespool.destinations.base import PIECE, Stored
from telespool.destinations.telegram import error_mapping
from telespool.destinations.telegram.chat_history import name_of
from telespool.destinations.telegram.error_mapping import Refusal
from telespool.errors import Permanent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telespool.destinations.telegram.peers import Peers
    from telespool.destinations.telegram.rpc import RpcClient
    from telespool.model import Kind

_BATCH = 100  # core.telegram.org/method/messages.getMessages
_PAUSE = 1.0  # seconds between two batches


class StoredMedia:
    """Looks at messages."""

    def __init__(self, caller: RpcClient, chats: Peers) -> None:
        self._caller = caller
        self._chats = chats
        self._known: dict[tuple[str, int], Any] = {}

    async def look(self, chat: str, messages: Sequence[int]) -> dict[int, Stored]:
        """What these messages hold; one that is gone, or holds no file, is missing."""
        found: dict[int, Stored] = {}
        for start in range(0, len(messages), _BATCH):
            if start:
                await asyncio.sleep(_PAUSE)
            for message in await self._ask(chat, messages[start : start + _BATCH]):
                thing = _thing(message)
                if thing is not None:
                    self._known[chat, message.id] = thing
                    found[message.id] = _stored(message.id, thing)
        return found

    async def piece(self, chat: str, message: int, offset: int) -> bytes:
        """A piece of the file of a message; Permanent where there is none."""
        if (chat, message) not in self._known:
            await self.look(chat, [message])
        thing = self._known.get((chat, message))
        if thing is None:
            raise Permanent(f"Message {message} is gone from the chat {chat!r}.")
        request = functions.upload.GetFileRequest(_location(thing), offset, PIECE)
        try:
            answer = await self._caller.call(request)
        except Refusal as refusal:
            subject = f"Message {message} of the chat {chat!r}"
            if refusal.name.startswith("FILE_MIGRATE"):
                raise Permanent(
                    f"{subject} lies in another of Telegram's data centres: save it with an app."
                ) from None
            raise error_mapping.verdict(refusal, subject) from None
        return bytes(answer.bytes)

    async def _ask(self, chat: str, messages: Sequence[int]) -> list[Any]:
        peer = await self._chats.peer(chat)
        wanted = [types.InputMessageID(number) for number in messages]
        request: Any = functions.messages.GetMessagesRequest(wanted)
        if isinstance(peer, types.InputPeerChannel):
            channel = types.InputChannel(peer.channel_id, peer.access_hash)
            request = functions.channels.GetMessagesRequest(channel, wanted)
        try:
            answer = await self._caller.call(request, chat=chat)
        except Refusal as refusal:
            raise error_mapping.verdict(refusal, f"What stands in the chat {chat!r}") from None
        return list(answer.messages)


def _thing(message: Any) -> Any:
    media = getattr(message, "media", None)
    thing = getattr(media, "photo", None) or getattr(media, "document", None)
    return thing if isinstance(thing, types.Photo | types.Document) else None


def _largest(photo: Any) -> Any:
    sizes = [size for size in photo.sizes if hasattr(size, "w") and hasattr(size, "type")]
    return max(sizes, key=lambda size: size.w * size.h, default=None)


def _stored(message: int, thing: Any) -> Stored:
    if isinstance(thing, types.Photo):
        largest = _largest(thing)
        size = getattr(largest, "size", 0) or max(getattr(largest, "sizes", None) or [0])
        return Stored(message, "photo", "", size)
    kinds = {type(attribute) for attribute in thing.attributes}
    kind: Kind = "document"
    if types.DocumentAttributeAnimated in kinds:
        kind = "gif"
    elif types.DocumentAttributeVideo in kinds:
        kind = "video"
    return Stored(message, kind, name_of(thing), thing.size)


def _location(thing: Any) -> Any:
    if isinstance(thing, types.Photo):
        largest = _largest(thing)
        return types.InputPhotoFileLocation(
            thing.id, thing.access_hash, thing.file_reference, getattr(largest, "type", "x")
        )
    return types.InputDocumentFileLocation(thing.id, thing.access_hash, thing.file_reference, "")
