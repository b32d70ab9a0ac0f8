"""What kind of archive a file is, judged by its bytes and never by its name.

What a picture, a video or an office document is by its head is that, even if an archive is hidden behind
it: a JPEG with a RAR at its end is a JPEG. Office documents are zip files by construction and are told apart
by the names of their parts.

Reads a few kilobytes; writes nothing; OSError is all that leaves it.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO, Literal

HEAD = 4096
_TAIL = 66 * 1024  # the end record of a zip and its longest comment

# Heads of what people look at, listen to or read. Nothing in this list is ever unpacked.
_OTHERS = (
    b"\xff\xd8\xff",  # JPEG
    b"\x89PNG\r\n\x1a\n",
    b"GIF87a",
    b"GIF89a",
    b"II*\x00",  # TIFF and raw photos
    b"MM\x00*",
    b"8BPS",
    b"RIFF",  # WEBP, AVI, WAV
    b"\x1aE\xdf\xa3",  # Matroska, WebM
    b"FLV\x01",
    b"OggS",
    b"fLaC",
    b"ID3",
    b"\x00\x00\x01\xba",  # MPEG program stream
    b"\x00\x00\x01\xb3",
    b"\x30\x26\xb2\x75\x8e\x66\xcf\x11",  # ASF, WMV
    b".RMF",
    b"%PDF-",
    b"{\\rtf",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",  # the Office of before 2007
)

_BOXES = {b"ftyp", b"moov", b"mdat", b"wide", b"pnot"}  # MP4, HEIC and QuickTime

_HEADS = (
    (b"7z\xbc\xaf'\x1c", "7z"),
    (b"Rar!\x1a\x07\x00", "rar"),
    (b"Rar!\x1a\x07\x01\x00", "rar"),
    (b"RE~^", "rar"),
    (b"\x1f\x8b\x08", "gzip"),
    (b"\x1f\x9d", "compress"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"LZIP\x01", "lzip"),
    (b"MSCF\x00\x00\x00\x00", "cab"),
    (b"070701", "cpio"),
    (b"070702", "cpio"),
    (b"070707", "cpio"),
    (b"\xc7\x71", "cpio"),
    (b"\x71\xc7", "cpio"),
    (b"!<arch>\n", "ar"),
    (b"\xed\xab\xee\xdb", "rpm"),
    (b"MSWIM\x00\x00\x00", "wim"),
    (b"xar!\x00", "xar"),
    (b"\x60\xea", "arj"),
    (b"hsqs", "squashfs"),
    (b"ITSF\x03\x00\x00\x00", "chm"),
)

_ZIP_HEADS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x06\x06", b"PK\x07\x08PK", b"PK00PK")

# The part by which a zip is known to be a document or a program: where the first entry, or any, is so named.
_DOCUMENT_FIRST = (b"mimetype", b"_rels/", b"docProps/", b"word/", b"xl/", b"ppt/", b"META-INF/")
_DOCUMENT_ANY = (b"[Content_Types].xml", b"META-INF/MANIFEST.MF", b"AndroidManifest.xml")
_COMICS = {".cbz", ".cbr", ".cb7", ".cbt"}


def recognise(path: Path) -> str | None:
    """The kind of archive this file is ("zip", "7z", "rar", "tar", "gzip", …), None where it is none."""
    with path.open("rb") as file:
        head = file.read(HEAD)
        if not head or _is_other(head) or path.suffix.lower() in _COMICS:
            return None
        if head.startswith(_ZIP_HEADS):
            return None if _is_document(head, file) else "zip"
        kind = _by_head(head)
        if kind is not None:
            return kind
        if head.startswith((b"MZ", b"\x7fELF", b"#!")):
            return _self_extracting(file)
        file.seek(32769)
        if file.read(5) in {b"CD001", b"BEA01"}:
            return "iso"
        return "zip" if _ends_a_zip(file) else None  # the last volume of a set begins anywhere


def _by_head(head: bytes) -> str | None:
    for magic, kind in _HEADS:
        if head.startswith(magic) and _is_really(kind, head):
            return kind
    if head[2:5] in {b"-lh", b"-lz", b"-pm"} and head[6:7] == b"-":
        return "lzh"
    if _is_lzma(head):
        return "lzma"
    if head[1:4] == b"\x2a\x4d\x18" and head[0] & 0xF0 == 0x50:
        # A frame to be skipped, with which pzstd begins, and which LZ4 has too.
        following = 8 + int.from_bytes(head[4:8], "little")
        return "lz4" if head[following : following + 4] == b"\x04\x22\x4d\x18" else "zstd"
    return "tar" if is_tar(head) else None


def _is_lzma(head: bytes) -> bool:
    """The format of before xz has no signature: properties, a size of dictionary, a length or none."""
    dictionary, size = (int.from_bytes(head[a:b], "little") for a, b in ((1, 5), (5, 13)))
    return (
        len(head) > 18
        and head[0] == 0x5D
        and head[13] == 0
        and dictionary in _DICTIONARIES
        and (size == (1 << 64) - 1 or size < 1 << 38)
    )


def _is_really(kind: str, head: bytes) -> bool:
    """Two bytes say little: of sixty thousand files one begins with them by accident."""
    if kind == "bzip2":
        return head[3:4] in b"123456789" and head[4:10] in _BZIP2_BLOCKS
    if kind == "gzip":
        return len(head) > 10 and head[3] < 32
    if kind == "compress":
        return len(head) > 3 and head[2] & 0x60 == 0 and 9 <= head[2] & 0x1F <= 16
    if kind == "arj":
        size = int.from_bytes(head[2:4], "little")
        check = int.from_bytes(head[4 + size : 8 + size], "little")
        return 30 <= size <= 2600 and zlib.crc32(head[4 : 4 + size]) == check
    if kind == "cpio" and not head.startswith(b"0707"):
        order: Literal["little", "big"] = "little" if head.startswith(b"\xc7\x71") else "big"
        mode, length = (int.from_bytes(head[at : at + 2], order) for at in (6, 20))
        return mode >> 12 in {1, 2, 4, 6, 8, 10, 12} and head[25 + length : 26 + length] == b"\0"
    return True


_DICTIONARIES = {
    bits << power for power in range(12, 31) for bits in (1, 3) if bits << power < 1 << 31
}
_BZIP2_BLOCKS = {b"1AY&SY", b"\x17\x72\x45\x38\x50\x90"}


def begins_like_one(head: bytes) -> bool:
    """Whether a file of these first bytes (`HEAD` of them) may be an archive: a first look, before it is there."""
    return not _is_other(head) and (head.startswith(_ZIP_HEADS) or _by_head(head) is not None)


def is_tar(head: bytes) -> bool:
    """Whether a tar begins with these bytes (its first block is enough): the checksum must fit."""
    block = head[:512]
    if len(block) < 512:
        return False
    digits = block[148:156].strip(b" \x00")
    if not digits or any(digit not in b"01234567" for digit in digits):
        return False
    blanked = block[:148] + b" " * 8 + block[156:]
    signed = sum(byte - 256 if byte > 127 else byte for byte in blanked)
    return int(digits, 8) in {sum(blanked), signed}


def _is_other(head: bytes) -> bool:
    if head.startswith(_OTHERS) or head[4:8] in _BOXES:
        return True
    if head.startswith(b"BM") and head[6:10] == bytes(4):
        return True
    # Transport streams have no magic number: a 0x47 every 188 (or, with a time code, 192) bytes.
    return any(
        all(head[start + n * step : start + n * step + 1] == b"G" for n in range(4))
        for start, step in ((0, 188), (4, 192))
    )


def _is_document(head: bytes, file: BinaryIO) -> bool:
    first = head[30 : 30 + int.from_bytes(head[26:28], "little")]
    if first == b"mimetype" or first.startswith(_DOCUMENT_FIRST[1:]):
        return True
    if first in _DOCUMENT_ANY:
        return True
    size = file.seek(0, 2)
    file.seek(max(0, size - _TAIL))
    tail = file.read(_TAIL)
    # Of its own table of contents only: before it may stand that of a document inside.
    end = tail.rfind(b"PK\x05\x06")
    if end >= 0:
        length = int.from_bytes(tail[end + 12 : end + 16], "little")
        tail = tail[max(0, end - length) : end]
    # In the central directory a name stands right behind its 46 byte header, which ends in an offset;
    # members deeper inside (a folder of somebody's source code) have a path before the name.
    return any(_names(tail, part) for part in _DOCUMENT_ANY)


def _names(tail: bytes, part: bytes) -> bool:
    at = tail.find(part)
    while at >= 0:
        if tail[at - 46 : at - 42] == b"PK\x01\x02":
            return True
        at = tail.find(part, at + 1)
    return False


def _self_extracting(file: BinaryIO) -> str | None:
    """The archive behind a program: its signature in the first megabytes, or a zip's end record."""
    file.seek(0)
    start = file.read(4 << 20)
    for magic, kind in ((b"7z\xbc\xaf'\x1c", "7z"), (b"Rar!\x1a\x07", "rar")):
        if magic in start:
            return kind
    return "zip" if _ends_a_zip(file) else None


def _ends_a_zip(file: BinaryIO) -> bool:
    """Whether a zip's end record, with its comment, reaches exactly to the end of the file."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _TAIL))
    tail = file.read(_TAIL)
    at = tail.rfind(b"PK\x05\x06")
    return at >= 0 and at + 22 + int.from_bytes(tail[at + 20 : at + 22], "little") == len(tail)
