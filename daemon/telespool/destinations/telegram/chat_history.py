"""What stands in a chat already: the last way to learn of a post whose answer was lost.

A message is known by the id of its photo or document, which is that of what was posted; a file that was brought anew
since, by its name and size. Only looks; one request for the newest messages of the chat.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from telethon.tl import functions, types

from telespool.destinations.telegram.error_mapping import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from telespool.destinations.base import Uploaded
    from telespool.destinations.telegram.rpc import RpcClient

_NEWEST = 100


class ChatHistory:
    """The newest messages of a chat, as they were when it was asked."""

    def __init__(self, messages: Iterable[Any]) -> None:
        self._by_media: dict[int, int] = {}
        self._by_name: dict[tuple[str, int], int] = {}
        self._posts: set[tuple[str, ...]] = set()
        groups: dict[int, list[Any]] = {}
        for message in messages:
            media = getattr(message, "media", None)
            thing = getattr(media, "photo", None) or getattr(media, "document", None)
            if not isinstance(thing, types.Photo | types.Document):
                continue
            self._by_media[thing.id] = message.id
            groups.setdefault(message.grouped_id or -message.id, []).append(message)
            if isinstance(thing, types.Document) and (name := name_of(thing)):
                self._by_name.setdefault((name, thing.size), message.id)

        for group in groups.values():
            group.sort(key=_number)
            kinds = ["photo" if getattr(each.media, "photo", None) else "" for each in group]
            self._posts.add((group[0].message or "", *kinds))

    @classmethod
    async def newest(cls, caller: RpcClient, peer: Any, chat: str) -> ChatHistory | None:
        """Ask for it; None where this account may not look (bots never may)."""
        request = functions.messages.GetHistoryRequest(peer, 0, None, 0, _NEWEST, 0, 0, 0)
        try:
            answer = await caller.call(request, chat=chat)
        except Refusal:
            return None
        return cls(getattr(answer, "messages", ()))

    def find(self, album: Iterable[Uploaded], *, by_name: bool = True) -> dict[int, int]:
        """Message id by `Item.key` of what stands there; by the name only where it is known to stand there."""
        found = {}
        for each in album:
            handle: Any = each.handle
            message = self._by_media.get(handle.id.id)
            if message is None and by_name and each.item.kind != "photo":
                message = self.named(each.item.name, each.item.path.stat().st_size)
            if message is not None:
                found[each.item.key] = message
        return found

    def has_one_like(self, album: Iterable[Uploaded], text: str) -> bool:
        """Whether a post of so many photos and files, in this order and with this caption, stands there."""
        kinds = [
            "photo" if isinstance(each.handle, types.InputMediaPhoto) else "" for each in album
        ]
        return (text, *kinds) in self._posts

    def named(self, name: str, size: int) -> int | None:
        """The message with a file of this name and size."""
        return self._by_name.get((name, size))


def _number(message: Any) -> int:
    return int(message.id)


def name_of(document: Any) -> str:
    """The name of a document, "" where it has none."""
    for attribute in document.attributes:
        if isinstance(attribute, types.DocumentAttributeFilename):
            return str(attribute.file_name)
    return ""
