"""Making one post, whatever Telegram objects to.

Nothing is posted twice: every repetition carries the same random_ids. What may be Telegram's own trouble is waited
out for all (`server_health`): an album stays an album. Only where that lasts, or where the album as such is refused
twice, is something else done: first each item is put before uploadMedia again, which names the culprit (`Rejected`,
and nothing was posted). Where an item is to blame that nobody names, it is found by leaving out one at a time: each
such request either fails as a whole, or posts all the others, in order, as one album. In the end the items go one by
one, in order.

"Posted already" is believed, and confirmed by `posted_before`.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from telespool.destinations.base import Receipts, Rejected, Uploaded
from telespool.destinations.telegram import error_mapping, tl_requests
from telespool.destinations.telegram.album_runs import runs_of
from telespool.destinations.telegram.error_mapping import Refusal
from telespool.destinations.telegram.error_table import Action
from telespool.destinations.telegram.post_head import Head, cut_off
from telespool.destinations.telegram.posted_before import PostedBefore, subject_of
from telespool.destinations.telegram.server_health import Circuit, now
from telespool.destinations.telegram.suspects import check_live, forbidden, rejected, suspects
from telespool.destinations.telegram.topics import CLOSED
from telespool.errors import (
    NeedsConversion,
    Permanent,
    TelespoolError,
    Temporary,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from telespool.destinations.telegram.peers import Peers
    from telespool.destinations.telegram.rpc import RpcClient
    from telespool.destinations.telegram.topics import Topics
    from telespool.destinations.telegram.upload_media import MediaUploader

_log = structlog.get_logger()
_POST = "SendMedia"
_SHORTEST = 64  # UTF-16 units of a caption that is not halved any more
_MENDS = 16  # ten stale references, one after the other, are no reason to give up
# Errors that concern everything, so that no item is to blame.
_ALL = {Action.WAIT, Action.RECONNECT, Action.CHAT, Action.ACCOUNT, Action.LOGIN, Action.CONFIG}
# Errors by which one item is to blame.
_ITEM = {Action.CONVERT, Action.PHOTO, Action.DOCUMENT, Action.REFUSE}
# Errors that fresh uploads may mend, or that uploadMedia may lay at one item's door.
_RENEW = _ITEM | {Action.UPLOAD, Action.PART, Action.REFRESH}


class PostSender:
    """Makes posts from what was staged."""

    def __init__(
        self,
        caller: RpcClient,
        chats: Peers,
        staging: MediaUploader,
        topics: Topics,
        captions: Callable[[], Awaitable[int]],
    ) -> None:
        """`captions` tells how long a caption may be, for this account."""
        self._caller = caller
        self._chats = chats
        self._staging = staging
        self._topics = topics
        self._captions = captions
        self._patience = caller.patience
        self._circuit = Circuit(caller.patience)
        self._trouble: dict[int, float] = {}  # since when a post brings trouble, by its first key
        self._before = PostedBefore(caller, chats, self._send)

    async def post(  # noqa: PLR0912 - one branch to an answer of Telegram's, in the order in which they are mended
        self, chat: str, staged: Sequence[Uploaded], head: Head, limit: int
    ) -> Receipts:
        """Message id by key, as `Destination.post` promises; `limit` is as for `MediaUploader.stage`."""
        self._circuit.check()
        head = head.cut(await self._captions())
        if before := await self._moved(chat, staged, head):
            return before
        head = await self._resolved(chat, head)
        full = head
        album = list(staged)
        mended: set[str] = set()
        anew = repeated = False
        for _ in range(_MENDS):
            if len(runs := runs_of(album)) > 1:
                return await self._in_runs(chat, runs, head, limit)
            try:
                return await self._send(chat, album, head)
            except Refusal as refusal:
                if refusal.action is Action.CAPTION and not anew and any(head.captions(album)):
                    head = self._shorter(refusal, head, album)
                    continue
                first = refusal.name not in mended
                mended.add(refusal.name)
                if refusal.name in CLOSED:
                    raise self._topics.closed(chat, head.style.topic, refusal) from None
                match refusal.action:
                    case Action.CHAT if first and self._chats.forget(chat, refusal):
                        if before := await self._moved(chat, album, head):
                            return before
                        continue
                    case Action.REFRESH if first and self._names_one(album, refusal):
                        number = refusal.number or 0
                        album[number] = await self._anew(chat, album[number], limit)
                        continue
                    case Action.KIND:
                        raise forbidden(album, refusal) from None
                    case Action.DELIVERED:
                        return await self._confirmed(chat, album, head)
                if refusal.action in _ALL:
                    raise error_mapping.verdict(refusal, subject_of(chat, album)) from None
                head = full  # where even no caption is too long, it is not to blame
                if refusal.is_trouble:
                    self._wait_for_all(album, refusal)
                elif not repeated:
                    # Once more, a moment later: it may have been a whim of the server's.
                    repeated = True
                    await asyncio.sleep(self._patience.before(1))
                    if refusal.action in _RENEW:
                        album, anew = await self._all_anew(chat, album, limit), True
                    continue
                return await self._apart(chat, album, head, refusal)
        raise Temporary(
            f"{subject_of(chat, album)} could not be posted yet: Telegram kept objecting.",
            scope="chat",
        )

    async def _resolved(self, chat: str, head: Head) -> Head:
        """The head with what the names of its style stand for."""
        style = head.style
        if style.topic:
            head = replace(head, topic=await self._topics.number(chat, style.topic))
        if style.send_as:
            head = replace(head, send_as=await self._chats.named(style.send_as, chat))
        return head

    async def _send(
        self, chat: str, album: Sequence[Uploaded], head: Head, tries: int | None = None
    ) -> Receipts:
        """One request, and a second for what its answer does not name."""
        peer = await self._chats.peer(chat)
        receipts = Receipts()
        subject = album[0].item.key
        if self._circuit.is_open:
            tries = 1  # this one tries for all
        for _ in range(2):
            left = [each for each in album if each.item.key not in receipts]
            first = left[0] is album[0]
            answer = await self._caller.call(
                tl_requests.request(peer, left, head if first else head.bare()),
                chat=chat,
                tries=tries,
                subject=subject,
            )
            receipts |= tl_requests.message_ids(answer, [each.item.key for each in left])
            if len(receipts) == len(album):
                break
        self._circuit.close()
        return await self._served(album, receipts, head)

    async def _moved(self, chat: str, album: Sequence[Uploaded], head: Head) -> Receipts:
        """What of it was posted to a group that became a supergroup since."""
        receipts = await self._before.move(chat, album)
        return await self._served(album, receipts, head) if receipts else receipts

    async def _confirmed(self, chat: str, album: Sequence[Uploaded], head: Head) -> Receipts:
        return await self._served(album, await self._before.confirm(chat, album, head), head)

    async def _served(self, album: Sequence[Uploaded], receipts: Receipts, head: Head) -> Receipts:
        """What was posted of it, with what the report should say of its captions."""
        self._trouble.pop(album[0].item.key, None)
        self._before.forget(album[0].item.key)
        posted = [each for each in album if each.item.key in receipts]
        await self._staging.posted(each.item for each in posted)
        return receipts.told(cut_off(posted, head))

    def _wait_for_all(self, album: Sequence[Uploaded], refusal: Refusal) -> None:
        """Raise Temporary for all, until this post has brought trouble for long."""
        key = album[0].item.key
        since = self._trouble.setdefault(key, now())
        if now() - since < self._patience.blame:
            raise self._circuit.trip(refusal.name)

    @staticmethod
    def _shorter(refusal: Refusal, head: Head, album: Sequence[Uploaded]) -> Head:
        """Half the captions, then none; none at once where the chat forbids text."""
        longest = max(len(each.text.encode("utf-16-le")) // 2 for each in head.captions(album))
        if refusal.name == "CHAT_SEND_PLAIN_FORBIDDEN" or longest < _SHORTEST:
            return head.cut(0)
        return head.cut(longest // 2)

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

    async def _apart(
        self, chat: str, album: Sequence[Uploaded], head: Head, refusal: Refusal
    ) -> Receipts:
        """Post the album without the one that is to blame; of several, by halves; else its items one by one, in order.

        Live photos are suspected last: while another may be to blame they stay what they are.
        """
        if len(album) > 1 and refusal.action in _ITEM and refusal.name not in _AS_SUCH:
            for suspect in suspects(album, refusal):
                rest = [each for each in album if each is not suspect]
                try:
                    return await self._send(chat, rest, head)
                except Refusal as again:
                    self._check(again, chat, album)
            parted = len(album) == _PAIR or len(album) >= _HALVES
            if parted and any(each.item.clip is not None for each in album):
                receipts = await self._by_halves(chat, album, head)
                return (
                    self._told_apart(receipts, chat, album, refusal)
                    if len(album) == _PAIR
                    else receipts
                )
        check_live(album, refusal)
        return await self._one_by_one(chat, album, head, refusal)

    async def _by_halves(self, chat: str, album: Sequence[Uploaded], head: Head) -> Receipts:
        """Post each half by itself: several are to blame, and innocent live photos keep their clips."""
        receipts, middle = Receipts(), len(album) // 2
        for half in (album[:middle], album[middle:]):
            rest = head.bare() if receipts else head
            try:
                try:
                    receipts.add(await self._send(chat, half, rest))
                except Refusal as again:
                    self._check(again, chat, album)
                    if len(half) < _HALVES - 1 and all(each.item.clip for each in half):
                        check_live(half, again)  # alone one may pass where no album of them does
                    receipts.add(await self._apart(chat, half, rest, again))
            except Rejected as rejected:
                receipts.causes |= rejected.causes
        if not receipts:
            raise Rejected(receipts.causes)
        return receipts

    async def _one_by_one(
        self, chat: str, album: Sequence[Uploaded], head: Head, refusal: Refusal
    ) -> Receipts:
        receipts = Receipts()
        for each in album:
            try:
                receipts.add(
                    await self._alone(chat, each, head.bare() if receipts else head, refusal)
                )
            except Rejected as rejected:
                receipts.causes |= rejected.causes
        if not receipts:
            raise Rejected(receipts.causes)
        return self._told_apart(receipts, chat, album, refusal) if len(album) > 1 else receipts

    @staticmethod
    def _told_apart(
        receipts: Receipts, chat: str, album: Sequence[Uploaded], refusal: Refusal
    ) -> Receipts:
        """Add that the album is none, for the report."""
        apart = (
            f"Telegram refused the album from {album[0].item.name} on ({refusal.name}): its files"
            " stand one by one, in their order"
        )
        _log.warning("album.split", chat=chat, reason=apart)
        receipts.told(f"{apart}; {receipts.note}" if receipts.note else apart)
        return receipts

    async def _alone(self, chat: str, each: Uploaded, head: Head, before: Refusal) -> Receipts:
        """Post one item; Rejected where it is refused again and again."""
        refusal = before
        for attempt in range(1, self._patience.tries + 1):
            try:
                return await self._send(chat, [each], head)
            except Refusal as again:
                self._check(again, chat, [each])
                if again.action is Action.DELIVERED:
                    return await self._confirmed(chat, [each], head)
                refusal = again
                if again.is_trouble:
                    lately = now() - _LATELY
                    if not self._caller.health.others_passed(_POST, each.item.key, lately):
                        raise self._circuit.trip(again.name) from None
                    break
                if again.action is Action.CAPTION:
                    head = head.cut(0)
            if attempt < self._patience.tries:
                await asyncio.sleep(self._patience.before(attempt))
        raise rejected([each], refusal)

    @staticmethod
    def _check(refusal: Refusal, chat: str, album: Sequence[Uploaded]) -> None:
        """Give up looking for a culprit where the error is about everything."""
        if refusal.action in _ALL:
            raise error_mapping.verdict(refusal, subject_of(chat, album)) from None

    async def _in_runs(
        self, chat: str, runs: Sequence[list[Uploaded]], head: Head, limit: int
    ) -> Receipts:
        """Post runs of what may stand together, in order."""
        receipts = Receipts()
        for run in runs:
            try:
                receipts.add(await self.post(chat, run, head.bare() if receipts else head, limit))
            except Rejected as rejected:
                if not receipts:
                    raise
                receipts.causes |= rejected.causes
        return receipts


_LATELY = 60.0
_PAIR = 2
_HALVES = 4  # items of an album that is tried by halves
# Names of an item's errors that speak of the whole request when they come for an album of fresh uploads.
_AS_SUCH = {"MEDIA_EMPTY"}
