"""What a file's own bytes say of being one volume of several.

Reads a few kilobytes; OSError is all that leaves it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from telespool.archives.endings import lacks_end
from telespool.file_types import HEAD, UNKNOWN, by_signature

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_RAR4 = b"Rar!\x1a\x07\0"
_RAR5 = b"Rar!\x1a\x07\x01\0"
_END = b"PK\x05\x06"
_TAIL = 66 * 1024


def is_whole(style: str, path: Path, *, first: bool, alone: bool) -> bool:
    """Whether this file, called like a volume, is none: a whole file of its own.

    `first`: it would be the first one, which begins like a whole file in any case; `alone`: nothing else of the set
    is there.
    """
    if style == "partzip" and first:
        return not lacks_end(path)
    with path.open("rb") as file:
        head = file.read(HEAD)
    if style == "partzip":
        return by_signature(head) is not UNKNOWN
    if style == "split":
        found = by_signature(head)
        if first:  # a film or an archive may have been cut, a photo hardly ever is
            return alone and found.kind in {"photo", "gif"}
        return found is not UNKNOWN
    if style in {"part", "rar"}:
        return _rar_volume(head) is False or (style == "rar" and not head.startswith(b"Rar!"))
    return False


def begins_something(path: Path) -> str:
    """What of that which people cut begins with this file: "archive", "video", or "" where neither does."""
    with path.open("rb") as file:
        kind = by_signature(file.read(HEAD)).kind
    return kind if kind in {"archive", "video"} else ""


def is_piece(path: Path, size: int, *, last: bool) -> bool:
    """Whether this may be a piece of a file that was cut into pieces of so many bytes: nothing begins with it."""
    own = path.stat().st_size
    if not own or own > size or (own < size and not last):
        return False
    with path.open("rb") as file:
        return by_signature(file.read(HEAD)) is UNKNOWN


def ends_well(pieces: Sequence[Path]) -> bool:
    """Whether an MP4 that was cut into these pieces reaches exactly to the end of the last one."""
    sizes = [piece.stat().st_size for piece in pieces]
    at, total = 0, sum(sizes)
    while at < total:
        header = _read(pieces, sizes, at, 16)
        if len(header) < 8 or (at == 0 and header[4:8] != b"ftyp"):
            return False
        size = int.from_bytes(header[:4], "big")
        if size == 1:
            size = int.from_bytes(header[8:16], "big")
        if size < 8:
            return False
        at += size
    return at == total


def _read(pieces: Sequence[Path], sizes: Sequence[int], at: int, count: int) -> bytes:
    found = b""
    for piece, size in zip(pieces, sizes, strict=True):
        if at < size and len(found) < count:
            with piece.open("rb") as file:
                file.seek(at)
                found += file.read(count - len(found))
        at = max(0, at - size)
    return found


def needs_others(path: Path) -> bool:
    """Whether an archive of a plain name says that it is one of several (or hides whether it is)."""
    with path.open("rb") as file:
        head = file.read(HEAD)
        if head.startswith((_RAR4, _RAR5)):
            return _rar_volume(head) is not False
        size = file.seek(0, 2)
        file.seek(max(0, size - _TAIL))
        tail = file.read(_TAIL)
    at = tail.rfind(_END)
    return at >= 0 and tail[at + 4 : at + 6] not in {b"\0\0", b"\xff\xff", b""}


def _rar_volume(head: bytes) -> bool | None:
    """Whether the header of a RAR has the mark of a volume; None where it is no RAR, or encrypted."""
    if head.startswith(_RAR4):
        return bool(head[10] & 1) if head[9:10] == b"\x73" and len(head) > 10 else None
    if not head.startswith(_RAR5):
        return None
    at = len(_RAR5) + 4
    numbers = []
    for _ in range(
        5
    ):  # its size, its type, its flags, then the size of what is extra, the flags of the archive
        value, shift = 0, 0
        while at < len(head):
            byte = head[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                break
        numbers.append(value)
    _, kind, flags, extra, archive = numbers
    if kind != 1:
        return None
    return bool((archive if flags & 1 else extra) & 1)
