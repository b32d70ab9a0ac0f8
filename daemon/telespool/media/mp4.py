"""An MP4 or QuickTime file, from its own boxes: how it is laid out, and when its frames are shown.

`layout` walks over the top-level boxes: ffprobe does not tell whether a player can begin before it has the whole
file. `track` reads the index (`stts`, `ctts`, `stsz`, `elst`, `mdhd`); a file whose index does not add up is torn,
and `track` says None to it. No child process, nothing is decoded: a millisecond for a segment. Errors: OSError.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, BinaryIO

from telespool.media import mp4_frames
from telespool.media.boxes import in_memory, is_trailer, walk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MANY = 10_000
_LARGEST_INDEX = 1 << 28
_HEADER = struct.Struct(">I4s")
# Telegram Desktop looks for the index in the first 128 KB (media_clip_check_streaming.cpp).
_INDEX_WITHIN = 128 << 10


@dataclass(frozen=True, slots=True)
class Layout:
    """What stands where.

    `order` names the boxes; `index_at` is where `moov` begins, None where there is none; `missing` is how many bytes
    the last box promises beyond the end of the file; what stands behind the boxes is none. `protected`: its streams
    are encrypted. `frames`: what stands in front of the frames of its picture.
    """

    order: tuple[str, ...]
    index_at: int | None
    missing: int
    protected: bool = False
    frames: mp4_frames.Look = mp4_frames.UNSEEN

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
    seen: set[bytes] = set()
    index_at: int | None = None
    missing = position = 0
    protected, frames = False, mp4_frames.UNSEEN
    with path.open("rb") as file:
        while position + 8 <= size and len(order) < _MANY:
            file.seek(position)
            head = file.read(16)
            length, kind = struct.unpack(">I4s", head[:8])
            if length == 1 and len(head) == 16:
                length = struct.unpack(">Q", head[8:16])[0]
            elif length == 0:
                length = size - position
            if (length < 8 or position + length > size) and is_trailer(kind, seen):
                break
            if length < 8:
                missing = max(missing, 1)
                break
            name = kind.decode("latin-1")
            if name == "moov" and index_at is None:
                index_at = position
                file.seek(position)
                index = file.read(min(length, _LARGEST_INDEX))
                protected = _is_protected(index)
                frames = mp4_frames.look(index[8:], file)
            order.append(name)
            seen.add(kind)
            position += length
    if position > size:
        missing = position - size
    return Layout(tuple(order), index_at, missing, protected, frames)


@dataclass(frozen=True, slots=True)
class Track:
    """One track: its frames' times in ticks of 1/`timescale` second, in the order they are shown.

    `payload` is its bytes, `end` when the last frame is over.
    """

    timescale: int
    times: tuple[int, ...]
    payload: int
    end: int = 0

    @property
    def shown(self) -> tuple[int, ...]:
        """Those that an edit list does not cut off at the beginning."""
        return tuple(at for at in self.times if at >= 0)

    @property
    def first(self) -> int:
        """When the first frame is shown, in ticks."""
        return self.times[0]

    @property
    def last(self) -> int:
        """When the last frame is shown, in ticks."""
        return self.times[-1]


def track(path: Path, handler: bytes = b"vide") -> Track | None:
    """Read the first track of this kind; None where the file is torn or has none with frames."""
    return tracks(path, handler)[0]


def tracks(path: Path, *handlers: bytes) -> tuple[Track | None, ...]:
    """Read the first track of each of these kinds, and the index once; None for each as `track` has it."""
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            index = _index(file, size)
    except (FileNotFoundError, struct.error, ValueError):
        index = None
    if index is None:
        return (None,) * len(handlers)
    return tuple(_first(index, handler, size) for handler in handlers)


def _first(index: bytes, handler: bytes, size: int) -> Track | None:
    try:
        return _read(index, handler, size)
    except (struct.error, KeyError, IndexError, ValueError, ZeroDivisionError):
        return None


def _index(file: BinaryIO, size: int) -> bytes | None:
    """The content of `moov`; None where any top-level box does not end within the file."""
    position, index = 0, None
    seen: set[bytes] = set()
    while position + 8 <= size:
        file.seek(position)
        length, kind = _HEADER.unpack(file.read(8))
        head = 8
        if length == 1:
            length, head = struct.unpack(">Q", file.read(8))[0], 16
        if length < head or position + length > size:
            return index if is_trailer(kind, seen) else None
        if kind == b"moov" and length > _LARGEST_INDEX:
            return None
        seen.add(kind)
        if kind == b"moov":
            index = file.read(length - head)
        position += length
    return index if position == size else None


def _read(index: bytes, handler: bytes, size: int) -> Track | None:
    scale = 0
    for kind, content in in_memory(index):
        if kind == b"mvhd":
            scale = struct.unpack_from(">I", content, 20 if content[0] == 1 else 12)[0]
        if kind == b"trak":
            found: dict[bytes, bytes] = {}
            for name, inner in walk(content):
                found.setdefault(name, inner)  # QuickTime has a second `hdlr`, of the data
            if found[b"hdlr"][8:12] == handler:
                return _track(found, scale, size)
    return None


def _track(found: dict[bytes, bytes], movie_scale: int, size: int) -> Track | None:
    header = found[b"mdhd"]
    timescale = struct.unpack_from(">I", header, 20 if header[0] == 1 else 12)[0]
    steps = list(_runs(found[b"stts"], ">II"))
    durations = [step for count, step in steps for _ in range(count)]
    decoded = list(accumulate(durations, initial=0))[:-1]
    payload = _payload(found[b"stsz"], len(decoded))
    if not decoded or payload is None or payload > size:
        return None
    offsets = [step for count, step in _runs(found.get(b"ctts"), ">Ii") for _ in range(count)]
    shift = _shift(found.get(b"elst"), timescale, movie_scale)
    shown = [at + by for at, by in zip(decoded, offsets or [0] * len(decoded), strict=True)]
    times = tuple(sorted(at + shift for at in shown))
    return Track(timescale, times, payload, times[-1] + durations[-1])


def _payload(sizes: bytes, frames: int) -> int | None:
    """The bytes of all frames; None where there are not as many sizes as frames."""
    same: int
    count: int
    same, count = struct.unpack_from(">II", sizes, 4)
    if count != frames:
        return None
    return same * count if same else sum(struct.unpack_from(f">{count}I", sizes, 12))


def _shift(edits: bytes | None, timescale: int, movie_scale: int) -> int:
    """By how many ticks the edit list moves the frames: an empty edit delays them, a start skips some."""
    if edits is None:
        return 0
    form, step = (">Qq", 20) if edits[0] == 1 else (">Ii", 12)
    shift = 0
    for at in range(8, 8 + step * struct.unpack_from(">I", edits, 4)[0], step):
        duration, start = struct.unpack_from(form, edits, at)
        if start >= 0:
            return int(shift - start)
        shift += duration * timescale // movie_scale
    return shift


def _runs(table: bytes | None, form: str) -> Iterator[tuple[int, int]]:
    if table is None:
        return
    count = struct.unpack_from(">I", table, 4)[0]
    yield from struct.iter_unpack(form, table[8 : 8 + 8 * count])


def _is_protected(index: bytes) -> bool:
    # ffprobe shows the format under the encryption, as if there were none.
    return b"sinf" in index and b"schm" in index and (b"encv" in index or b"enca" in index)
