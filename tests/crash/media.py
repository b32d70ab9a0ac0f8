"""Files of a few bytes and a media package that judges and converts them in no time.

Only the package `telespool.media` is replaced, at the places where the workers call it: what ffmpeg and Pillow do
is proven with them. The conversion here writes its segments through the disk, as the real one does.
"""

from __future__ import annotations

import asyncio
import struct
from typing import TYPE_CHECKING, Any

from telespool.media.compatibility import Assessment
from telespool.media.convert import Outcome
from telespool.media.ffmpeg_process import Progress
from telespool.media.live_clip import ClipMade
from telespool.model import Picture, VideoInfo
from telespool.pipeline.convert import converter, copy_maker
from telespool.pipeline.send import live_photos, prepare
from telespool.pipeline.unpack import assessed_member

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import pytest

    from telespool.config.schema import ConvertSettings
    from telespool.spool.fs_ops import FileOps

SEGMENTS = 3
BROKEN = b"BROKEN"
"""Begins a file that nobody can read."""
_PAGES, _PAGE = b"MM\0*pages", b"\0--page--\0"
_AVI = b"RIFF\0\0\0\0AVI "
_MP4 = b"\0\0\0\x18ftypisom\0\0\0\0"
_COPY = _MP4 + b"copy of "
_FRAME = VideoInfo(16, 16, 1.0)


def photo(content: bytes) -> bytes:
    """A photo that Telegram takes as it is."""
    return b"\xff\xd8\xff\xe0" + content


def motion(content: bytes, clip: bytes) -> bytes:
    """A photo with a clip behind it, as Samsung's phones make them."""
    kind = b"\0\0\x30\x0a"
    block = kind + struct.pack("<I", 16) + b"MotionPhoto_Data" + clip
    directory = b"SEFH" + struct.pack("<II", 106, 1) + kind
    directory += struct.pack("<II", len(block), len(block))
    return photo(content) + block + directory + struct.pack("<I", len(directory)) + b"SEFT"


def gif(content: bytes) -> bytes:
    """A GIF: it is sent alone."""
    return b"GIF89a" + content


def video(content: bytes) -> bytes:
    """A video that plays everywhere."""
    return _MP4 + content


def film(content: bytes) -> bytes:
    """A video that must be converted."""
    return _AVI + content


def paged(*contents: bytes) -> bytes:
    """A picture of several pages."""
    return _PAGE.join((_PAGES, *(photo(content) for content in contents)))


def copy_of(data: bytes) -> bytes:
    """What the conversion makes of a film or video."""
    return _COPY + data


async def assess(path: Path, _: ConvertSettings, **__: Any) -> Assessment:
    """Judge by the first bytes."""
    data = path.read_bytes()
    if data.startswith(b"\xff\xd8\xff"):
        return Assessment(kind="photo", action="send", mime="image/jpeg")
    if data.startswith(_PAGES):
        pages = tuple(range(data.count(_PAGE)))
        return Assessment(kind="photo", action="split", mime="image/tiff", pages=pages)
    if data.startswith(b"GIF"):
        return Assessment(kind="gif", action="send", mime="image/gif", frame=_FRAME)
    if data.startswith(_MP4):
        return Assessment(kind="video", action="send", mime="video/mp4", frame=_FRAME)
    if data.startswith(_AVI):
        return Assessment(kind="video", action="encode", reasons=("it is AVI",), frame=_FRAME)
    if not data or data.startswith(BROKEN):
        return Assessment(kind="unreadable", action="refuse", reasons=("nobody can read it",))
    return Assessment(kind="other", action="skip", reasons=("it is text",))


class Converting:
    """Converts in segments; counts how often each was made."""

    def __init__(self) -> None:
        self.made: list[str] = []

    async def convert(
        self,
        source: Path,
        result: Path,
        *,
        state: Path,
        disk: FileOps,
        progress: Callable[[Progress], None],
        **_: Any,
    ) -> Outcome:
        """Make what is missing, then the whole."""
        if result.exists():
            return Outcome("encode")
        data = source.read_bytes()
        disk.mkdir(state)
        for number in range(SEGMENTS):
            segment = state / f"{number:05d}.mp4"
            if not segment.exists():
                part = segment.with_suffix(".part")
                disk.unlink(part)
                disk.write(part, data[number::SEGMENTS])
                disk.publish(part, segment)
                self.made.append(f"{state.parent.name}/{state.name}/{number}")
            progress(Progress((number + 1) / SEGMENTS, 1.0, None))
            await asyncio.sleep(0)
        pieces = [(state / f"{number:05d}.mp4").read_bytes() for number in range(SEGMENTS)]
        whole = bytearray(len(data))
        for number, piece in enumerate(pieces):
            whole[number::SEGMENTS] = piece
        part = result.with_suffix(".part")
        disk.unlink(part)
        disk.write(part, copy_of(bytes(whole)))
        disk.publish(part, result)
        return Outcome("encode")


async def acceptable_photo(
    path: Path, directory: Path, *, again: bool = False, longest: int = 0, preview: bool = False
) -> tuple[Path, Picture | None]:
    """The photo as it is, or another form of it."""
    assert not longest
    shown = Picture(60, 40) if preview else None
    if not again:
        return path, shown
    form = directory / "photo.jpg"
    form.write_bytes(photo(b"again " + path.read_bytes()))
    return form, shown


async def thumbnail(*_: Any) -> bytes:
    """A picture of it."""
    return b"thumbnail"


async def acceptable_clip(
    source: Path, directory: Path, *_: Any, by_itself: bool = False, **__: Any
) -> ClipMade:
    """A clip is made of any film, beside it; what plays is a video as it is."""
    if by_itself and source.read_bytes().startswith(_MP4):
        return ClipMade(source, _FRAME)
    directory.mkdir(parents=True, exist_ok=True)
    made = directory / "clip.mp4"
    made.unlink(missing_ok=True)
    made.write_bytes(copy_of(source.read_bytes()))
    return ClipMade(made, _FRAME)


async def extract(source: Path, folder: Path, places: Sequence[int], **_: Any) -> tuple[Path, ...]:
    """The pages of a picture."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for place in places:
        made.append(folder / f"page-{place}.jpg")
        made[-1].write_bytes(source.read_bytes().split(_PAGE)[place + 1])
    return tuple(made)


def replace(patch: pytest.MonkeyPatch) -> Converting:
    """Put this in the place of the media package."""
    converting = Converting()
    for module in (assessed_member, prepare, live_photos, converter):
        patch.setattr(module, "assess", assess)
    patch.setattr(prepare, "acceptable_photo", acceptable_photo)
    patch.setattr(prepare, "thumbnail", thumbnail)
    patch.setattr(copy_maker, "convert", converting.convert)
    patch.setattr(copy_maker, "extract", extract)
    patch.setattr(live_photos, "acceptable_clip", acceptable_clip)
    return converting
