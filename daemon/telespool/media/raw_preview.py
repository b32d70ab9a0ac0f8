"""The photo inside a camera raw: cameras put the picture that they show on their screen into it, as a JPEG.

    extract(raw, directory)          directory/IMG_1.CR2.jpg

Raws are a dozen formats, and each maker hides the JPEG elsewhere. But a JPEG says itself what it is: every one in the
file is looked at, and the largest that shows a picture is taken. (What is packed without loss is the raw data
itself.) Only headers are read; the photo is decoded by whoever sends it. Errors: OSError.
"""

from __future__ import annotations

import mmap
import os
import struct
from typing import TYPE_CHECKING

from telespool.runtime import broken_off

if TYPE_CHECKING:
    from pathlib import Path

_BEGIN, _END = b"\xff\xd8\xff", b"\xff\xd9"
_SHOWN = {0xC0, 0xC1, 0xC2}  # baseline, extended, progressive; C3 is without loss
_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_MOST = 64  # JPEGs that are looked at
_LARGEST = 256 << 20  # bytes of a photo
_WINDOW = 8 << 20  # bytes that are searched at a time: meanwhile no other thread runs
_SMALLEST = 480  # pixels of the longer side: what is smaller is a thumbnail


def find(path: Path) -> tuple[int, int] | None:
    """Where the largest photo in a file begins, and its bytes; None where there is none. Blocks."""
    if not path.stat().st_size:
        return None
    best, most = None, 0
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        at, looked = _find(data, _BEGIN, 0), 0
        while at >= 0 and looked < _MOST:
            looked += 1
            found = _look(data, at)
            if found is None:
                at = _find(data, _BEGIN, at + 1)
                continue
            width, height, scan = found
            end = _find(data, _END, scan)
            end = len(data) if end < 0 else end + 2
            fits = max(width, height) >= _SMALLEST and end - at <= _LARGEST
            if width * height > most and fits:
                best, most = (at, end - at), width * height
            at = _find(data, _BEGIN, end)
    return best


def _find(data: mmap.mmap, what: bytes, start: int) -> int:
    """The place of some bytes from there on, -1 for none; broken off within a window when its caller is cancelled."""
    for at in range(start, len(data), _WINDOW):
        broken_off.check()
        found = data.find(what, at, at + _WINDOW + len(what) - 1)
        if found >= 0:
            return found
    return -1


def extract(path: Path, directory: Path) -> Path | None:
    """Write the photo of a raw into a file of `directory`; None where there is none. Blocks."""
    place = find(path)
    if place is None:
        return None
    directory.mkdir(parents=True, exist_ok=True)
    target = directory / f"{path.name}.jpg"
    with path.open("rb") as file:
        file.seek(place[0])
        data = file.read(place[1])
    target.unlink(missing_ok=True)
    with target.open("wb") as made:
        made.write(data)
        made.flush()
        os.fsync(made.fileno())
    return target


def _look(data: mmap.mmap, at: int) -> tuple[int, int, int] | None:
    """Return width, height and where the picture begins, of the JPEG at this place; None where it shows nothing."""
    at += 2
    size = None
    for _ in range(256):
        if at + 4 > len(data) or data[at] != 0xFF:
            return None
        mark = data[at + 1]
        if mark == 0xFF:
            at += 1
            continue
        (length,) = struct.unpack(">H", data[at + 2 : at + 4])
        if mark in _FRAMES:
            if mark not in _SHOWN or at + 9 > len(data):
                return None
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            size = (width, height)
        if mark == 0xDA:
            return (*size, at + 2 + length) if size else None
        if length < 2:
            return None
        at += 2 + length
    return None
