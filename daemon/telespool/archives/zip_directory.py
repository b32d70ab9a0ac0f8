"""The central directory of a zip, read by ourselves: for names in their own bytes, and past its comments.

7-Zip converts names on the way out and prints comments in the middle of its listing; both lose what only the
file still knows. What is read here has the same members in the same order as 7-Zip's listing, and is used
only where sizes and checksums agree with it, member by member.

None where there is no central directory in its place (broken off, damaged, a volume set): then 7-Zip's own
search for members is all there is. OSError is all that leaves it. Blocks.
"""

from __future__ import annotations

import contextlib
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from telespool.archives import name_encoding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import BinaryIO

    from telespool.archives.listing import ListedEntry

_END = struct.Struct("<4s4H2LH")
_END_MAGIC = b"PK\x05\x06"
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_WINDOWS = {0, 10, 11}  # where zips were made that may use the other slash
_TAIL = 66 * 1024  # the end record and its longest comment
_MOST = 256 << 20  # bytes of directory that are read; a million members need less


@dataclass(frozen=True, slots=True)
class ZipEntry:
    """One member as the central directory has it. `utf8`: the name says of itself that it is UTF-8."""

    raw_name: bytes
    utf8: bool
    size: int
    packed: int
    crc: int
    method: int
    flags: int
    made_by: int
    offset: int

    @property
    def plain(self) -> bool:
        """Whether its bytes lie in the file as they are."""
        return self.method == 0 and not self.flags & 0x2041 and self.size == self.packed


@dataclass(frozen=True, slots=True)
class Directory:
    """All of it, read again each time it is walked over, because there may be very many.

    `shift` is how many bytes stand in front of the archive and are not counted in its offsets.
    """

    count: int
    data: bytes
    shift: int

    def __iter__(self) -> Iterator[ZipEntry]:
        """The members in their order."""
        return _entries(self.data)


def read(path: Path) -> Directory | None:
    """The central directory, None where it is not where it should be."""
    with path.open("rb") as file:
        tail, at = end_record(file)
        base = file.tell() - len(tail)
        while at >= 0:
            found = _directory(file, tail, at, base)
            if found is not None:
                return found
            at = tail.rfind(_END_MAGIC, 0, at)
    return None


def end_record(file: BinaryIO) -> tuple[bytes, int]:
    """The end of the file, and where in it the last end record of a zip begins; -1 for none. Reads to the end."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _TAIL))
    tail = file.read(_TAIL)
    return tail, tail.rfind(_END_MAGIC)


def _directory(file: BinaryIO, tail: bytes, at: int, base: int) -> Directory | None:
    if at + _END.size > len(tail):
        return None
    _, disk, first, here, count, length, start, _ = _END.unpack_from(tail, at)
    end = base + at
    locator = at - _LOCATOR.size
    if locator >= 0 and tail.startswith(b"PK\x06\x07", locator):
        end = base + locator - _END64.size
        if not tail.startswith(b"PK\x06\x06", locator - _END64.size):
            end = _LOCATOR.unpack_from(tail, locator)[2]
        file.seek(end)
        record = file.read(_END64.size)
        if len(record) < _END64.size or not record.startswith(b"PK\x06\x06"):
            return None
        _, _, _, _, disk, first, here, count, length, start = _END64.unpack(record)
    if disk or first or here != count or length > min(end, _MOST):
        return None
    # Counted from its end, not from the start of the file: a program may stand in front of the archive.
    file.seek(end - length)
    found = Directory(count, file.read(length), end - length - start)
    if (
        found.shift >= 1 << 32
    ):  # beyond 4 GiB without zip64: its offsets are what is left of the true ones
        return None
    return found if sum(1 for _ in found) == count else None


def _entries(data: bytes) -> Iterator[ZipEntry]:
    at = 0
    while at + _ENTRY.size <= len(data) and data.startswith(b"PK\x01\x02", at):
        (
            _, made_by, _, flags, method, _, _, crc, packed, size,
            name_size, extra_size, comment_size, _, _, _, offset,
        ) = _ENTRY.unpack_from(data, at)  # fmt: skip
        name_at = at + _ENTRY.size
        extra_at = name_at + name_size
        at = extra_at + extra_size + comment_size
        name = data[name_at:extra_at]
        extra = dict(_fields(data[extra_at : extra_at + extra_size]))
        better = _unicode_name(name, extra.get(0x7075, b""))
        size, packed, offset = _large((size, packed, offset), extra.get(0x0001, b""))
        yield ZipEntry(
            raw_name=better or name,
            utf8=bool(flags & 0x800) or better is not None,
            size=size,
            packed=packed,
            crc=crc,
            method=method,
            flags=flags,
            made_by=made_by >> 8,
            offset=offset,
        )


def _fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        yield kind, extra[at + 4 : at + 4 + length]
        at += 4 + length


def _unicode_name(name: bytes, field: bytes) -> bytes | None:
    """Info-ZIP's second name, if it still belongs to the first."""
    if len(field) > 5 and field[0] == 1 and field[1:5] == zlib.crc32(name).to_bytes(4, "little"):
        return field[5:]
    return None


def _large(told: tuple[int, int, int], field: bytes) -> tuple[int, int, int]:
    """Size, packed size and offset, each from the long field where the short one is full."""
    values = [int.from_bytes(field[n : n + 8], "little") for n in range(0, len(field) - 7, 8)]
    size, packed, offset = (
        values.pop(0) if short == 0xFFFFFFFF and values else short for short in told
    )
    return size, packed, offset


def agree(entries: Sequence[ListedEntry], directory: Directory) -> bool:
    """Whether 7-Zip lists the same members, by their sizes."""
    return len(entries) == directory.count and all(
        theirs.size in {ours.size, 0xFFFFFFFF}
        for ours, theirs in zip(entries, directory, strict=True)
    )


def names(directory: Directory) -> list[str]:
    """What people called the members, by one encoding for all that name none."""
    encoding = name_encoding.judge(entry.raw_name for entry in directory if not entry.utf8)
    return [_name(entry, encoding) for entry in directory]


def _name(entry: ZipEntry, encoding: str) -> str:
    utf8 = entry.utf8 and _is_text(entry.raw_name)
    name = entry.raw_name.decode("utf-8" if utf8 else encoding, "replace")
    return name.replace("\\", "/") if entry.made_by in _WINDOWS else name


def _is_text(name: bytes) -> bool:
    with contextlib.suppress(UnicodeDecodeError):
        name.decode("utf-8")
        return True
    return False


def content_at(header: bytes, offset: int) -> int | None:
    """Where the content begins behind a local header of 30 bytes at `offset`; None where it is none."""
    if len(header) < 30 or not header.startswith(b"PK\x03\x04"):
        return None
    name, extra = struct.unpack_from("<HH", header, 26)
    return offset + 30 + int(name) + int(extra)
