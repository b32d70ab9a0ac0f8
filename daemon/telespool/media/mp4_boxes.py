"""The layout of an MP4 or QuickTime file, from its top-level boxes.

ffprobe does not tell whether a player can begin before it has the whole file: that is where `moov` (the index)
stands. The walk reads sixteen bytes of each box, changes nothing, and takes less than a millisecond.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_MANY = 10_000
_LARGEST_INDEX = 64 << 20
# Telegram Desktop looks for the index in the first 128 KB (media_clip_check_streaming.cpp).
_INDEX_WITHIN = 128 << 10


@dataclass(frozen=True, slots=True)
class Layout:
    """What stands where.

    `order` names the boxes; `index_at` is where `moov` begins, None where there is none; `missing` is how many
    bytes the last box promises beyond the end of the file. `protected`: its streams are encrypted.
    """

    order: tuple[str, ...]
    index_at: int | None
    missing: int
    protected: bool = False

    @property
    def fragmented(self) -> bool:
        """Whether the index is scattered over the file."""
        return "moof" in self.order

    @property
    def complete(self) -> bool:
        """Whether index and data are there, whole."""
        return self.missing == 0 and "moov" in self.order and "mdat" in self.order

    @property
    def index_first(self) -> bool:
        """Whether a player can begin before it has the whole file."""
        if self.index_at is None or self.index_at > _INDEX_WITHIN:
            return False
        return "mdat" not in self.order[: self.order.index("moov")]


def layout(path: Path) -> Layout:
    """Walk over the top-level boxes. OSError where the file cannot be read."""
    size = path.stat().st_size
    order: list[str] = []
    index_at: int | None = None
    missing = position = 0
    protected = False
    with path.open("rb") as file:
        while position + 8 <= size and len(order) < _MANY:
            file.seek(position)
            head = file.read(16)
            length, kind = struct.unpack(">I4s", head[:8])
            if length == 1 and len(head) == 16:
                length = struct.unpack(">Q", head[8:16])[0]
            elif length == 0:
                length = size - position
            if length < 8:
                missing = max(missing, 1)
                break
            name = kind.decode("latin-1")
            if name == "moov" and index_at is None:
                index_at = position
                file.seek(position)
                protected = _is_protected(file.read(min(length, _LARGEST_INDEX)))
            order.append(name)
            position += length
    if position > size:
        missing = position - size
    return Layout(tuple(order), index_at, missing, protected)


def _is_protected(index: bytes) -> bool:
    # ffprobe shows the format under the encryption, as if there were none.
    return b"sinf" in index and b"schm" in index and (b"encv" in index or b"enca" in index)
