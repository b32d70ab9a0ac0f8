"""Colours by numbers (nclx, ITU-T H.273): what the chunks of a PNG and the boxes of a HEIC or AVIF say of them.

Everything here reads a few hundred bytes and blocks. What is broken says nothing.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PQ, HLG = 16, 18
"""Curves that go far beyond the white of paper: SMPTE ST 2084, ARIB STD-B67."""
_LARGEST_META = 16 << 20
_PNG = b"\x89PNG\r\n\x1a\n"


class Nclx(NamedTuple):
    """Colours by the numbers of H.273: which primaries, and which curve."""

    primaries: int
    transfer: int

    @property
    def is_hdr(self) -> bool:
        """Whether its curve goes far beyond the white of paper."""
        return self.transfer in {PQ, HLG}


def nclx_of(path: Path) -> Nclx | None:
    """The colours of a PNG, or of the main picture of a HEIC or AVIF, by numbers; None where it names none."""
    try:
        with path.open("rb") as file:
            if file.read(len(_PNG)) == _PNG:
                return _cicp(file)
        return _nclx(_meta(path))
    except (struct.error, IndexError, KeyError, ValueError):
        return None


def _cicp(file: BinaryIO) -> Nclx | None:
    """What the chunk cICP says (PNG, third edition): it goes before a profile, and stands before the pixels."""
    while len(head := file.read(8)) == 8:
        size, kind = struct.unpack(">I4s", head)
        if kind == b"IDAT":
            break
        if kind == b"cICP" and size == 4:
            return Nclx(*file.read(2))
        file.seek(size + 4, 1)
    return None


def _meta(path: Path) -> bytes:
    with path.open("rb") as file:
        while len(head := file.read(8)) == 8:
            size, kind = struct.unpack(">I4s", head)
            if size < 8 or (kind == b"meta" and size > _LARGEST_META):
                break
            if kind == b"meta":
                return file.read(size - 8)[4:]
            file.seek(size - 8, 1)
    return b""


def _boxes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + 8 <= len(content):
        size, kind = struct.unpack_from(">I4s", content, at)
        if size < 8:
            return
        yield kind, content[at + 8 : at + size]
        at += size


def _nclx(meta: bytes) -> Nclx | None:
    boxes = dict(_boxes(meta))
    main = boxes[b"pitm"]
    wanted = int.from_bytes(main[4:6] if main[0] == 0 else main[4:8], "big")
    about = dict(_boxes(boxes[b"iprp"]))
    properties = list(_boxes(about[b"ipco"]))
    for place in _places(about[b"ipma"], wanted):
        kind, content = properties[place - 1]
        if kind == b"colr" and content[:4] == b"nclx":
            return Nclx(*struct.unpack_from(">HH", content, 4))
    return None


def _places(table: bytes, wanted: int) -> list[int]:
    """Which properties a picture has, counted from one."""
    wide_ids, wide = table[0] > 0, bool(table[3] & 1)
    at = 8
    for _ in range(struct.unpack_from(">I", table, 4)[0]):
        size = 4 if wide_ids else 2
        number = int.from_bytes(table[at : at + size], "big")
        count = table[at + size]
        at += size + 1
        step = 2 if wide else 1
        found = [
            int.from_bytes(table[at + n * step : at + (n + 1) * step], "big") for n in range(count)
        ]
        if number == wanted:
            return [
                each & (0x7FFF if wide else 0x7F)
                for each in found
                if each & (0x7FFF if wide else 0x7F)
            ]
        at += count * step
    return []
