"""The numbers for colours in a picture's boxes, also where these are broken."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from telespool.media.nclx import Nclx, nclx_of

if TYPE_CHECKING:
    from pathlib import Path


def box(kind: bytes, content: bytes) -> bytes:
    """One box."""
    return struct.pack(">I4s", 8 + len(content), kind) + content


COLOURS = box(b"colr", b"nclx" + struct.pack(">HH", 9, 16))
OTHER = box(b"ispe", bytes(8))


def heic(
    table: bytes, *, main: bytes = b"\0\0\0\0\0\1", properties: bytes = OTHER + COLOURS
) -> bytes:
    """A picture with these properties."""
    about = box(b"ipco", properties) + box(b"ipma", table)
    meta = box(b"pitm", main) + box(b"iprp", about)
    return box(b"ftyp", b"heic") + box(b"meta", bytes(4) + meta)


def table(*entries: tuple[int, list[int]], wide: bool = False) -> bytes:
    """Which properties each picture has."""
    found = struct.pack(">BBBBI", wide, 0, 0, wide, len(entries))
    for number, places in entries:
        found += struct.pack(">I" if wide else ">H", number) + bytes([len(places)])
        found += b"".join(struct.pack(">H" if wide else ">B", place) for place in places)
    return found


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (heic(table((1, [1, 2]))), Nclx(9, 16)),
        (heic(table((5, [1]), (1, [2]))), Nclx(9, 16)),
        (heic(table((1, [2]), wide=True), main=b"\1\0\0\0\0\0\0\1"), Nclx(9, 16)),
        (heic(table((1, [1]))), None),
        (heic(table((1, [0]))), None),
        (heic(table((5, [2]))), None),
        (heic(table((1, [9]))), None),
        (heic(b"\0"), None),
        (heic(table((1, [1])), properties=struct.pack(">I4s", 4, b"ispe")), None),
        (box(b"ftyp", b"heic"), None),
        (struct.pack(">I4s", 4, b"ftyp"), None),
        (struct.pack(">I4s", 1 << 30, b"meta"), None),
        (b"", None),
        (b"\x89PNG\r\n\x1a\n" + box(b"IHDR", bytes(13)), None),
    ],
)
def test_what_they_say(tmp_path: Path, data: bytes, found: Nclx | None) -> None:
    """Those of the main picture; None where there are none, or nobody can tell."""
    path = tmp_path / "a"
    path.write_bytes(data)
    assert nclx_of(path) == found
