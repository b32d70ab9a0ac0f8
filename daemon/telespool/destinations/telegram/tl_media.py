"""The forms a file takes in Telegram's language, on its way there and once it is there.

An uploaded file becomes a photo or a document with attributes (`uploaded`); what uploadMedia makes of it is a
reference that posts are made from (`reference`), and which can be noted as text (`to_text`, `from_text`).
"""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from telethon.tl import types

if TYPE_CHECKING:
    from telespool.model import Item, Kind

_PHOTO_NAMES = {".jpg", ".jpeg", ".png"}


def file_name(item: Item) -> str:
    """The name of the uploaded file; a photo's must end as its bytes are, whatever it was before."""
    if item.kind != "photo" or PurePath(item.name).suffix.lower() in _PHOTO_NAMES:
        return item.name
    return PurePath(item.name).stem + (".png" if item.mime == "image/png" else ".jpg")


def uploaded(
    item: Item, file: Any, thumb: Any, kind: Kind, video: Any = None, cover: Any = None
) -> Any:
    """The media for uploadMedia; `kind` is the item's, or "document" as a last resort.

    `video` is the reference of the clip that makes it a live photo, `cover` the photo that stands for a video.
    """
    if kind == "photo" and video is not None:
        return types.InputMediaUploadedPhoto(file, live_photo=True, video=video.id)
    if kind == "photo":
        return types.InputMediaUploadedPhoto(file)
    attributes = [types.DocumentAttributeFilename(item.name)]
    frame = item.frame
    if frame is not None and kind == "gif" and item.mime.startswith("image/"):
        # As TDLib has it (AnimationsManager::get_input_media): nobody has counted its seconds, Telegram does itself.
        attributes.append(types.DocumentAttributeImageSize(frame.width, frame.height))
    elif frame is not None and kind != "document":
        attributes.append(
            types.DocumentAttributeVideo(
                duration=frame.duration,
                w=frame.width,
                h=frame.height,
                supports_streaming=kind == "video" or None,
                nosound=frame.silent or None,
            )
        )
    if kind == "gif":
        attributes.append(types.DocumentAttributeAnimated())
    return types.InputMediaUploadedDocument(
        file=file,
        mime_type=item.mime,
        attributes=attributes,
        # Without it a silent clip of up to 10 MB becomes a GIF, which no album takes.
        nosound_video=kind == "video" or None,
        force_file=kind == "document" or None,
        thumb=thumb,
        video_cover=cover,
    )


def reference(media: Any, video: Any = None) -> Any:
    """Return what a post is made from, None where uploadMedia returned nothing like it. `video`: of a live photo."""
    photo, document = getattr(media, "photo", None), getattr(media, "document", None)
    if isinstance(photo, types.Photo):
        still = types.InputPhoto(photo.id, photo.access_hash, photo.file_reference)
        if video is None:
            return types.InputMediaPhoto(still)
        kept = getattr(media, "video", None)
        clip = video.id
        if isinstance(kept, types.Document):
            clip = types.InputDocument(kept.id, kept.access_hash, kept.file_reference)
        return types.InputMediaPhoto(still, live_photo=True, video=clip)
    if isinstance(document, types.Document):
        return types.InputMediaDocument(
            types.InputDocument(document.id, document.access_hash, document.file_reference),
            video_cover=photo_of(getattr(media, "video_cover", None)),
        )
    return None


def photo_of(photo: Any) -> Any:
    """What a photo is called by; None where there is none."""
    if not isinstance(photo, types.Photo):
        return None
    return types.InputPhoto(photo.id, photo.access_hash, photo.file_reference)


def kept(media: Any) -> tuple[int, int] | None:
    """Width and height of the largest copy that Telegram keeps of a photo; None of anything else."""
    sizes = getattr(getattr(media, "photo", None), "sizes", None) or ()
    sides = [(size.w, size.h) for size in sizes if hasattr(size, "w")]
    return max(sides, key=lambda side: side[0] * side[1], default=None)


def to_text(handle: Any, size: tuple[int, int] | None = None) -> str:
    """One line that `from_text` reads: what stands beside the media (a cover, the clip of a live photo) before it."""
    word = "photo" if isinstance(handle, types.InputMediaPhoto) else "document"
    parts = [_words(word, handle.id, size)]
    if (cover := getattr(handle, "video_cover", None)) is not None:
        parts.insert(0, _words("cover", cover))
    if is_live(handle):
        parts.insert(0, _words("live", handle.video))
    return " ".join(parts)


def _words(word: str, name: Any, size: tuple[int, int] | None = None) -> str:
    shown = f"{size[0]}x{size[1]} " if size else ""
    return f"{word} {name.id} {name.access_hash} {shown}{name.file_reference.hex()}-"


def is_live(handle: Any) -> bool:
    """Whether a reference is that of a live photo."""
    return getattr(handle, "video", None) is not None


_BESIDE = {"cover": "photo", "live": "document"}
"""What stands beside a media is itself one of these."""


def from_text(text: str) -> tuple[Any, tuple[int, int] | None]:
    """The reference of a line, and the size that is kept; None where it is not one (a note may be cut short)."""
    word, *rest = text.split(" ")
    if word in _BESIDE:
        beside, _ = from_text(" ".join([_BESIDE[word], *rest[:3]]))
        media, size = from_text(" ".join(rest[3:]))
        made = _with(word, media, beside)
        return (made, size) if made is not None else (None, None)
    if len(rest) not in {3, 4} or not rest[-1].endswith("-"):
        return None, None
    size = None
    try:
        numbers, mark = (int(rest[0]), int(rest[1])), bytes.fromhex(rest[-1][:-1])
        if len(rest) == 4:
            width, height = map(int, rest[2].split("x"))
            size = width, height
    except ValueError:
        return None, None
    if word == "photo":
        return types.InputMediaPhoto(types.InputPhoto(*numbers, mark)), size
    return types.InputMediaDocument(types.InputDocument(*numbers, mark)), size


def _with(word: str, media: Any, beside: Any) -> Any:
    """A media with what stands beside it; None where one of them is missing, or they do not belong together."""
    if beside is None:
        return None
    if word == "cover" and isinstance(media, types.InputMediaDocument):
        return types.InputMediaDocument(media.id, video_cover=beside.id)
    if word == "live" and isinstance(media, types.InputMediaPhoto):
        return types.InputMediaPhoto(media.id, live_photo=True, video=beside.id)
    return None


def group_of(kind: Kind) -> str:
    """Which kinds may stand in one album: photos with videos, files with files, a GIF alone."""
    return "media" if kind in {"photo", "video"} else kind
