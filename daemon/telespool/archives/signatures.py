"""What kind of archive a file is, judged by its bytes and never by its name.

What a picture, a video or an office document is by its head is that, even if an archive is hidden behind
it: a JPEG with a RAR at its end is a JPEG. Office documents are zip files by construction and are told apart
by the names of their parts; stickers and packed drawings are gzip files, and told by what they hold.

Reads a few kilobytes; writes nothing; OSError is all that leaves it.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from telespool.archives import preamble, zip_directory
from telespool.file_types import HEAD, by_signature

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO


# The part by which a zip is known to be a document or a program: where the first entry, or any, is so named.
_DOCUMENT_FIRST = (b"mimetype", b"_rels/", b"docProps/", b"word/", b"xl/", b"ppt/", b"META-INF/")
_DOCUMENT_ANY = (b"[Content_Types].xml", b"META-INF/MANIFEST.MF", b"AndroidManifest.xml")
# The same of documents that begin like any zip: names at the top, or beginnings of names, all of which must be
# there. Apple's Pages, Numbers and Keynote (two generations), Sketch, Procreate, GoodNotes, web archives, add-ons
# of Firefox, maps.
_DOCUMENT_ALL = (
    (b"Index/Document.iwa",), (b"Index/Presentation.iwa",), (b"Index/Metadata.iwa",), (b"buildVersionHistory.plist",),
    (b"document.json", b"meta.json"), (b"Document.archive",), (b"index.notes.pb",), (b"WEB-INF/",),
    (b"META-INF/manifest.mf",), (b"doc.kml",),
)  # fmt: skip
_SCENES = (b".usda", b".usdc", b".usd")  # endings of the first member of a USDZ
_MEDIA = {"photo", "gif", "video", "audio"}
_LOTTIE = (b'"v"', b'"fr"', b'"op"')
"""The keys with which an animation of Lottie begins. https://lottiefiles.github.io/lottie-docs/"""
_IN_FRONT = (b"HTTP/", b"\xef\xbb\xbf")  # a server's answer, a byte order mark


def recognise(path: Path) -> str | None:
    """The kind of archive this file is ("zip", "7z", "rar", "tar", "gzip", …), None where it is none."""
    found = locate(path)
    return found and found[0]


def locate(path: Path) -> tuple[str, int] | None:
    """Return the same, and how many foreign bytes stand in front; -1 where nobody knows how many."""
    with path.open("rb") as file:
        head = file.read(HEAD)
        if not head:
            return None
        found = by_signature(head)
        if found.name == "zip":
            return None if _is_document(head, file) else ("zip", 0)
        if found.name == "gzip" and _is_packed_document(head):
            return None
        if found.kind == "archive":
            return found.name, 0
        if found.name == "program" or head.startswith(b"#!"):
            kind = _self_extracting(file)
            return (kind, 0) if kind else None
        if found.kind not in {"unknown", "playlist"} or head.startswith(b"RIFF"):
            return None
        file.seek(32769)
        if file.read(5) in {b"CD001", b"BEA01"}:
            return "iso", 0
        if head.startswith(_IN_FRONT) and zip_directory.read(path) is not None:
            return "zip", -1
        if _ends_a_zip(file):  # the last volume of a set begins anywhere
            return "zip", -1
        file.seek(0)
        return preamble.find(file.read(preamble.WINDOW))


def begins_like_one(head: bytes) -> bool:
    """Whether a file of these first bytes (`HEAD` of them) may be an archive: a first look, before it is there."""
    return by_signature(head).kind == "archive"


def is_surely_none(head: bytes) -> bool:
    """Whether a file of these first bytes (`HEAD` of them) is certainly no archive: a picture, a film or a sound."""
    return by_signature(head).kind in _MEDIA and not head.startswith(b"RIFF")


def _is_document(head: bytes, file: BinaryIO) -> bool:
    first = head[30 : 30 + int.from_bytes(head[26:28], "little")]
    if first == b"mimetype" or first.startswith(_DOCUMENT_FIRST[1:]):
        return True
    if first in _DOCUMENT_ANY or first.endswith(_SCENES):
        return True
    # Of its own table of contents only: before it may stand that of a document inside.
    tail, end = zip_directory.end_record(file)
    if end >= 0:
        length = int.from_bytes(tail[end + 12 : end + 16], "little")
        tail = tail[max(0, end - length) : end]
    # In the central directory a name stands right behind its 46 byte header, which ends in an offset;
    # members deeper inside (a folder of somebody's source code) have a path before the name.
    some = ((part,) for part in _DOCUMENT_ANY)
    return any(all(_names(tail, part) for part in parts) for parts in (*some, *_DOCUMENT_ALL))


def _is_packed_document(head: bytes) -> bool:
    """Whether a gzip is a document that a program packs: a sticker (.tgs), a drawing (.svgz, .emz, .wmz)."""
    try:
        content = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(head, HEAD)
    except zlib.error:
        return False
    text = content.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"{"):
        return all(key in text for key in _LOTTIE)
    drawing = text.startswith((b"<svg", b"<?xml", b"<!")) and b"<svg" in text
    return drawing or content[40:44] == b" EMF" or content.startswith(b"\xd7\xcd\xc6\x9a")


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
    tail, at = zip_directory.end_record(file)
    return at >= 0 and at + 22 + int.from_bytes(tail[at + 20 : at + 22], "little") == len(tail)
