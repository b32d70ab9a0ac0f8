"""When the frames of an MP4 are shown, read from its own index: no child process, a millisecond for a segment.

It reads what this program and ffmpeg write (`stts`, `ctts`, `stsz`, `elst`, `mdhd`); a file whose index does not
add up is torn, and `track` says None to it. Nothing is decoded.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CONTAINERS = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts"}
_LARGEST_INDEX = 1 << 28
_HEADER = struct.Struct(">I4s")


@dataclass(frozen=True, slots=True)
class Track:
    """One track: its frames' times in ticks of 1/`timescale` second, in the order they are shown."""

    timescale: int
    times: tuple[int, ...]
    payload: int

    @property
    def shown(self) -> tuple[int, ...]:
        """Those that an edit list does not cut off at the beginning."""
        return tuple(at for at in self.times if at >= 0)

    @property
    def first(self) -> int:
        """When the first frame is shown, in ticks."""
        return self.times[0]

    @property
    def last(self) -> int:
        """When the last frame is shown, in ticks."""
        return self.times[-1]


def track(path: Path, handler: bytes = b"vide") -> Track | None:
    """Read the first track of this kind; None where the file is torn or has none with frames."""
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            index = _index(file, size)
        return _read(index, handler, size) if index is not None else None
    except FileNotFoundError:
        return None
    except (struct.error, KeyError, IndexError, ValueError, ZeroDivisionError):
        return None


def _index(file: BinaryIO, size: int) -> bytes | None:
    """The content of `moov`; None where any top-level box does not end within the file."""
    position, index = 0, None
    while position + 8 <= size:
        file.seek(position)
        length, kind = _HEADER.unpack(file.read(8))
        head = 8
        if length == 1:
            length, head = struct.unpack(">Q", file.read(8))[0], 16
        if (
            length < head
            or position + length > size
            or (kind == b"moov" and length > _LARGEST_INDEX)
        ):
            return None
        if kind == b"moov":
            index = file.read(length - head)
        position += length
    return index if position == size else None


def _read(index: bytes, handler: bytes, size: int) -> Track | None:
    scale = 0
    for kind, content in _boxes(index):
        if kind == b"mvhd":
            scale = struct.unpack_from(">I", content, 20 if content[0] == 1 else 12)[0]
        if kind == b"trak":
            found: dict[bytes, bytes] = {}
            for name, inner in _walk(content):
                found.setdefault(name, inner)  # QuickTime has a second `hdlr`, of the data
            if found[b"hdlr"][8:12] == handler:
                return _track(found, scale, size)
    return None


def _track(found: dict[bytes, bytes], movie_scale: int, size: int) -> Track | None:
    header = found[b"mdhd"]
    timescale = struct.unpack_from(">I", header, 20 if header[0] == 1 else 12)[0]
    steps = list(_runs(found[b"stts"], ">II"))
    durations = [step for count, step in steps for _ in range(count)]
    decoded = list(accumulate(durations, initial=0))[:-1]
    payload = _payload(found[b"stsz"], len(decoded))
    if not decoded or payload is None or payload > size:
        return None
    offsets = [step for count, step in _runs(found.get(b"ctts"), ">Ii") for _ in range(count)]
    shift = _shift(found.get(b"elst"), timescale, movie_scale)
    shown = [at + by for at, by in zip(decoded, offsets or [0] * len(decoded), strict=True)]
    return Track(timescale, tuple(sorted(at + shift for at in shown)), payload)


def _payload(sizes: bytes, frames: int) -> int | None:
    """The bytes of all frames; None where there are not as many sizes as frames."""
    same: int
    count: int
    same, count = struct.unpack_from(">II", sizes, 4)
    if count != frames:
        return None
    return same * count if same else sum(struct.unpack_from(f">{count}I", sizes, 12))


def _shift(edits: bytes | None, timescale: int, movie_scale: int) -> int:
    """By how many ticks the edit list moves the frames: an empty edit delays them, a start skips some."""
    if edits is None:
        return 0
    form, step = (">Qq", 20) if edits[0] == 1 else (">Ii", 12)
    shift = 0
    for at in range(8, 8 + step * struct.unpack_from(">I", edits, 4)[0], step):
        duration, start = struct.unpack_from(form, edits, at)
        if start >= 0:
            return int(shift - start)
        shift += duration * timescale // movie_scale
    return shift


def _runs(table: bytes | None, form: str) -> Iterator[tuple[int, int]]:
    if table is None:
        return
    count = struct.unpack_from(">I", table, 4)[0]
    yield from struct.iter_unpack(form, table[8 : 8 + 8 * count])


def _walk(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    for kind, inner in _boxes(content):
        if kind in _CONTAINERS:
            yield from _walk(inner)
        else:
            yield kind, inner


def _boxes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = 0
    while position + 8 <= len(content):
        length, kind = _HEADER.unpack_from(content, position)
        if length < 8:
            return
        yield kind, content[position + 8 : position + length]
        position += length
