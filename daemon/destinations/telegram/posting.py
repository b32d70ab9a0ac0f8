"""Making one post, whatever Telegram objects to.

Nothing is posted twice: every repetition carries the same random_ids. Nothing good waits for something bad: when
an album is refused, first each item is put before uploadMedia again, which names the culprit (`Rejected`, and
nothing was posted). What is refused only as an album is found by leaving out one item at a time: each such request
either fails as a whole, or posts all the others, in order, as one album. Halves come last, when several items
are to blame, because each half that succeeds is an album of its own.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from telethon.tl import types

from daemon.destinations.base import Rejected, Staged
from daemon.destinations.telegram import forms, policy, posts
from daemon.destinations.telegram.policy import Refusal
from daemon.destinations.telegram.rules import Action
from daemon.errors import NeedsConversion, Permanent, TelespoolError, Temporary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from daemon.destinations.telegram.caller import Caller
    from daemon.destinations.telegram.chats import Chats
    from daemon.destinations.telegram.staging import Staging

_MENDS = 8
_ASKED = (
    2  # how often a post that is said to be under way is asked for while a culprit is looked for
)
_ITEM = {  # errors that may be about one of several items
    Action.CONVERT,
    Action.PHOTO,
    Action.DOCUMENT,
    Action.REFUSE,
    Action.UPLOAD,
    Action.PART,
    Action.REFRESH,
    Action.DELIVERED,
    Action.UNKNOWN,
}
_FORBIDDEN = {"PHOTOS": {"photo"}, "VIDEOS": {"video"}, "ROUNDVIDEOS": {"video"}, "GIFS": {"gif"}}


class Posting:
    """Makes posts from what was staged."""

    def __init__(self, caller: Caller, chats: Chats, staging: Staging) -> None:
        self._caller = caller
        self._chats = chats
        self._staging = staging

    async def post(
        self, chat: str, staged: Sequence[Staged], caption: str, limit: int
    ) -> dict[int, int]:
        """Message id by key, as `Destination.post` promises; `limit` is as for `Staging.stage`."""
        config = await self._caller.config()
        text = posts.cut(caption, getattr(config, "caption_length_max", 0) or posts.CAPTION)
        album = list(staged)
        asked_anew = False
        for _ in range(_MENDS):
            try:
                receipts = await self._send(chat, album, text)
            except Refusal as refusal:
                if refusal.action is Action.CAPTION and text:
                    text = self._shorter(refusal, text)
                elif refusal.action is Action.CHAT and self._chats.forget(chat, refusal):
                    pass
                elif refusal.action is Action.REGROUP and len(album) > 1:
                    return await self._in_groups(chat, album, text, limit)
                elif refusal.action is Action.KIND:
                    self._forbidden(album, refusal)
                elif refusal.action is Action.DELIVERED and len(album) > 1:
                    return await self._without_one(chat, album, text, refusal)
                elif refusal.action is Action.REFRESH and self._names_one(album, refusal):
                    number = refusal.number or 0
                    album[number] = await self._anew(chat, album[number], limit)
                elif refusal.action in _ITEM and not asked_anew:
                    asked_anew = True
                    album = await self._all_anew(chat, album, limit)
                elif refusal.action in _ITEM and len(album) > 1:
                    return await self._without_one(chat, album, text, refusal)
                elif refusal.action in _ITEM:
                    raise self._rejected(album, refusal) from None
                else:
                    raise policy.verdict(refusal, _subject(chat, album)) from None
                continue
            return receipts
        raise Temporary(
            f"{_subject(chat, album)} could not be posted yet: Telegram kept objecting."
        )

    async def _send(
        self, chat: str, album: Sequence[Staged], text: str, posting: int | None = None
    ) -> dict[int, int]:
        """One request, and a second for what its answer does not name."""
        peer = await self._chats.peer(chat)
        receipts: dict[int, int] = {}
        for _ in range(2):
            left = [each for each in album if each.item.key not in receipts]
            first = left[0] is album[0]
            answer = await self._caller.call(
                posts.request(peer, left, text if first else ""), chat=chat, posting=posting
            )
            receipts |= posts.message_ids(answer, [each.item.key for each in left])
            if len(receipts) == len(album):
                break
        for each in album:
            if each.item.key in receipts:
                await self._staging.posted(each.item)
        return receipts

    @staticmethod
    def _shorter(refusal: Refusal, text: str) -> str:
        """Half the caption, then none; none at once where the chat forbids text."""
        if refusal.name == "CHAT_SEND_PLAIN_FORBIDDEN" or len(text) < 64:
            return ""
        return posts.cut(text, len(text.encode("utf-16-le")) // 4)

    @staticmethod
    def _names_one(album: Sequence[Staged], refusal: Refusal) -> bool:
        return refusal.number is not None and refusal.number < len(album)

    async def _anew(self, chat: str, staged: Staged, limit: int) -> Staged:
        try:
            return await self._staging.stage(chat, staged.item, limit, anew=True)
        except (NeedsConversion, Permanent) as cause:
            raise Rejected({staged.item.key: cause}) from None

    async def _all_anew(self, chat: str, album: Sequence[Staged], limit: int) -> list[Staged]:
        """Put each before uploadMedia again, one by one: whoever is to blame is named there."""
        fresh: list[Staged] = []
        causes: dict[int, TelespoolError] = {}
        for each in album:
            try:
                fresh.append(await self._anew(chat, each, limit))
            except Rejected as rejected:
                causes |= rejected.causes
        if causes:
            raise Rejected(causes)
        return fresh

    async def _without_one(
        self, chat: str, album: Sequence[Staged], text: str, refusal: Refusal
    ) -> dict[int, int]:
        """Post the album without the one that is to blame; without its halves, if several are."""
        if len(album) == 1:
            raise self._rejected(album, refusal)
        for suspect in sorted(album, key=lambda each: not _suspicious(each, refusal)):
            rest = [each for each in album if each is not suspect]
            try:
                return await self._send(chat, rest, text, _ASKED)
            except Refusal as again:
                if again.action not in _ITEM:
                    raise policy.verdict(again, _subject(chat, album)) from None
        return await self._in_halves(chat, album, text, refusal)

    async def _in_halves(
        self, chat: str, album: Sequence[Staged], text: str, refusal: Refusal
    ) -> dict[int, int]:
        receipts: dict[int, int] = {}
        middle = len(album) // 2
        for half in (album[:middle], album[middle:]):
            caption = "" if receipts else text
            try:
                receipts |= await self._send(chat, half, caption, _ASKED)
            except Refusal as again:
                if again.action not in _ITEM:
                    raise policy.verdict(again, _subject(chat, album)) from None
                if len(half) > 1:
                    try:
                        receipts |= await self._without_one(chat, half, caption, again)
                    except Rejected:
                        continue
        if not receipts:
            raise self._rejected(album, refusal)
        return receipts

    async def _in_groups(
        self, chat: str, album: Sequence[Staged], text: str, limit: int
    ) -> dict[int, int]:
        """Post runs of what may stand together, in order; one by one where all might have."""
        runs = [list(run) for _, run in groupby(album, key=_group)]
        if len(runs) == 1 and len(album) > posts.ALBUM:
            runs = [list(album[at : at + posts.ALBUM]) for at in range(0, len(album), posts.ALBUM)]
        elif len(runs) == 1:
            runs = [[each] for each in album]
        receipts: dict[int, int] = {}
        for run in runs:
            receipts |= await self.post(chat, run, "" if receipts else text, limit)
        return receipts

    @staticmethod
    def _forbidden(album: Sequence[Staged], refusal: Refusal) -> None:
        """The chat forbids a kind: those of it wait, the others go."""
        word = refusal.name.removeprefix("CHAT_SEND_").removesuffix("_FORBIDDEN")
        kinds = _FORBIDDEN.get(word, {"document"})
        named = [each for each in album if each.item.kind in kinds] or album
        raise Rejected({each.item.key: policy.verdict(refusal, each.item.name) for each in named})

    @staticmethod
    def _rejected(album: Sequence[Staged], refusal: Refusal) -> Rejected:
        return Rejected(
            {
                each.item.key: policy.verdict(refusal, each.item.name, each.item.kind)
                for each in album
            }
        )


def _suspicious(staged: Staged, refusal: Refusal) -> bool:
    """Whether the error's name points at things of this kind."""
    if refusal.action is Action.PHOTO:
        return staged.item.kind == "photo"
    if refusal.action is Action.CONVERT:
        return staged.item.kind != "photo"
    return True


def _group(staged: Staged) -> str:
    handle: Any = staged.handle
    if isinstance(handle, types.InputMediaPhoto):
        return forms.group_of("photo")
    return forms.group_of(staged.item.kind if staged.item.kind != "photo" else "document")


def _subject(chat: str, album: Sequence[Staged]) -> str:
    what = album[0].item.name if len(album) == 1 else f"the album from {album[0].item.name} on"
    return f"{what} (chat {chat!r})"
