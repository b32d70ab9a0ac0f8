"""Archives behind something that is none of them: a byte order mark, a server's answer, the warnings of a PHP script.

Only the first bytes of a file are looked at. Marks that practically nothing else has may stand behind anything; the
short ones of streams, and a tar, only behind text. Only `switches` reads a file; OSError is all that leaves it.
"""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING

from telespool.file_types import by_signature, is_tar

if TYPE_CHECKING:
    from pathlib import Path

WINDOW = 64 << 10
"""Bytes of a file in which its archive may begin."""

_SEVEN, _XZ = b"7z\xbc\xaf\x27\x1c", b"\xfd7zXZ\0"
_STRONG = re.compile(rb"7z\xbc\xaf\x27\x1c|Rar!\x1a\x07(?:\0|\x01\0)|\xfd7zXZ\0", re.DOTALL)
_WEAK = re.compile(rb"\x1f\x8b\x08|BZh[1-9]1AY&SY|\x28\xb5\x2f\xfd", re.DOTALL)
_USTAR, _USTAR_AT = b"ustar", 257
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def find(window: bytes) -> tuple[str, int] | None:
    """The kind of archive that begins somewhere in these first bytes of a file, and where; None where none does."""
    for match in _STRONG.finditer(window, 1):
        at = match.start()
        if _fits(window[at : at + 32]):
            return by_signature(window[at:]).name, at
    for match in _WEAK.finditer(window, 1):
        at = match.start()
        if not _is_text(window[:at]):
            break
        found = by_signature(window[at:])
        if found.kind == "archive":
            return found.name, at
    at = window.find(_USTAR) - _USTAR_AT
    if at > 0 and is_tar(window[at:]) and _is_text(window[:at]):
        return "tar", at
    return None


def switches(path: Path, kind: str, offset: int) -> tuple[str, ...]:
    """What 7-Zip must be told of an archive that does not begin where its file does."""
    if kind == "rar":
        with path.open("rb") as file:
            file.seek(offset)
            return ("-trar5",) if file.read(7).endswith(b"\1") else ("-trar",)
    return (f"-t{kind}",) if offset else ()


def _fits(start: bytes) -> bool:
    """Whether the checksum fits that 7z and xz have of what stands behind their mark."""
    if start.startswith(_SEVEN):
        return len(start) == 32 and zlib.crc32(start[12:]).to_bytes(4, "little") == start[8:12]
    if start.startswith(_XZ):
        return zlib.crc32(start[6:8]).to_bytes(4, "little") == start[8:12]
    return True


def _is_text(front: bytes) -> bool:
    front = next((front.removeprefix(mark) for mark in _MARKS if front.startswith(mark)), front)
    try:
        text = front.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return all(sign.isprintable() or sign.isspace() for sign in text)
