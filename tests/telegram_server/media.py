"""Media as Telegram keeps it, and what it makes of a photo or a document."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from PIL import Image
from telethon.tl import types

from .wire import Refused, now

if TYPE_CHECKING:
    from .records import MediaKind


THUMBNAIL_SIDE: Final = 320
THUMBNAIL_BYTES: Final = 200 << 10
PHOTO_NAMES: Final = {".jpg", ".jpeg", ".gif", ".png", ".tif", ".tiff", ".bmp", ".webp", ""}


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
    cover: Media | None = None
    """Of a video, the photo that stands for it."""

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
        cover = self.cover.to_tl().photo if self.cover else None
        return types.MessageMediaDocument(document=self.document(), video_cover=cover)

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


def document_kind(media: Any) -> tuple[MediaKind, Any]:
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


def document_name(media: Any) -> str:
    for attribute in getattr(media, "attributes", None) or ():
        if isinstance(attribute, types.DocumentAttributeFilename):
            return str(attribute.file_name)
    return str(media.file.name)


def is_thumbnail(data: bytes) -> bool:
    """Telegram takes a JPEG of at most 320 x 320 and 200 KB, and ignores anything else."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            small = max(image.size) <= THUMBNAIL_SIDE and len(data) <= THUMBNAIL_BYTES
            return bool(image.format == "JPEG" and small)
    except OSError:
        return False
