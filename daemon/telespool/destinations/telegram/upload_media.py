"""Bringing one item in: its bytes, its thumbnail, and uploadMedia, which may refuse it by name.

uploadMedia comes right after the last part: Telegram forgets parts within minutes to hours, and an album of ten
long videos takes longer than that. What it returns is noted, so that a restart before the post sends nothing
again. Leaves: `Temporary`, `NeedsConversion`, `Permanent`, `LoginNeeded`, each with a sentence about this item.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from telethon.tl import functions

from telespool.destinations.base import Uploaded
from telespool.destinations.telegram import error_mapping, tl_media
from telespool.destinations.telegram.error_mapping import Refusal
from telespool.destinations.telegram.error_table import Action
from telespool.errors import NeedsConversion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from telespool.destinations.telegram.peers import Peers
    from telespool.destinations.telegram.rpc import RpcClient
    from telespool.destinations.telegram.upload_file import FileUpload, FileUploader
    from telespool.model import Item, Kind

_MENDS = 8  # parts lost, uploads spoilt, references gone stale: beyond it, it waits for another day
_UPLOADS = 2  # from the start, under another id


class MediaUploader:
    """Takes items in."""

    def __init__(self, caller: RpcClient, chats: Peers, transfer: FileUploader) -> None:
        self._caller = caller
        self._chats = chats
        self._transfer = transfer

    async def stage(
        self,
        chat: str,
        item: Item,
        limit: int,
        progress: Callable[[int], None] | None = None,
        *,
        anew: bool = False,
    ) -> Uploaded:
        """Bring it in; `anew` asks Telegram again even where a note says that it has been."""
        upload = await self._transfer.begin(item, limit)
        try:
            noted = None if anew else upload.received.handle
            handle = tl_media.from_text(noted) if noted else None
            if handle is None:
                handle = await self._bring(chat, upload, progress)
                await self._transfer.complete(upload, tl_media.to_text(handle))
            elif progress is not None:
                progress(upload.size)
            return Uploaded(item, handle)
        finally:
            upload.close()

    async def _bring(
        self, chat: str, upload: FileUpload, progress: Callable[[int], None] | None
    ) -> Any:
        item = upload.item
        kind: Kind = item.kind
        retried: set[str] = set()
        for mend in range(_MENDS):
            try:
                answer = await self._attempt(chat, upload, kind, progress)
            except Refusal as refusal:
                hopeless = mend == _MENDS - 1
                if hopeless or not await self._mend(chat, upload, refusal, retried):
                    if refusal.action is not Action.DOCUMENT or kind == "document":
                        raise error_mapping.verdict(refusal, item.name, kind) from None
                    kind = "document"
                continue
            handle = tl_media.reference(answer)
            if handle is None:
                raise NeedsConversion(
                    f"Telegram took {item.name}, and made nothing of it that can be posted."
                )
            return handle
        raise AssertionError

    async def _attempt(
        self, chat: str, upload: FileUpload, kind: Kind, progress: Callable[[int], None] | None
    ) -> Any:
        item = upload.item
        file = await self._transfer.send(upload, tl_media.file_name(item), progress)
        thumb = None
        if item.thumbnail and kind != "photo":
            key = _thumb_key(item.upload_key, upload.received.generation)
            thumb = await self._transfer.send_bytes(item.thumbnail, key, "thumb.jpg")
        media = tl_media.uploaded(item, file, thumb, kind)
        peer = await self._chats.peer(chat)
        return await self._caller.call(
            functions.messages.UploadMediaRequest(peer, media), chat=chat
        )

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
        return first and refusal.name == "PHOTO_SAVE_FILE_INVALID"

    async def posted(self, items: Iterable[Item]) -> None:
        """They were posted: what was noted of their uploads has served."""
        await self._transfer.drop(items)


def _thumb_key(key: int, generation: int) -> int:
    digest = hashlib.sha256(f"thumb/{key}/{generation}".encode()).digest()
    return int.from_bytes(digest[:8], "little", signed=True)
