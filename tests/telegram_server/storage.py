"""Uploaded parts and the media made of them, checked as Telegram checks them.

Parts belong to an account and a file_id; they come in any order and may come again. Media gets an id, an access hash
and a file reference; what was refused leaves nothing behind. With `keep=False` only sizes are kept and what
needs the bytes (MD5, SHA-256, looking at photos) is left out.

`Refused` leaves this module with the error names of core.telegram.org/api/files and the per-method lists.
"""

from __future__ import annotations

import hashlib
import io
import random
import warnings
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

from PIL import Image
from telethon.tl import types

from .wire import Refused, now

if TYPE_CHECKING:
    from .records import MediaKind

PART: Final = 512 << 10
SMALL: Final = 10 << 20
"""Up to here upload.saveFilePart; also the largest photo."""
CLIP_SECONDS: Final = 10
CLIP_BYTES: Final = 10_000_000
"""Of the video of a live photo. core.telegram.org/bots/api#sendlivephoto"""
THUMBNAIL_SIDE: Final = 320
THUMBNAIL_BYTES: Final = 200 << 10
_PHOTO_NAMES: Final = {".jpg", ".jpeg", ".gif", ".png", ".tif", ".tiff", ".bmp", ".webp", ""}


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


@dataclass(frozen=True, slots=True)
class Media:
    """A photo or document as Telegram keeps it."""

    id: int
    access_hash: int
    reference: bytes
    kind: MediaKind
    name: str
    mime: str
    size: int
    sha256: str | None
    chunks: tuple[bytes, ...] = ()
    width: int | None = None
    height: int | None = None
    duration: float | None = None
    supports_streaming: bool = False
    nosound: bool = False
    thumbnail: bytes | None = None
    attributes: tuple[Any, ...] = ()
    clip: Media | None = None
    """Of a live photo, its video."""

    @property
    def content(self) -> bytes:
        """The bytes; empty where they were not kept."""
        return b"".join(self.chunks)

    def to_tl(self) -> Any:
        """As it stands in a message."""
        if self.kind == "photo":
            sizes = photo_sizes(self.width or 0, self.height or 0, self.size)
            photo = types.Photo(self.id, self.access_hash, self.reference, now(), sizes, 2)
            if self.clip is None:
                return types.MessageMediaPhoto(photo=photo)
            return types.MessageMediaPhoto(live_photo=True, photo=photo, video=self.clip.document())
        return types.MessageMediaDocument(document=self.document())

    def document(self) -> Any:
        """As a document."""
        return types.Document(
            self.id,
            self.access_hash,
            self.reference,
            now(),
            self.mime,
            self.size,
            2,
            list(self.attributes),
        )


def photo_sizes(width: int, height: int, size: int) -> list[Any]:
    """The copies that are kept of a photo, the largest last. core.telegram.org/api/files#image-thumbnail-types"""
    found = []
    for letter, side in (("m", 320), ("x", 800), ("y", 1280), ("w", 2560)):
        scale = min(1.0, side / max(width, height, 1))
        found.append(types.PhotoSize(letter, round(width * scale), round(height * scale), size))
        if scale == 1.0:
            break
    return found


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
            return _document_name(media), None
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
        return replace(known, clip=self.clip_of(media)) if photo else known

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
        if PurePath(media.file.name).suffix.lower() not in _PHOTO_NAMES:
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
        kind, video = _document_kind(media)
        number = _fresh_id()
        return Media(
            id=number,
            access_hash=_fresh_id(),
            reference=self._reference(number),
            kind=kind,
            name=_document_name(media),
            mime=media.mime_type,
            size=size,
            sha256=_sha256(chunks),
            chunks=chunks,
            width=video and video.w,
            height=video and video.h,
            duration=video and video.duration,
            supports_streaming=bool(video and video.supports_streaming),
            nosound=bool(media.nosound_video),
            thumbnail=thumbnail if thumbnail and _is_thumbnail(thumbnail) else None,
            attributes=tuple(media.attributes),
        )


def look_at_photo(data: bytes) -> tuple[int, int]:
    """Width and height, after the checks Telegram makes of a photo."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(io.BytesIO(data)) as image:
                width, height = image.size
                if width + height > 10_000 or max(width, height) > 20 * min(width, height):
                    raise Refused(400, "PHOTO_INVALID_DIMENSIONS")
                if image.format not in {"JPEG", "PNG", "GIF", "TIFF", "BMP", "WEBP"}:
                    raise Refused(400, "IMAGE_PROCESS_FAILED")
                image.load()
        except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError):
            raise Refused(400, "IMAGE_PROCESS_FAILED") from None
    return width, height


def _document_kind(media: Any) -> tuple[MediaKind, Any]:
    """What a document is to Telegram, and its video attribute."""
    found = {type(attribute): attribute for attribute in media.attributes}
    video = found.get(types.DocumentAttributeVideo)
    if media.force_file:
        return "document", video
    if types.DocumentAttributeAnimated in found or media.mime_type == "image/gif":
        return "gif", video
    if video is not None:
        return "video", video
    return ("audio" if types.DocumentAttributeAudio in found else "document"), None


def _document_name(media: Any) -> str:
    for attribute in getattr(media, "attributes", None) or ():
        if isinstance(attribute, types.DocumentAttributeFilename):
            return str(attribute.file_name)
    return str(media.file.name)


def _is_thumbnail(data: bytes) -> bool:
    """Telegram takes a JPEG of at most 320 x 320 and 200 KB, and ignores anything else."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            small = max(image.size) <= THUMBNAIL_SIDE and len(data) <= THUMBNAIL_BYTES
            return bool(image.format == "JPEG" and small)
    except OSError:
        return False


def _sha256(chunks: tuple[bytes, ...]) -> str | None:
    if not chunks:
        return None
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()


def _fresh_id() -> int:
    return random.getrandbits(62) | 1
