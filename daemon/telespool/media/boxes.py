"""The boxes of which MP4, QuickTime and HEIF files are made. ISO 14496-12, 4.2."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_CONTAINERS = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts"}
_HEADER = struct.Struct(">I4s")
_AT_THE_TOP = frozenset(
    b"ftyp styp moov mdat moof mfra sidx ssix free skip wide uuid meta pdin pnot udta emsg prft PICT mpvd".split()
)
_WHOLE = frozenset([b"moov", b"mdat"])


def is_trailer(kind: bytes, seen: Collection[bytes]) -> bool:
    """Whether what does not end within a film is no box of it, but what a maker wrote behind a film that is whole.

    `seen` are the boxes in front of it. Huawei: `v2_f32 … LIVE_31386`.
    """
    return kind not in _AT_THE_TOP and _WHOLE.issubset(seen)


def boxes(file: BinaryIO, start: int, end: int) -> Iterator[tuple[int, bytes, int]]:
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


def inside(file: BinaryIO, wanted: bytes, start: int, end: int) -> tuple[int, int] | None:
    """Where what is in the first box of this kind begins and ends; None where there is none."""
    for at, kind, length in boxes(file, start, end):
        if kind == wanted:
            return at + 8, min(at + length, end)
    return None


def in_memory(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The boxes that stand in these bytes, one behind the other: what each is, and what is in it."""
    position = 0
    while position + 8 <= len(content):
        length, kind = _HEADER.unpack_from(content, position)
        if length < 8:
            return
        yield kind, content[position + 8 : position + length]
        position += length


def walk(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The same, with what is in the boxes of an index that hold others."""
    for kind, inner in in_memory(content):
        if kind in _CONTAINERS:
            yield from walk(inner)
        else:
            yield kind, inner
