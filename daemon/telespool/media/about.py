"""What a file says of itself beside its picture: when it was taken, which live photo it is half of, where its clip lies.

    taken(path)              Taken(1718209800.0, zoned=True)
    identifier(path)         Apple's "content identifier", the same in the HEIC and in the MOV of one live photo
    clip_within(path)        (offset, length) of the MP4 that Google's and Samsung's cameras put behind a picture

Only the file's own words are read: a few tags of its EXIF, a few boxes of its index; nothing is decoded and no child is
started. What is damaged or missing says nothing. Errors: OSError.
"""

from __future__ import annotations

import contextlib
import re
import struct
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, BinaryIO

from telespool.belonging.story import Taken

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_HEAD = 1 << 20  # bytes of a photo in which its EXIF lies
_JPEG, _MARKER, _SCAN, _SEGMENTS = b"\xff\xd8", 0xFF, 0xDA, 0xC0  # ITU-T T.81, B.1.1.3
_INDEX = 64 << 20  # a larger index is not read for a date
_TAIL = 64 << 10
_EPOCH = datetime(1904, 1, 1, tzinfo=UTC)  # of QuickTime
_BROKEN = (struct.error, ValueError, IndexError, KeyError, OverflowError, UnicodeDecodeError)
_BLOCK = re.compile(rb"(?:Exif\0\0|eXIf)(?=II\*\0|MM\0\*)")
_APPLE = b"Apple iOS\0"
_IDENTIFIER, _MAKER, _EXIF_PART = 0x11, 0x927C, 0x8769
_ORIGINAL, _OFFSET, _SUBSECOND, _CHANGED = 0x9003, 0x9011, 0x9291, 0x0132
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 9: 4, 10: 8}
_OF_LIVE = b"com.apple.quicktime.content.identifier"
_CREATED = b"com.apple.quicktime.creationdate"
_BEHIND = re.compile(rb"MicroVideoOffset\s*(?:=\s*[\"']|>)\s*(\d+)")
_ITEMS = re.compile(rb"<Container:Item\b[^>]*>|<rdf:li\b[^>]*>", re.DOTALL)
_SEMANTIC = re.compile(rb"Item:Semantic\s*=\s*[\"']MotionPhoto[\"']")
_LENGTH = re.compile(rb"Item:Length\s*=\s*[\"'](\d+)[\"']")
_PADDING = re.compile(rb"Item:Padding\s*=\s*[\"'](\d+)[\"']")
_SAMSUNG = b"MotionPhoto_Data"
_XMP = b"http://ns.adobe.com/xap/1.0/"


def identifier(path: Path) -> str:
    """The identifier of the live photo that a still or a clip is half of; "" for none. Blocks."""
    with path.open("rb") as file, contextlib.suppress(*_BROKEN):
        if _is_film(file):
            return _quicktime(file).get(_OF_LIVE, b"").decode()
        return _apple(_exif(file))
    return ""


def taken(path: Path) -> Taken | None:
    """When it was taken, by the EXIF of a photo or the index of a film; None where it does not say. Blocks."""
    with path.open("rb") as file, contextlib.suppress(*_BROKEN):
        if not _is_film(file):
            return _photo_time(_exif(file))
        said = _quicktime(file).get(_CREATED)
        if said:
            return _iso(said.decode())
        seconds = _movie_time(file)
        return Taken(seconds, zoned=True) if seconds > 0 else None
    return None


def clip_within(path: Path) -> tuple[int, int] | None:
    """Where the clip of a motion photo lies in it: the first byte and how many; None where there is none. Blocks."""
    with path.open("rb") as file, contextlib.suppress(*_BROKEN):
        size = file.seek(0, 2)
        for offset in _places(file, size):
            file.seek(offset)
            if 0 < offset < size and file.read(12)[4:8] == b"ftyp":
                return offset, _length(file, offset, size)
    return None


def _head(file: BinaryIO) -> bytes:
    """The first bytes of a photo, in which its tags lie: of a JPEG what stands before its picture, `_HEAD` of others."""
    file.seek(0)
    end = 2
    lead = file.read(2)
    while lead == _JPEG and end < _HEAD:
        start = file.read(4)
        if len(start) < 4 or start[0] != _MARKER or start[1] < _SEGMENTS:
            break  # nothing that follows the rules, or not yet the picture
        length = int.from_bytes(start[2:])
        end += 2 + length
        if start[1] == _SCAN:
            file.seek(0)
            return file.read(end)
        file.seek(end)
    file.seek(0)
    return file.read(_HEAD)


def _places(file: BinaryIO, size: int) -> Iterator[int]:
    """Where a clip may begin, by the words of the picture and of its trailer."""
    head = _head(file)
    if match := _BEHIND.search(head):
        yield size - int(match[1])
    after = 0
    for item in reversed(_ITEMS.findall(head)):
        length, padding = _LENGTH.search(item), _PADDING.search(item)
        after += (int(length[1]) if length else 0) + (int(padding[1]) if padding else 0)
        if _SEMANTIC.search(item):
            yield size - after
    if head[4:8] == b"ftyp":
        yield from (offset + 8 for offset, kind, _ in _boxes(file, 0, size) if kind == b"mpvd")
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
    end = offset
    for start, kind, length in _boxes(file, offset, size):
        if not (kind.isalnum() or kind.strip().isalnum()):
            break
        end = start + length
    return min(end, size) - offset


def _is_film(file: BinaryIO) -> bool:
    head = file.read(12)
    file.seek(0)
    return head[4:8] in {b"moov", b"mdat", b"wide", b"free", b"skip"} or (
        head[4:8] == b"ftyp" and head[8:11] not in {b"hei", b"hev", b"mif", b"msf", b"avi"}
    )


# -- EXIF


class _Tiff:
    """The tags of an EXIF block; `base` is where its offsets count from."""

    def __init__(self, data: bytes, base: int, order: str = "") -> None:
        self.data, self.base = data, base
        self.order = order or {b"II": "<", b"MM": ">"}[data[base : base + 2]]

    def tags(self, at: int) -> dict[int, bytes]:
        """The values of a directory, raw; those of one that lies outside are empty."""
        start = self.base + at
        (count,) = struct.unpack_from(f"{self.order}H", self.data, start)
        found = {}
        for place in range(start + 2, start + 2 + 12 * min(count, 512), 12):
            tag, kind, number = struct.unpack_from(f"{self.order}HHI", self.data, place)
            size = _SIZES.get(kind, 1) * number
            value = place + 8
            if size > 4:
                value = self.base + self.number(self.data[value : value + 4])
            found[tag] = self.data[value : value + min(size, 1 << 20)]
        return found

    def number(self, raw: bytes) -> int:
        return int(struct.unpack(f"{self.order}I", raw[:4])[0])


def _exif(file: BinaryIO) -> dict[int, bytes]:
    """The tags of a photo: those of its first directory and of the one for cameras; and the maker's note."""
    head = _head(file)
    found = _BLOCK.search(head)
    base = found.end() if found else 0
    if head[base : base + 4] not in {b"II*\0", b"MM\0*"}:
        return {}
    tiff = _Tiff(head, base)
    tags = tiff.tags(tiff.number(head[base + 4 : base + 8]))
    if _EXIF_PART in tags:
        tags |= tiff.tags(tiff.number(tags[_EXIF_PART]))
    return tags


def _apple(tags: dict[int, bytes]) -> str:
    note = tags.get(_MAKER, b"")
    if not note.startswith(_APPLE):
        return ""
    inner = _Tiff(note, 0, ">" if note[12:14] == b"MM" else "<")
    return inner.tags(14).get(_IDENTIFIER, b"").rstrip(b"\0").decode()


def _photo_time(tags: dict[int, bytes]) -> Taken | None:
    said = (tags.get(_ORIGINAL) or tags.get(_CHANGED, b"")).rstrip(b"\0 ").decode()
    when = datetime.strptime(said, "%Y:%m:%d %H:%M:%S").replace(tzinfo=UTC)
    part = tags.get(_SUBSECOND, b"").rstrip(b"\0 ").decode()
    if part.isdecimal():
        when += timedelta(seconds=float(f"0.{part}"))
    zone = re.fullmatch(r"([+-])(\d\d):(\d\d)", tags.get(_OFFSET, b"").rstrip(b"\0 ").decode())
    if zone is None:
        return Taken(when.timestamp(), zoned=False)
    ahead = timedelta(hours=int(zone[2]), minutes=int(zone[3])) * (-1 if zone[1] == "-" else 1)
    return Taken(when.replace(tzinfo=timezone(ahead)).timestamp(), True, ahead.total_seconds())


# -- QuickTime and MP4


def _boxes(file: BinaryIO, start: int, end: int) -> Iterator[tuple[int, bytes, int]]:
    """The boxes from `start` on: where each begins, what it is, and its length."""
    for _ in range(10_000):
        if start + 8 > end:
            return
        file.seek(start)
        head = file.read(16)
        length, kind = struct.unpack(">I4s", head[:8])
        if length == 1 and len(head) == 16:
            (length,) = struct.unpack(">Q", head[8:])
        elif length == 0:
            length = end - start
        if length < 8:
            return
        yield start, kind, length
        start += length


def _inside(file: BinaryIO, wanted: bytes, start: int, end: int) -> tuple[int, int] | None:
    for at, kind, length in _boxes(file, start, end):
        if kind == wanted:
            return at + 8, min(at + length, end)
    return None


def _index(file: BinaryIO) -> tuple[int, int] | None:
    return _inside(file, b"moov", 0, file.seek(0, 2))


def _movie_time(file: BinaryIO) -> float:
    """Seconds since the epoch by the header of the film; 0 where it says nothing."""
    index = _index(file)
    header = _inside(file, b"mvhd", *index) if index else None
    if header is None:
        return 0.0
    file.seek(header[0])
    data = file.read(12)
    seconds = struct.unpack(">Q", data[4:12])[0] if data[0] else struct.unpack(">I", data[4:8])[0]
    return (_EPOCH + timedelta(seconds=seconds)).timestamp() if seconds else 0.0


def _quicktime(file: BinaryIO) -> dict[bytes, bytes]:
    """What Apple's cameras write about a film, by the names of the keys."""
    index = _index(file)
    about = _inside(file, b"meta", *index) if index else None
    if index and about is None and (user := _inside(file, b"udta", *index)):
        about = _inside(file, b"meta", *user)
    if about is None or about[1] - about[0] > _INDEX:
        return {}
    start, end = about
    file.seek(start + 4)
    if file.read(4) != b"hdlr":
        start += 4  # as MP4 has it, with a version in front
    keys, values = _inside(file, b"keys", start, end), _inside(file, b"ilst", start, end)
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
    for at, kind, length in _boxes(file, *values):
        number = int.from_bytes(kind, "big")
        data = _inside(file, b"data", at + 8, at + length)
        if data is not None and 0 < number <= len(names) and data[1] - data[0] < 1 << 16:
            file.seek(data[0] + 8)
            found[names[number - 1]] = file.read(data[1] - data[0] - 8)
    return found


def _iso(text: str) -> Taken:
    """2024-06-12T15:30:00+0200"""
    when = datetime.fromisoformat(re.sub(r"([+-]\d\d):?(\d\d)$", r"\1:\2", text.strip("\0 ")))
    zoned = when.tzinfo is not None
    ahead = when.utcoffset() or timedelta()
    return Taken(
        (when if zoned else when.replace(tzinfo=UTC)).timestamp(), zoned, ahead.total_seconds()
    )
