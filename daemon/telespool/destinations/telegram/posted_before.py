"""What was posted already, though its answer was lost: believed, and confirmed in a few requests.

The chat itself is asked first, which changes nothing. Only where that does not show it, and Telegram says so again
and again, each item is asked for by itself with its id: where it stands, that is answered with its message. Nothing
overtakes meanwhile: the chat waits. In the end Telegram is believed without a number (0).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from telespool.destinations.base import Receipts
from telespool.destinations.telegram import error_mapping
from telespool.destinations.telegram.chat_history import ChatHistory
from telespool.destinations.telegram.error_mapping import Refusal
from telespool.destinations.telegram.error_table import Action
from telespool.errors import Temporary

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from telespool.destinations.base import Uploaded
    from telespool.destinations.telegram.peers import Peers
    from telespool.destinations.telegram.post_head import Head
    from telespool.destinations.telegram.rpc import RpcClient

    Send = Callable[[str, Sequence[Uploaded], Head, int | None], Awaitable[Receipts]]

_log = structlog.get_logger()
_DOUBTS = 4  # how often a post that is said to be there, and is not seen, is asked for
# Errors that concern everything: nothing is learnt from them.
_ALL = {Action.WAIT, Action.RECONNECT, Action.CHAT, Action.ACCOUNT, Action.LOGIN, Action.CONFIG}


class PostedBefore:
    """Finds the messages of earlier posts; `send` makes one request, with so many tries."""

    def __init__(self, caller: RpcClient, chats: Peers, send: Send) -> None:
        self._caller = caller
        self._chats = chats
        self._send = send
        self._doubts: dict[int, int] = {}
        self._old_groups: dict[str, ChatHistory] = {}

    def forget(self, key: int) -> None:
        """The post that begins with this item is there, and known."""
        self._doubts.pop(key, None)

    async def move(self, chat: str, album: Sequence[Uploaded]) -> Receipts:
        """What of it was posted to the group before it became a supergroup, whose ids Telegram remembers apart."""
        await self._chats.peer(chat)
        old = self._chats.before_move(chat)
        if old is None:
            return Receipts()
        if chat not in self._old_groups:  # nothing comes to it any more: once is enough
            found = await ChatHistory.newest(self._caller, old, chat)
            self._old_groups[chat] = found or ChatHistory(())
        return Receipts(self._old_groups[chat].find(album, by_name=False))

    async def confirm(self, chat: str, album: Sequence[Uploaded], head: Head) -> Receipts:
        """Telegram says that it is there: find it, without posting what is not."""
        peer = await self._chats.peer(chat)
        key = album[0].item.key
        history = await ChatHistory.newest(self._caller, peer, chat)
        receipts = Receipts(history.find(album) if history else None)
        unseen = (
            history is not None
            and not receipts
            and not history.has_one_like(album, head.captions(album)[0].text)
        )
        if unseen and not self._doubted(key):
            # It is still under way, most likely: an item by itself would be torn out of it.
            raise self._not_seen(chat, album)
        for each in album:
            if each.item.key in receipts:
                continue
            try:
                receipts.add(await self._send(chat, [each], head.bare() if receipts else head, 1))
            except Refusal as refusal:
                if refusal.action in _ALL:
                    raise error_mapping.verdict(refusal, subject_of(chat, album)) from None
                if refusal.action is not Action.DELIVERED:
                    break  # this one is not there; it is posted the usual way
                if not receipts and not self._doubted(key):
                    # Not even one by itself is answered: no further questions this time.
                    raise self._not_seen(chat, album) from None
                # It says so again and again, or others of this post were found: it is believed.
                _log.warning("message.missed", chat=chat, file=each.item.name)
                receipts[each.item.key] = 0
        return receipts

    def _doubted(self, key: int) -> bool:
        """Whether it was asked for often enough."""
        return self._doubts.get(key, 0) >= _DOUBTS

    def _not_seen(self, chat: str, album: Sequence[Uploaded]) -> Temporary:
        key = album[0].item.key
        self._doubts[key] = self._doubts.get(key, 0) + 1
        return Temporary(
            f"Telegram says that {subject_of(chat, album)} is being posted; it is asked again.",
            retry_after=self._caller.patience.gap(self._doubts[key]),
            scope="chat",
        )


def subject_of(chat: str, album: Sequence[Uploaded]) -> str:
    """What people call this post."""
    what = album[0].item.name if len(album) == 1 else f"the album from {album[0].item.name} on"
    return f"{what} (chat {chat!r})"
