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

from telespool.destinations.base import Rejected, Uploaded
from telespool.destinations.telegram import error_mapping, tl_media, tl_requests
from telespool.destinations.telegram.error_mapping import Refusal
from telespool.destinations.telegram.error_table import Action
from telespool.errors import NeedsConversion, Permanent, TelespoolError, Temporary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telespool.destinations.telegram.peers import Peers
    from telespool.destinations.telegram.rpc import RpcClient
    from telespool.destinations.telegram.upload_media import MediaUploader

_MENDS = 16  # ten stale references, one after the other, are no reason to give up
_ASKED = (
    2  # how often a post that is said to be under way is asked for while a culprit is looked for
)
# Errors that concern everything, so that no item is to blame.
_ALL = {Action.WAIT, Action.RECONNECT, Action.CHAT, Action.ACCOUNT, Action.LOGIN, Action.CONFIG}
# Errors that may pass by themselves: a culprit is looked for, but nothing is broken up for them.
_PASSING = {Action.RETRY, Action.DELIVERED}
_FORBIDDEN = {"PHOTOS": {"photo"}, "VIDEOS": {"video"}, "ROUNDVIDEOS": {"video"}, "GIFS": {"gif"}}


class PostSender:
    """Makes posts from what was staged."""

    def __init__(self, caller: RpcClient, chats: Peers, staging: MediaUploader) -> None:
        self._caller = caller
        self._chats = chats
        self._staging = staging

    async def post(
        self, chat: str, staged: Sequence[Uploaded], caption: str, limit: int
    ) -> dict[int, int]:
        """Message id by key, as `Destination.post` promises; `limit` is as for `MediaUploader.stage`."""
        config = await self._caller.config()
        full = text = tl_requests.cut(
            caption, getattr(config, "caption_length_max", 0) or tl_requests.CAPTION
        )
        album = list(staged)
        mended: set[str] = set()
        anew = False
        for _ in range(_MENDS):
            try:
                return await self._send(chat, album, text)
            except Refusal as refusal:
                if refusal.action is Action.CAPTION and text and not anew:
                    text = self._shorter(refusal, text)
                    continue
                first = refusal.name not in mended
                mended.add(refusal.name)
                match refusal.action:
                    case Action.CHAT if first and self._chats.forget(chat, refusal):
                        continue
                    case Action.REFRESH if first and self._names_one(album, refusal):
                        number = refusal.number or 0
                        album[number] = await self._anew(chat, album[number], limit)
                        continue
                    case Action.REGROUP if len(runs := _runs(album)) > 1:
                        return await self._in_runs(chat, runs, text, limit)
                    case Action.KIND:
                        self._forbidden(album, refusal)
                if refusal.action in _ALL:
                    raise error_mapping.verdict(refusal, _subject(chat, album)) from None
                text = full  # where even no caption is too long, it is not to blame
                if refusal.action not in _PASSING and not anew:
                    album, anew = await self._all_anew(chat, album, limit), True
                    continue
                return await self._without_one(chat, album, text, refusal)
        raise Temporary(
            f"{_subject(chat, album)} could not be posted yet: Telegram kept objecting."
        )

    async def _send(
        self, chat: str, album: Sequence[Uploaded], text: str, tries: int | None = None
    ) -> dict[int, int]:
        """One request, and a second for what its answer does not name."""
        peer = await self._chats.peer(chat)
        receipts: dict[int, int] = {}
        for _ in range(2):
            left = [each for each in album if each.item.key not in receipts]
            first = left[0] is album[0]
            answer = await self._caller.call(
                tl_requests.request(peer, left, text if first else ""), chat=chat, tries=tries
            )
            receipts |= tl_requests.message_ids(answer, [each.item.key for each in left])
            if len(receipts) == len(album):
                break
        await self._staging.posted(each.item for each in album if each.item.key in receipts)
        return receipts

    @staticmethod
    def _shorter(refusal: Refusal, text: str) -> str:
        """Half the caption, then none; none at once where the chat forbids text."""
        if refusal.name == "CHAT_SEND_PLAIN_FORBIDDEN" or len(text) < 64:
            return ""
        return tl_requests.cut(text, len(text.encode("utf-16-le")) // 4)

    @staticmethod
    def _names_one(album: Sequence[Uploaded], refusal: Refusal) -> bool:
        return refusal.number is not None and refusal.number < len(album)

    async def _anew(self, chat: str, staged: Uploaded, limit: int) -> Uploaded:
        try:
            return await self._staging.stage(chat, staged.item, limit, anew=True)
        except (NeedsConversion, Permanent, Temporary) as cause:
            if isinstance(cause, Temporary) and cause.scope != "unit":
                raise
            raise Rejected({staged.item.key: cause}) from None

    async def _all_anew(self, chat: str, album: Sequence[Uploaded], limit: int) -> list[Uploaded]:
        """Put each before uploadMedia again, one by one: whoever is to blame is named there."""
        fresh: list[Uploaded] = []
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
        self, chat: str, album: Sequence[Uploaded], text: str, refusal: Refusal
    ) -> dict[int, int]:
        """Post the album without the one that is to blame; without its halves, if several are."""
        if len(album) > 1:
            for suspect in sorted(album, key=lambda each: not _suspicious(each, refusal)):
                rest = [each for each in album if each is not suspect]
                try:
                    return await self._send(chat, rest, text, _ASKED)
                except Refusal as again:
                    self._check(again, chat, album)
        if len(album) == 1:
            raise self._rejected(album, refusal)
        if refusal.action in _PASSING:
            raise error_mapping.verdict(refusal, _subject(chat, album))
        return await self._in_halves(chat, album, text, refusal)

    @staticmethod
    def _check(refusal: Refusal, chat: str, album: Sequence[Uploaded]) -> None:
        """Give up looking for a culprit where the error is about everything."""
        if refusal.action in _ALL:
            raise error_mapping.verdict(refusal, _subject(chat, album)) from None

    async def _in_halves(
        self, chat: str, album: Sequence[Uploaded], text: str, refusal: Refusal
    ) -> dict[int, int]:
        receipts: dict[int, int] = {}
        middle = len(album) // 2
        for half in (album[:middle], album[middle:]):
            caption = "" if receipts else text
            try:
                receipts |= await self._send(chat, half, caption, _ASKED)
            except Refusal as again:
                self._check(again, chat, album)
                if len(half) > 1:
                    try:
                        receipts |= await self._without_one(chat, half, caption, again)
                    except Rejected:
                        continue
        if not receipts:
            raise self._rejected(album, refusal)
        return receipts

    async def _in_runs(
        self, chat: str, runs: Sequence[list[Uploaded]], text: str, limit: int
    ) -> dict[int, int]:
        """Post runs of what may stand together, in order."""
        receipts: dict[int, int] = {}
        for run in runs:
            receipts |= await self.post(chat, run, "" if receipts else text, limit)
        return receipts

    @staticmethod
    def _forbidden(album: Sequence[Uploaded], refusal: Refusal) -> None:
        """The chat forbids a kind: those of it wait, the others go."""
        word = refusal.name.removeprefix("CHAT_SEND_").removesuffix("_FORBIDDEN")
        kinds = _FORBIDDEN.get(word, {"document"})
        named = [each for each in album if each.item.kind in kinds] or album
        raise Rejected(
            {each.item.key: error_mapping.verdict(refusal, each.item.name) for each in named}
        )

    @staticmethod
    def _rejected(album: Sequence[Uploaded], refusal: Refusal) -> Rejected:
        return Rejected(
            {
                each.item.key: error_mapping.verdict(refusal, each.item.name, each.item.kind)
                for each in album
            }
        )


def _suspicious(staged: Uploaded, refusal: Refusal) -> bool:
    """Whether the error's name points at things of this kind."""
    if refusal.action is Action.PHOTO:
        return staged.item.kind == "photo"
    if refusal.action is Action.CONVERT:
        return staged.item.kind != "photo"
    return True


def _runs(album: Sequence[Uploaded]) -> list[list[Uploaded]]:
    """What may stand together in one album, in order, at most ten at a time."""
    runs = [list(run) for _, run in groupby(album, key=_group)]
    return [
        run[at : at + tl_requests.ALBUM]
        for run in runs
        for at in range(0, len(run), tl_requests.ALBUM)
    ]


def _group(staged: Uploaded) -> str:
    handle: Any = staged.handle
    if isinstance(handle, types.InputMediaPhoto):
        return tl_media.group_of("photo")
    return tl_media.group_of(staged.item.kind if staged.item.kind != "photo" else "document")


def _subject(chat: str, album: Sequence[Uploaded]) -> str:
    what = album[0].item.name if len(album) == 1 else f"the album from {album[0].item.name} on"
    return f"{what} (chat {chat!r})"
