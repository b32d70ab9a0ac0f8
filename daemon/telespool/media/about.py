"""What a file says of itself beside its picture: when it was taken, its live photo, where its clip lies.

    taken(path)              Taken(1718209800.0, zoned=True)
    identifier(path)         Apple's "content identifier", the same in the HEIC and in the MOV of one live photo
    motion(path)             whether it is a motion photo, and (offset, length) of the MP4 that is behind its picture

Only the file's own words are read: a few tags of its EXIF, a few boxes of its index; nothing is decoded and no child is
started. What is damaged or missing says nothing. Errors: OSError.
"""

from __future__ import annotations

import contextlib
import re
import struct
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from telespool.belonging.story import Taken
from telespool.media import exif
from telespool.media.boxes import boxes, inside, is_trailer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_INDEX = 64 << 20  # a larger index is not read for a date
_TAIL = 64 << 10
_EPOCH = datetime(1904, 1, 1, tzinfo=UTC)  # of QuickTime
_BROKEN = (struct.error, ValueError, IndexError, KeyError, OverflowError, UnicodeDecodeError)
_OF_LIVE = b"com.apple.quicktime.content.identifier"
_CREATED = b"com.apple.quicktime.creationdate"
_BEHIND = re.compile(rb"MicroVideoOffset\s*(?:=\s*[\"']|>)\s*(\d+)")
_ITEMS = re.compile(rb"<Container:Item\b[^>]*>|<rdf:li\b[^>]*>", re.DOTALL)
_SEMANTIC = re.compile(rb"Item:Semantic\s*=\s*[\"']MotionPhoto[\"']")
_LENGTH = re.compile(rb"Item:Length\s*=\s*[\"'](\d+)[\"']")
_PADDING = re.compile(rb"Item:Padding\s*=\s*[\"'](\d+)[\"']")
_XMP_DATE = re.compile(
    rb"(?:exif:DateTimeOriginal|photoshop:DateCreated|xmp:CreateDate)\s*(?:=\s*[\"']|>)\s*([0-9T:.+Z-]{19,32})"
)
_SAID = re.compile(rb"(?:MotionPhoto|MicroVideo)\s*(?:=\s*[\"']|>)\s*1\b")
_SAMSUNG = b"MotionPhoto_Data"
_END, _PADDING_AT_END = b"\xff\xd9", 4096  # of a JPEG, and the zeros that may follow
_FILM = re.compile(rb"\0\0\0[\x0c-\x60]ftyp(?:iso.|mp4.|avc1|qt  |3gp.|3g2.|M4V |MSNV|hvc1)")


def identifier(path: Path) -> str:
    """The identifier of the live photo that a still or a clip is half of; "" for none. Blocks."""
    with path.open("rb") as file:
        return identifier_of(file)


def identifier_of(file: BinaryIO) -> str:
    """The same of an open file."""
    with contextlib.suppress(*_BROKEN):
        if _is_film(file):
            return _quicktime(file).get(_OF_LIVE, b"").decode()
        return exif.apple_identifier(exif.tags(file))
    return ""


def taken(path: Path) -> Taken | None:
    """When it was taken, by the EXIF of a photo or the index of a film; None where it does not say. Blocks."""
    with path.open("rb") as file, contextlib.suppress(*_BROKEN):
        if not _is_film(file):
            with contextlib.suppress(*_BROKEN):
                return exif.taken(exif.tags(file))
            said_there = _XMP_DATE.search(exif.head(file))
            return _iso(said_there[1].decode()) if said_there else None
        said = _quicktime(file).get(_CREATED)
        if said:
            return _iso(said.decode())
        seconds = _movie_time(file)
        return Taken(seconds, zoned=not _tells_wrist(file)) if seconds > 0 else None
    return None


class Motion(NamedTuple):
    """What a photo says of a clip within it.

    `said`: that it has one; `place` is its first byte and how many bytes, None where it is not there.
    """

    said: bool = False
    place: tuple[int, int] | None = None


def motion(path: Path) -> Motion:
    """Whether it is a motion photo, and where its clip lies. Blocks."""
    with path.open("rb") as file:
        return motion_of(file)


def motion_of(file: BinaryIO) -> Motion:
    """The same of an open file."""
    with contextlib.suppress(*_BROKEN):
        size = file.seek(0, 2)
        for offset in _places(file, size):
            file.seek(max(0, offset))
            if 0 < offset < size and file.read(12)[4:8] == b"ftyp":
                return Motion(True, (offset, _length(file, offset, size)))
        return _by_looking(file, size)
    return Motion()


def _by_looking(file: BinaryIO, size: int) -> Motion:
    """Look for a clip where words have not led to one: the file is cut, or its maker has no words that are known."""
    head = exif.head(file)
    said = bool(_SAID.search(head) or _SEMANTIC.search(head))
    file.seek(max(0, size - _PADDING_AT_END))
    tail = file.read().rstrip(b"\0")
    if not said and (head[:2] != b"\xff\xd8" or tail.endswith(_END)):
        return Motion()
    file.seek(0)
    whole = file.read(_INDEX)
    if found := _FILM.search(whole, len(head)):
        return Motion(True, (found.start(), _length(file, found.start(), size)))
    return Motion(said or whole.find(_SAMSUNG, len(head)) >= 0)


def _places(file: BinaryIO, size: int) -> Iterator[int]:
    """Where a clip may begin, by the words of the picture and of its trailer."""
    head = exif.head(file)
    if match := _BEHIND.search(head):
        yield size - int(match[1])
    after = 0
    for item in reversed(_ITEMS.findall(head)):
        length, padding = _LENGTH.search(item), _PADDING.search(item)
        after += (int(length[1]) if length else 0) + (int(padding[1]) if padding else 0)
        if _SEMANTIC.search(item):
            yield size - after
    if head[4:8] == b"ftyp":
        yield from (offset + 8 for offset, kind, _ in boxes(file, 0, size) if kind == b"mpvd")
    file.seek(max(0, size - _TAIL))
    tail = file.read()
    if b"SEFT" in tail[-8:] or _SAMSUNG in tail:
        # Samsung's trailer has a directory behind its data; the mark stands in front of the clip.
        file.seek(0)
        whole = file.read(_INDEX)
        at = whole.rfind(_SAMSUNG)
        while at >= 0:
            yield at + len(_SAMSUNG)
            at = whole.rfind(_SAMSUNG, 0, at)


def _length(file: BinaryIO, offset: int, size: int) -> int:
    """The bytes of the film that begins there, by its own boxes: a trailer may follow."""
    end, seen = offset, set[bytes]()
    for start, kind, length in boxes(file, offset, size):
        if not kind.strip().isalnum() or (start + length > size and is_trailer(kind, seen)):
            break
        seen.add(kind)
        end = start + length
    return min(end, size) - offset


def _is_film(file: BinaryIO) -> bool:
    file.seek(0)
    head = file.read(12)
    file.seek(0)
    return head[4:8] in {b"moov", b"mdat", b"wide", b"free", b"skip"} or (
        head[4:8] == b"ftyp" and head[8:11] not in {b"hei", b"hev", b"mif", b"msf", b"avi"}
    )


# -- QuickTime and MP4


def _index(file: BinaryIO) -> tuple[int, int] | None:
    return inside(file, b"moov", 0, file.seek(0, 2))


def _tells_wrist(file: BinaryIO) -> bool:
    """Whether a GoPro made it: these call the time of their owner's wrist that of the world."""
    index = _index(file)
    user = inside(file, b"udta", *index) if index else None
    return user is not None and any(kind in {b"GPMF", b"FIRM"} for _, kind, _ in boxes(file, *user))


def _movie_time(file: BinaryIO) -> float:
    """Seconds since the epoch by the header of the film; 0 where it says nothing."""
    index = _index(file)
    header = inside(file, b"mvhd", *index) if index else None
    if header is None:
        return 0.0
    file.seek(header[0])
    data = file.read(12)
    seconds = struct.unpack(">Q", data[4:12])[0] if data[0] else struct.unpack(">I", data[4:8])[0]
    return (_EPOCH + timedelta(seconds=seconds)).timestamp() if seconds else 0.0


def _quicktime(file: BinaryIO) -> dict[bytes, bytes]:
    """What Apple's cameras write about a film, by the names of the keys."""
    index = _index(file)
    about = inside(file, b"meta", *index) if index else None
    if index and about is None and (user := inside(file, b"udta", *index)):
        about = inside(file, b"meta", *user)
    if about is None or about[1] - about[0] > _INDEX:
        return {}
    start, end = about
    file.seek(start + 4)
    if file.read(4) != b"hdlr":
        start += 4  # as MP4 has it, with a version in front
    keys, values = inside(file, b"keys", start, end), inside(file, b"ilst", start, end)
    if keys is None or values is None:
        return {}
    names: list[bytes] = []
    at = keys[0] + 8
    while at + 8 <= keys[1] and len(names) < 1000:
        file.seek(at)
        (length,) = struct.unpack(">I", file.read(4))
        names.append(file.read(min(length, 1024) - 4)[4:])
        at += max(length, 8)
    found = {}
    for at, kind, length in boxes(file, *values):
        number = int.from_bytes(kind, "big")
        data = inside(file, b"data", at + 8, at + length)
        if data is not None and 0 < number <= len(names) and data[1] - data[0] < 1 << 16:
            file.seek(data[0] + 8)
            found[names[number - 1]] = file.read(data[1] - data[0] - 8)
    return found


def from_iso(text: str) -> Taken | None:
    """The moment that a text such as 2024-06-12T15:30:00+0200 tells; None where it tells none."""
    with contextlib.suppress(ValueError, OverflowError):
        return _iso(text)
    return None


def _iso(text: str) -> Taken:
    text = text.strip("\0 ")
    when = datetime.fromisoformat(re.sub(r"([+-]\d\d):?(\d\d)$", r"\1:\2", text))
    ahead = when.utcoffset()
    if ahead is None:
        return Taken(when.replace(tzinfo=UTC).timestamp(), zoned=False)
    # "Z" says when it was, and nothing of where.
    return Taken(when.timestamp(), True, None if text.endswith("Z") else ahead.total_seconds())
