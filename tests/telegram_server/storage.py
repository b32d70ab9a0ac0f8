"""Uploaded parts and the media made of them, checked as Telegram checks them.

Parts belong to an account and a file_id; they come in any order and may come again. Media gets an id, an access hash
and a file reference; what was refused leaves nothing behind. With `keep=False` only sizes are kept and what
needs the bytes (MD5, SHA-256, looking at photos) is left out.

`Refused` leaves this module with the error names of core.telegram.org/api/files and the per-method lists.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any, Final

from telethon.tl import types

from .media import PHOTO_NAMES, Media, document_kind, document_name, is_thumbnail, look_at_photo
from .wire import Refused

PART: Final = 512 << 10
SMALL: Final = 10 << 20
"""Up to here upload.saveFilePart; also the largest photo."""
CLIP_SECONDS: Final = 10
CLIP_BYTES: Final = 10_000_000
"""Of the video of a live photo. core.telegram.org/bots/api#sendlivephoto"""


@dataclass(slots=True)
class Upload:
    """The parts of one file_id so far."""

    parts: dict[int, bytes | int]
    big: bool
    total: int | None = None
    part_size: int | None = None

    @property
    def size(self) -> int:
        """Bytes so far."""
        return sum(part if isinstance(part, int) else len(part) for part in self.parts.values())


class Storage:
    """Everything that was uploaded."""

    def __init__(self, *, keep: bool = True, most_parts: int = 4000) -> None:
        self.keep, self.most_parts = keep, most_parts
        self.uploads: dict[tuple[int, int], Upload] = {}
        self.media: dict[int, Media] = {}
        self.spoilt: set[int] = set()
        """The ids of uploads that are lost inside: whatever is made of them is RPC_CALL_FAIL, and nothing mends it."""
        self.live_photos = True
        """Whether live photos are taken; else they are MEDIA_INVALID."""
        self._generation = 0

    def save_part(
        self, account: int, file_id: int, part: int, data: bytes, total: int | None
    ) -> None:
        """Take one part; `total` is None for upload.saveFilePart, -1 where it is not known yet."""
        big, size = total is not None, len(data)
        upload = self.uploads.setdefault((account, file_id), Upload({}, big))
        if size == 0:
            raise Refused(400, "FILE_PART_EMPTY")
        if size > PART:
            raise Refused(400, "FILE_PART_TOO_BIG")
        if not 0 <= part < self.most_parts or upload.big != big:
            raise Refused(400, "FILE_PART_INVALID")
        if total is not None and total != -1:
            self._check_total(upload, part, total)
            upload.total = total
        last = upload.total is not None and part == upload.total - 1
        if big and not last:
            if size % 1024 or PART % size:
                raise Refused(400, "FILE_PART_SIZE_INVALID")
            if upload.part_size not in {None, size}:
                raise Refused(400, "FILE_PART_SIZE_CHANGED")
            upload.part_size = size
        upload.parts[part] = data if self.keep else size

    def _check_total(self, upload: Upload, part: int, total: int) -> None:
        if upload.total not in {None, total} or not 0 < total <= self.most_parts:
            raise Refused(400, "FILE_PARTS_INVALID")
        if part >= total:
            raise Refused(400, "FILE_PART_INVALID")

    def forget(self, file_id: int | None = None, parts: tuple[int, ...] | None = None) -> int:
        """Lose parts (of every file, and all of them, unless named); how many were lost."""
        lost = 0
        for (_, known), upload in self.uploads.items():
            if file_id in {None, known}:
                chosen = set(upload.parts) if parts is None else set(parts) & set(upload.parts)
                for part in chosen:
                    del upload.parts[part]
                lost += len(chosen)
        return lost

    def spoil(self, file_id: int) -> None:
        """Lose an upload inside, for good: only another one of the same file helps."""
        self.spoilt.add(file_id)

    def expire_references(self) -> None:
        """Every file reference handed out so far is stale from now on."""
        self._generation += 1

    def _join(self, account: int, file: Any) -> tuple[tuple[bytes, ...], int]:
        """The bytes of an InputFile in chunks (none with keep=False), and their number."""
        if file.id in self.spoilt:
            raise Refused(500, "RPC_CALL_FAIL")
        big = isinstance(file, types.InputFileBig)
        upload = self.uploads.get((account, file.id))
        for part in range(file.parts):
            if upload is None or part not in upload.parts:
                raise Refused(400, f"FILE_PART_{part}_MISSING")
        if upload is None or len(upload.parts) != file.parts or upload.big != big:
            raise Refused(400, "FILE_PARTS_INVALID")
        if big and upload.total != file.parts:
            raise Refused(400, "FILE_PARTS_INVALID")
        ordered = [upload.parts[part] for part in range(file.parts)]
        sizes = [part if isinstance(part, int) else len(part) for part in ordered]
        if len(set(sizes[:-1])) > 1 or (sizes[:-1] and sizes[-1] > sizes[0]):
            raise Refused(400, "FILE_PART_LENGTH_INVALID")
        if any(size % 1024 or PART % size for size in sizes[:-1]):
            raise Refused(400, "FILE_PART_SIZE_INVALID")
        if not big and sum(sizes) > SMALL:
            raise Refused(400, "FILE_PARTS_INVALID")
        chunks = tuple(part for part in ordered if isinstance(part, bytes))
        if chunks and not big and file.md5_checksum:
            digest = hashlib.md5()  # noqa: S324  what InputFile carries
            for chunk in chunks:
                digest.update(chunk)
            if digest.hexdigest() != file.md5_checksum.lower():
                raise Refused(400, "MD5_CHECKSUM_INVALID")
        return chunks, sum(sizes)

    def name_of(self, media: Any) -> tuple[str, str | None] | None:
        """Name and SHA-256 of an InputMedia, for faults that choose a file; None for none."""
        if isinstance(media, types.InputMediaUploadedPhoto | types.InputMediaUploadedDocument):
            return document_name(media), None
        known = self.media.get(getattr(getattr(media, "id", None), "id", 0))
        return (known.name, known.sha256) if known else None

    def make(self, account: int, media: Any) -> Media:
        """Make a photo or a document of what was uploaded. Blocking: photos are decoded."""
        if isinstance(media, types.InputMediaUploadedPhoto):
            made = self._photo(account, media)
        elif isinstance(media, types.InputMediaUploadedDocument):
            made = self._document(account, media)
        else:
            raise Refused(400, "MEDIA_INVALID")
        self.media[made.id] = made
        return made

    def find(self, media: Any, place: int | None = None) -> Media:
        """The media an InputMediaPhoto or -Document points to; `place` is its place in an album."""
        if not isinstance(media, types.InputMediaPhoto | types.InputMediaDocument):
            raise Refused(400, "MEDIA_INVALID")
        known = self.media.get(media.id.id)
        photo = isinstance(media, types.InputMediaPhoto)
        if known is None or known.access_hash != media.id.access_hash:
            raise Refused(400, "MEDIA_EMPTY")
        if photo != (known.kind == "photo"):
            raise Refused(400, "MEDIA_INVALID")
        if media.id.file_reference != self._reference(known.id):
            which = "" if place is None else f"_{place}"
            raise Refused(400, f"FILE_REFERENCE{which}_EXPIRED")
        if photo:
            return replace(known, clip=self.clip_of(media))
        return replace(known, cover=self._cover_of(media))

    def _cover_of(self, media: Any) -> Media | None:
        """The photo that stands for a video, brought before; None for none."""
        if media.video_cover is None:
            return None
        cover = self.media.get(media.video_cover.id)
        if cover is None or cover.kind != "photo":
            raise Refused(400, "MEDIA_INVALID")
        if cover.access_hash != media.video_cover.access_hash:
            raise Refused(400, "MEDIA_EMPTY")
        if media.video_cover.file_reference != self._reference(cover.id):
            raise Refused(400, "FILE_REFERENCE_EXPIRED")
        return cover

    def clip_of(self, media: Any) -> Media | None:
        """The video that makes a photo a live one: of at most ten seconds and 10 MB, brought before; None for none."""
        if not media.live_photo or media.video is None:
            return None
        clip = self.media.get(media.video.id)
        if not self.live_photos or clip is None or clip.access_hash != media.video.access_hash:
            raise Refused(400, "MEDIA_INVALID")
        if clip.kind != "video" or (clip.duration or 0) > CLIP_SECONDS or clip.size > CLIP_BYTES:
            raise Refused(400, "MEDIA_INVALID")
        if media.video.file_reference != self._reference(clip.id):
            raise Refused(400, "FILE_REFERENCE_EXPIRED")
        return clip

    def _reference(self, media_id: int) -> bytes:
        return f"{self._generation}:{media_id}".encode()

    def _photo(self, account: int, media: Any) -> Media:
        clip = self.clip_of(media)
        chunks, size = self._join(account, media.file)
        if size > SMALL:
            raise Refused(400, "PHOTO_SAVE_FILE_INVALID")
        if PurePath(media.file.name).suffix.lower() not in PHOTO_NAMES:
            raise Refused(400, "PHOTO_EXT_INVALID")
        width, height = look_at_photo(b"".join(chunks)) if self.keep else (0, 0)
        number = _fresh_id()
        return Media(
            id=number,
            access_hash=_fresh_id(),
            reference=self._reference(number),
            kind="photo",
            name=media.file.name,
            mime="image/jpeg",
            size=size,
            sha256=_sha256(chunks),
            chunks=chunks,
            width=width,
            height=height,
            clip=clip,
        )

    def _document(self, account: int, media: Any) -> Media:
        chunks, size = self._join(account, media.file)
        thumbnail = None
        if media.thumb is not None:
            thumbnail = b"".join(self._join(account, media.thumb)[0])
        kind, video = document_kind(media)
        number = _fresh_id()
        return Media(
            id=number,
            access_hash=_fresh_id(),
            reference=self._reference(number),
            kind=kind,
            name=document_name(media),
            mime=media.mime_type,
            size=size,
            sha256=_sha256(chunks),
            chunks=chunks,
            width=video and video.w,
            height=video and video.h,
            duration=video and video.duration,
            supports_streaming=bool(video and video.supports_streaming),
            nosound=bool(media.nosound_video),
            thumbnail=thumbnail if thumbnail and is_thumbnail(thumbnail) else None,
            attributes=tuple(media.attributes),
            cover=self._cover_of(media),
        )


def _sha256(chunks: tuple[bytes, ...]) -> str | None:
    if not chunks:
        return None
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()


def _fresh_id() -> int:
    return random.getrandbits(62) | 1
