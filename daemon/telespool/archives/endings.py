"""Whether an archive lacks its end: it was broken off, or is not written yet.

Told by what zip and 7z say of their own length; of other kinds nobody knows before they are read. Reads a few
kilobytes. OSError leaves where the file cannot be read.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_ZIP = b"PK\x03\x04"
_ZIP_END = b"PK\x05\x06"
_ZIP_TAIL = 22 + 0xFFFF
_SEVEN = b"7z\xbc\xaf\x27\x1c"
_SEVEN_HEAD = 32


def lacks_end(path: Path) -> bool:
    """Whether the file begins as an archive whose end is missing. Blocks."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        head = file.read(_SEVEN_HEAD)
        size = file.seek(0, os.SEEK_END)
        if head.startswith(_SEVEN):
            end = int.from_bytes(head[12:20], "little") + int.from_bytes(head[20:28], "little")
            return len(head) < _SEVEN_HEAD or end == 0 or _SEVEN_HEAD + end > size
        if head.startswith(_ZIP):
            file.seek(max(0, size - _ZIP_TAIL))
            return _ZIP_END not in file.read()
    return False
