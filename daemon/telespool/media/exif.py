"""The few tags of a photo's EXIF that tell when it was taken, and which live photo it is half of.

JPEG, HEIC, AVIF, PNG, WebP, TIFF and what cameras make of that (raws); wherever in the file the tags lie. What is
damaged or missing says nothing: struct.error, ValueError, IndexError, KeyError and OverflowError leave. OSError
leaves as well.
"""

from __future__ import annotations

import io
import re
import struct
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, BinaryIO

from telespool.belonging.story import Taken
from telespool.media.boxes import boxes, inside

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEAD = 1 << 20  # bytes of a photo in which its EXIF lies, usually
_JPEG, _MARKER, _SCAN, _SEGMENTS = b"\xff\xd8", 0xFF, 0xDA, 0xC0  # ITU-T T.81, B.1.1.3
_BLOCK = re.compile(rb"(?:Exif\0\0|eXIf)(?=II\*\0|MM\0\*)")
_TIFF = (b"II*\0", b"MM\0*")
_APPLE = b"Apple iOS\0"
_IDENTIFIER, _MAKER, _EXIF_PART = 0x11, 0x927C, 0x8769
_ORIGINAL, _DIGITIZED, _CHANGED, _OFFSET, _SUBSECOND = 0x9003, 0x9004, 0x0132, 0x9011, 0x9291
_MOMENTS = (_ORIGINAL, _DIGITIZED, _CHANGED)
_WANTED = {_IDENTIFIER, _MAKER, _EXIF_PART, *_MOMENTS, _OFFSET, _SUBSECOND}
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 9: 4, 10: 8}
_MOST = 1 << 20


def head(file: BinaryIO) -> bytes:
    """Return the first bytes of a photo, which hold its tags: all before the picture of a JPEG, else `_HEAD` bytes."""
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


def tags(file: BinaryIO) -> dict[int, bytes]:
    """The tags of a photo: those of its first directory and of the one for cameras; none where there are none."""
    base = _begin(file)
    if base is None:
        return {}
    tiff = _Tiff(file, base)
    found = tiff.tags(tiff.number(tiff.read(4, 4)))
    if _EXIF_PART in found:
        found |= tiff.tags(tiff.number(found[_EXIF_PART]))
    return found


def apple_identifier(found: dict[int, bytes]) -> str:
    """Apple's identifier of a live photo, in the maker's note; "" for none."""
    note = found.get(_MAKER, b"")
    if not note.startswith(_APPLE):
        return ""
    inner = _Tiff(io.BytesIO(note), 0, ">" if note[12:14] == b"MM" else "<")
    return inner.tags(14).get(_IDENTIFIER, b"").rstrip(b"\0").decode()


def taken(found: dict[int, bytes]) -> Taken:
    """When it was taken. ValueError where nothing says so."""
    said = next((found[tag] for tag in _MOMENTS if found.get(tag, b"").strip(b"\0 :0")), b"")
    when = datetime.strptime(said.rstrip(b"\0 ").decode(), "%Y:%m:%d %H:%M:%S").replace(tzinfo=UTC)
    part = found.get(_SUBSECOND, b"").rstrip(b"\0 ").decode()
    if part.isdecimal():
        when += timedelta(seconds=float(f"0.{part}"))
    zone = re.fullmatch(r"([+-])(\d\d):(\d\d)", found.get(_OFFSET, b"").rstrip(b"\0 ").decode())
    if zone is None:
        return Taken(when.timestamp(), zoned=False)
    ahead = timedelta(hours=int(zone[2]), minutes=int(zone[3])) * (-1 if zone[1] == "-" else 1)
    return Taken(when.replace(tzinfo=timezone(ahead)).timestamp(), True, ahead.total_seconds())


class _Tiff:
    """The tags of an EXIF block; `base` is where its offsets count from."""

    def __init__(self, file: BinaryIO, base: int, order: str = "") -> None:
        self._file, self._base = file, base
        self._order = order or {b"II": "<", b"MM": ">"}[self.read(0, 2)]

    def read(self, at: int, length: int) -> bytes:
        self._file.seek(self._base + at)
        return self._file.read(min(length, _MOST))

    def tags(self, at: int) -> dict[int, bytes]:
        """The values of a directory, raw; those of one that lies outside are empty."""
        (count,) = struct.unpack(f"{self._order}H", self.read(at, 2))
        table = self.read(at + 2, 12 * min(count, 512))
        found = {}
        for tag, kind, number, value in struct.iter_unpack(f"{self._order}HHI4s", table):
            if tag in _WANTED:
                size = _SIZES.get(kind, 1) * number
                found[tag] = value[:size] if size <= 4 else self.read(self.number(value), size)
        return found

    def number(self, raw: bytes) -> int:
        return int(struct.unpack(f"{self._order}I", raw[:4])[0])


def _begin(file: BinaryIO) -> int | None:
    """Where the EXIF block begins; None where there is none."""
    first = head(file)
    if first[:4] in _TIFF:
        return 0
    if found := _BLOCK.search(first):
        return found.end()
    places: Iterator[int] = iter(())
    if first[4:8] == b"ftyp":
        places = _in_heif(file)
    elif first[:4] == b"RIFF" and first[8:12] == b"WEBP":
        places = _in_webp(file)
    for place in places:
        file.seek(place)
        block = file.read(16)
        at = block.find(b"Exif\0\0") + 6 if b"Exif\0\0" in block else 0
        if block[at : at + 4] in _TIFF:
            return place + at
    return None


def _in_webp(file: BinaryIO) -> Iterator[int]:
    at, end = 12, file.seek(0, 2)
    while at + 8 <= end:
        file.seek(at)
        kind, length = struct.unpack("<4sI", file.read(8))
        if kind == b"EXIF":
            yield at + 8
        at += 8 + length + length % 2


def _in_heif(file: BinaryIO) -> Iterator[int]:
    """Return where the items called Exif begin: behind the four bytes of their offset. ISO 14496-12, 8.11."""
    meta = inside(file, b"meta", 0, file.seek(0, 2))
    if meta is None:
        return
    start, end = meta[0] + 4, meta[1]
    about, places = inside(file, b"iinf", start, end), inside(file, b"iloc", start, end)
    if about is None or places is None or places[1] - places[0] > _MOST:
        return
    file.seek(about[0])
    ids = set()
    for at, kind, _ in boxes(file, about[0] + (6 if file.read(1) == b"\0" else 8), about[1]):
        file.seek(at + 8)
        info = file.read(16)
        wide = info[0] >= 3
        if kind == b"infe" and info[6 + 2 * wide + 2 : 6 + 2 * wide + 6] == b"Exif":
            ids.add(int.from_bytes(info[4 : 8 if wide else 6]))
    file.seek(places[0])
    yield from _extents(io.BytesIO(file.read(places[1] - places[0])), ids)


def _extents(table: BinaryIO, ids: set[int]) -> Iterator[int]:
    version = table.read(4)[0]

    def number(size: int) -> int:
        return int.from_bytes(table.read(size))

    sizes, more = number(1), number(1)
    for _ in range(min(number(4 if version == 2 else 2), 10_000)):
        item = number(4 if version == 2 else 2)
        in_file = not version or number(2) & 15 == 0
        number(2)
        base = number(more >> 4)
        for place in range(number(2)):
            if version:
                number(more & 15)
            offset = number(sizes >> 4)
            number(sizes & 15)
            if item in ids and in_file and not place:
                yield base + offset + 4
