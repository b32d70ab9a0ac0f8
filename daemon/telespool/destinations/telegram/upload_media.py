"""Bringing one item in: its bytes, its thumbnail, and uploadMedia, which may refuse it by name.

uploadMedia comes right after the last part: Telegram forgets parts within minutes to hours, and an album of ten
long videos takes longer than that. What it returns is noted, so that a restart before the post sends nothing
again.

No file is blamed while Telegram is not well: before one is, another must have passed, or a picture that is certainly
good (`known_good`). While there is trouble that picture alone is tried, with a growing gap, and everything waits. Where
it passes and a file goes on having trouble, the upload is spoilt: it is sent again under another file_id.

Leaves: `Temporary`, `NeedsConversion`, `Permanent`, `LoginNeeded`, each with a sentence about this item.
"""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING, Any

import structlog
from telethon.tl import functions, types

from telespool.destinations.base import Uploaded
from telespool.destinations.telegram import error_mapping, known_good, tl_media
from telespool.destinations.telegram.error_mapping import Refusal
from telespool.destinations.telegram.error_table import Action
from telespool.destinations.telegram.server_health import Circuit, ServerHealth, now
from telespool.errors import NeedsConversion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from telespool.destinations.telegram.peers import Peers
    from telespool.destinations.telegram.rpc import RpcClient
    from telespool.destinations.telegram.upload_file import FileUpload, FileUploader
    from telespool.model import Item, Kind

_UPLOAD_MEDIA = "UploadMedia"
_log = structlog.get_logger()
_MENDS = 8  # parts lost, uploads spoilt, references gone stale: beyond it, it waits for another day
_UPLOADS = 2  # from the start, under another id
_CALM = 30.0  # seconds without anybody else's trouble after which Telegram counts as well
_STILL = 5.0  # seconds for which the word of a picture that was taken holds
# Refusals by which a file is blamed.
_BLAMING = {
    Action.CONVERT,
    Action.PHOTO,
    Action.DOCUMENT,
    Action.REFUSE,
    Action.UNKNOWN,
    Action.BUG,
    Action.UPLOAD,
    Action.PART,
    Action.REFRESH,
}


class MediaUploader:
    """Takes items in."""

    def __init__(self, caller: RpcClient, chats: Peers, transfer: FileUploader) -> None:
        self._caller = caller
        self._chats = chats
        self._transfer = transfer
        self._circuit = Circuit(caller.patience)
        self._well_since = float("-inf")
        self._taken = ServerHealth()

    async def stage(
        self,
        chat: str,
        item: Item,
        limit: int,
        progress: Callable[[int], None] | None = None,
        *,
        anew: bool = False,
    ) -> Uploaded:
        """Bring it in; `anew` asks Telegram again even where a note says that it has been.

        Of a live photo the clip comes first: the photo names it.
        """
        video = None
        if item.clip is not None:
            video = (await self.stage(chat, item.clip, limit, anew=anew)).handle
        upload = await self._transfer.begin(item, limit)
        try:
            noted = None if anew else upload.received.handle
            handle, kept = tl_media.from_text(noted or "")
            if handle is None or tl_media.is_live(handle) != (video is not None):
                answer = await self._bring(chat, upload, progress, video)
                handle, kept = tl_media.reference(answer, video), tl_media.kept(answer)
                await self._transfer.complete(upload, tl_media.to_text(handle, kept))
            elif progress is not None:
                progress(upload.size)
            return Uploaded(item, handle, kept)
        finally:
            upload.close()

    async def _bring(
        self,
        chat: str,
        upload: FileUpload,
        progress: Callable[[int], None] | None,
        video: Any = None,
    ) -> Any:
        item = upload.item
        kind: Kind = item.kind
        retried: set[str] = set()
        began = now()
        for mend in range(_MENDS):
            await self._wait_until_well(chat, kind)
            try:
                answer = await self._attempt(chat, upload, kind, progress, video)
            except Refusal as refusal:
                hopeless = mend == _MENDS - 1
                if hopeless or not await self._mend(chat, upload, refusal, retried):
                    await self._check_server(chat, kind, item.key, refusal, began)
                    if refusal.is_trouble and upload.received.generation < _UPLOADS:
                        await self._transfer.again(upload)
                        continue
                    if refusal.action is not Action.DOCUMENT or kind == "document":
                        raise error_mapping.verdict(refusal, item.name, kind) from None
                    kind = "document"
                continue
            self._taken.passed(_UPLOAD_MEDIA, item.key)
            if tl_media.reference(answer) is None:
                raise NeedsConversion(
                    f"Telegram took {item.name}, and made nothing of it that can be posted."
                )
            return answer
        raise AssertionError

    async def _attempt(
        self,
        chat: str,
        upload: FileUpload,
        kind: Kind,
        progress: Callable[[int], None] | None,
        video: Any,
    ) -> Any:
        item = upload.item
        file = await self._transfer.send(upload, tl_media.file_name(item), progress)
        thumb = None
        if item.thumbnail and kind != "photo":
            key = _further_key("thumb", item.upload_key, upload.received.generation)
            thumb = await self._transfer.send_bytes(item.thumbnail, key, "thumb.jpg")
        cover = await self._cover(chat, upload) if kind == "video" else None
        media = tl_media.uploaded(item, file, thumb, kind, video, cover)
        peer = await self._chats.peer(chat)
        return await self._caller.call(
            functions.messages.UploadMediaRequest(peer, media), chat=chat, subject=item.key
        )

    async def _cover(self, chat: str, upload: FileUpload) -> Any:
        """The photo that stands for a video until it plays; None where it has none, or Telegram does not take it."""
        item = upload.item
        if item.cover is None:
            return None
        key = _further_key("cover", item.upload_key, upload.received.generation)
        file = await self._transfer.send_bytes(item.cover, key, "cover.jpg")
        peer = await self._chats.peer(chat)
        request = functions.messages.UploadMediaRequest(peer, types.InputMediaUploadedPhoto(file))
        try:
            answer = await self._caller.call(request, chat=chat, subject=item.key)
        except Refusal as refusal:
            if refusal.action not in {Action.PHOTO, Action.CONVERT, Action.REFUSE}:
                raise
            _log.info("cover.refused", chat=chat, file=item.name, reason=refusal.reason)
            return None
        return tl_media.photo_of(getattr(answer, "photo", None))

    async def _wait_until_well(self, chat: str, kind: Kind) -> None:
        """Where there was trouble, try with what is certainly good; Temporary for all while that is not taken."""
        async with self._circuit.probing:
            if self._circuit.is_open:
                self._circuit.check()
                if not await self._is_well(chat, kind):
                    raise self._circuit.trip("it takes no files")
                self._circuit.close()

    async def _check_server(
        self, chat: str, kind: Kind, key: int, refusal: Refusal, since: float
    ) -> None:
        """Before a file is blamed for this refusal: raise Temporary for all where it may be Telegram's own fault."""
        if not refusal.is_trouble and refusal.action not in _BLAMING:
            return
        health = self._caller.health
        async with self._circuit.probing:
            self._circuit.check()
            if refusal.is_trouble:
                # Others have trouble as well: then it is nobody's, even if something passes now and then.
                well = not health.others_failed_anywhere(key, now() - _CALM)
                well = well and await self._is_well(chat, kind)
            else:
                well = self._taken.others_passed(_UPLOAD_MEDIA, key, since) or await self._is_well(
                    chat, kind
                )
            if not well:
                raise self._circuit.trip(refusal.name)

    async def _is_well(self, chat: str, kind: Kind) -> bool:
        if now() - self._well_since < _STILL:
            return True
        peer = await self._chats.peer(chat)
        well = await known_good.is_taken(self._caller, self._transfer, peer, kind, chat)
        if well:
            self._well_since = now()
        return well

    async def _mend(
        self, chat: str, upload: FileUpload, refusal: Refusal, retried: set[str]
    ) -> bool:
        """Put right what can be put right; True where another attempt makes sense."""
        match refusal.action:
            case Action.PART:
                await self._transfer.lost(upload, refusal.number or 0)
                return True
            case Action.UPLOAD:
                await self._transfer.again(upload)
                return upload.received.generation <= _UPLOADS
            case Action.REFRESH:
                return True
        # Once: the chat's access hash may be an old one; and PHOTO_SAVE_FILE_INVALID is "internal issues, try
        # again later" in the documentation, "over 10 MB" to others.
        first = refusal.name not in retried
        retried.add(refusal.name)
        if refusal.action is Action.CHAT:
            return first and self._chats.forget(chat, refusal)
        if first and refusal.action is Action.UNKNOWN and not refusal.is_trouble:
            await asyncio.sleep(self._caller.patience.before(1))
            return True
        return first and refusal.name == "PHOTO_SAVE_FILE_INVALID"

    async def posted(self, items: Iterable[Item]) -> None:
        """They were posted: what was noted of their uploads has served."""
        await self._transfer.drop(
            each for item in items for each in (item, item.clip) if each is not None
        )


def _further_key(what: str, key: int, generation: int) -> int:
    digest = hashlib.sha256(f"{what}/{key}/{generation}".encode()).digest()
    return int.from_bytes(digest[:8], "little", signed=True)
